"""Stored prompts and assistants of OpenAI are read from what its dashboard and its answers show of them."""

from typing import Any

from gateway.importing.found import Found, ImportingError, object_of, text_of
from gateway.importing.macros import template_variables
from gateway.importing.messages import prompt_of
from gateway.importing.parameters import defaults_of, functions_of
from gateway.personas.model import Content
from gateway.personas.name import ALIAS

OF_ANSWERS = frozenset(
    [
        "background", "billing", "completed_at", "conversation", "created_at", "error", "id",
        "incomplete_details", "input", "instructions", "max_tool_calls", "metadata", "object", "output",
        "output_text", "previous_response_id", "prompt", "service_tier", "status", "text", "tools",
        "top_logprobs", "truncation", "usage", "user", "store", "tool_choice", "parallel_tool_calls",
        "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "moderation",
    ]
)  # fmt: skip
"""Fields of an answer that say nothing of its prompt, or are looked at by name."""


OF_PROMPTS = frozenset(["name", "version", "messages", "content", "variables"])


def prompts(document: Any) -> list[Found]:
    """Read a stored prompt, its versions, or an answer that echoes its prompt. Raises ImportingError."""
    several = document if isinstance(document, list) else [document]
    read = [_prompt(object_of(each, "A stored prompt")) for each in several]
    merged: dict[str, Found] = {}
    for found in sorted(read, key=_order):
        known = merged.setdefault(found.alias or found.name, found)
        if known is not found:
            known.versions += found.versions
            known.numbers |= {name: len(known.versions) for name in found.numbers}
            for line in found.lost:
                known.lose(line)
    return list(merged.values())


def assistants(document: Any) -> list[Found]:
    """Read an assistant, or a list of them. Raises ImportingError."""
    several = document.get("data", [document]) if isinstance(document, dict) else document
    if not isinstance(several, list):
        raise ImportingError("A list of assistants, or one of them, is needed")
    return [_assistant(object_of(each, "An assistant")) for each in several]


def _prompt(given: dict[str, Any]) -> Found:
    is_answer = given.get("object") == "response"
    echoed = given.get("prompt")
    named = echoed if isinstance(echoed, dict) else given
    alias, version = named.get("id"), named.get("version")
    name = text_of(given.get("name"), "name") or text_of(alias, "id") or "prompt"
    found = Found(name=name.removeprefix("pmpt_")[:200], versions=[])
    if isinstance(alias, str) and ALIAS.fullmatch(alias):
        found.alias = alias
        if version is not None:
            found.numbers[str(version)[:64]] = 1
    written = given.get("instructions", given.get("messages"))
    if isinstance(written, list):
        text, lines = prompt_of(written, found)
    else:
        text, lines = text_of(written if written is not None else given.get("content"), "instructions"), []
    if not text.strip():
        raise ImportingError("The stored prompt has neither `instructions` nor system `messages`")
    values = named.get("variables")
    declared: dict[str, Any] = {}
    if is_answer and values:
        found.lose("An answer shows its prompt with the values in it; write the variables' places in again.")
    elif not is_answer:
        text, declared = template_variables(text, found, values if isinstance(values, dict | list) else ())
    defaults = defaults_of(given, found, OF_ANSWERS if is_answer else OF_ANSWERS | OF_PROMPTS)
    if tools := functions_of(given.get("tools"), found):
        defaults["tools"] = tools
    found.versions.append(Content(prompt=text, examples=lines, variables=declared, defaults=defaults))
    return found


def _assistant(given: dict[str, Any]) -> Found:
    name = text_of(given.get("name"), "name") or text_of(given.get("id"), "id")
    text = text_of(given.get("instructions"), "instructions")
    if not name or not text.strip():
        raise ImportingError("An assistant has a `name` and `instructions`; this document lacks one of them")
    found = Found(name=name[:200], versions=[])
    ignored = {"id", "object", "created_at", "name", "instructions", "description", "tools", "metadata"}
    given_resources = given.get("tool_resources")
    if given_resources:
        found.lose("Files and vector stores of the assistant are not carried.")
    defaults = defaults_of(given, found, {*ignored, "tool_resources", "file_ids"})
    if tools := functions_of(given.get("tools"), found):
        defaults["tools"] = tools
    layers = {"surface": {"description": given["description"]}} if given.get("description") else {}
    found.versions.append(Content(prompt=text, defaults=defaults, layers=layers))
    return found


def _order(found: Found) -> int:
    version = next(iter(found.numbers), "0")
    return int(version) if version.isdecimal() else 0
