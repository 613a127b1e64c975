"""Prompts that are plain texts, and those of a promptfoo configuration, become personas by their names."""

from pathlib import PurePath
from typing import Any

import msgspec

from gateway.importing.found import PERSONAS, Found, ImportingError, object_of, text_of
from gateway.importing.macros import template_variables
from gateway.importing.messages import prompt_of
from gateway.personas.model import Content

KINDS = (".md", ".txt")
TITLE = 100


def text(name: str, written: str) -> list[Found]:
    """Read a prompt from the text of a file of this name. Raises ImportingError."""
    prompt = text_of(written, "text").strip()
    if not prompt:
        raise ImportingError(f"`{name}` is empty")
    return [Found(name=_title(prompt) or PurePath(name).stem, versions=[Content(prompt=prompt)])]


def _title(prompt: str) -> str:
    """Return the heading in the first line, if that is one."""
    mark, space, title = prompt.partition("\n")[0][: 2 * TITLE].partition(" ")
    return title.strip().rstrip("#").rstrip()[:TITLE] if mark == "#" and space else ""


def promptfoo(document: Any) -> list[Found]:
    """Read the `prompts` of a configuration; those in files of their own are named as lost."""
    prompts = object_of(document, "A configuration").get("prompts")
    prompts = [prompts] if isinstance(prompts, str | dict) else prompts
    if not isinstance(prompts, list) or not prompts:
        raise ImportingError("The configuration has no `prompts`")
    read = []
    for number, each in enumerate(prompts[:PERSONAS], 1):
        given = {"raw": each} if isinstance(each, str) else object_of(each, f"prompts[{number - 1}]")
        label = text_of(given.get("label") or given.get("display"), "label") or f"prompt {number}"
        written = text_of(given.get("raw", given.get("id")), "raw")
        found = Found(name=label[:200], versions=[])
        if written.startswith(("file://", "exec:")) or not written.strip():
            raise ImportingError(
                f"The prompt `{label[:64]}` is in a file of its own; import that file as text"
            )
        body, lines = _taken(written, found)
        body, declared = template_variables(body, found)
        for name in given.keys() - {"raw", "id", "label", "display"}:
            found.lose(f"The field `{str(name)[:64]}` is not carried.")
        found.versions.append(Content(prompt=body, examples=lines, variables=declared))
        read.append(found)
    return read


def _taken(written: str, found: Found) -> tuple[str, list[str]]:
    """Take a prompt that is a JSON array of messages apart; any other is a text."""
    if written.lstrip()[:1] != "[":
        return written, []
    try:
        messages = msgspec.json.decode(written)
    except (msgspec.DecodeError, RecursionError):
        return written, []
    return prompt_of(messages, found) if isinstance(messages, list) else (written, [])
