"""Prompts of Langfuse are read and written in the form of its API: one object for each version.

Format: https://api.reference.langfuse.com/#tag/prompts
"""

from typing import Any

from gateway.importing.found import Found, ImportingError, object_of, text_of, texts_of
from gateway.importing.macros import template_variables
from gateway.importing.messages import prompt_of
from gateway.importing.parameters import defaults_of
from gateway.personas.model import Content

IGNORED = frozenset(
    ["name", "prompt", "type", "version", "labels", "tags", "config", "id", "createdAt", "updatedAt",
     "createdBy", "projectId", "isActive", "resolutionGraph", "lastUpdatedAt", "lastConfig", "versions"]
)  # fmt: skip


def read(document: Any) -> list[Found]:
    """Read the versions of one prompt or several. Raises ImportingError."""
    several = document.get("data", [document]) if isinstance(document, dict) else document
    if not isinstance(several, list) or not several:
        raise ImportingError("A version of a prompt, or a list of them, is needed")
    grouped: dict[str, list[dict[str, Any]]] = {}
    for each in several:
        given = object_of(each, "A version of a prompt")
        name = text_of(given.get("name"), "name")
        if not name:
            raise ImportingError("Each version has the `name` of its prompt; one has none")
        if not isinstance(given.get("version", 1), int):
            raise ImportingError(f"`version` of `{name[:64]}` is not a number")
        grouped.setdefault(name, []).append(given)
    return [_persona(name, versions) for name, versions in grouped.items()]


def _persona(name: str, given: list[dict[str, Any]]) -> Found:
    given = sorted(given, key=lambda each: int(each.get("version", 1)))
    found = Found(name=name[:200], versions=[], tags=_tags(given[-1]))
    for place, each in enumerate(given, 1):
        found.versions.append(_content(each, found))
        for label in texts_of(each.get("labels"), "labels"):
            found.label(label, place)
        if each.get("version", place) != place:
            found.lose(f"Version {each['version']} is v{place} here.")
    return found


def _content(given: dict[str, Any], found: Found) -> Content:
    prompt = given.get("prompt")
    if isinstance(prompt, list):
        text, lines = prompt_of(prompt, found)
    else:
        text, lines = text_of(prompt, "prompt"), []
    text, declared = template_variables(text, found)
    config = given.get("config") or {}
    defaults = defaults_of(object_of(config, "`config`"), found)
    for name in given.keys() - IGNORED:
        if given[name] not in (None, "", [], {}):
            found.lose(f"The field `{str(name)[:64]}` is not carried.")
    return Content(prompt=text, examples=lines, variables=declared, defaults=defaults)


def _tags(given: dict[str, Any]) -> list[str]:
    return [tag[:64] for tag in texts_of(given.get("tags"), "tags") if tag.strip()][:50]


def write(name: str, number: int, labels: list[str], tags: list[str], content: Content) -> dict[str, Any]:
    """Write one version as Langfuse's API takes it."""
    return {
        "name": name,
        "type": "text",
        "version": number,
        "prompt": content.prompt,
        "labels": labels,
        "tags": tags,
        "config": content.defaults,
    }


def note_lost(content: Content, lost: list[str]) -> None:
    """Note what a prompt there cannot hold."""
    others = ("examples", "layers", "rules", "facts", "upstreams", "headers", "allow", "refusal", "variables")
    lost.extend(f"`{name}` has no place in a prompt there." for name in others if getattr(content, name))
    if content.overlay != "append":
        lost.append("`overlay` has no place in a prompt there.")
