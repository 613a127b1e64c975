"""A persona is refined by edits: a model says which of its texts become what, and all others stay."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

PLACES = 200
"""Places of the layers that a model is shown."""
EDITS = 8
VALUE = 600
OWN_PROMPT = 12_000
"""Characters of a prompt of the persona's own that is written anew; a longer one is left to its author."""
ROOM = 1_000
"""Characters by which such a prompt may grow."""
TRAITS = "/self/big_five/"
WORDS = {"true": True, "yes": True, "false": False, "no": False}


def schema(layers: Mapping[str, Any], prompt: str | None) -> dict[str, Any]:
    """Write the form of an answer; `prompt` is that of a persona whose prompt is not made of its layers."""
    places = [place for place, _ in leaves(layers)][:PLACES]
    properties: dict[str, Any] = {}
    if places:
        edit = {
            "path": {"type": "string", "enum": places},
            "value": {"type": "string", "minLength": 1, "maxLength": VALUE},
        }
        properties["edits"] = {
            "type": "array",
            "minItems": 1 if prompt is None else 0,
            "maxItems": EDITS,
            "items": {"type": "object", "properties": edit},
        }
    if prompt is not None:
        properties["prompt"] = {"type": "string", "minLength": 1, "maxLength": len(prompt) + ROOM}
    return {"type": "object", "properties": properties}


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """List the texts, numbers and flags, each with its JSON pointer."""
    inner = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, each in inner:
        at = f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}"
        if isinstance(each, Mapping | list):
            yield from leaves(each, at)
        elif isinstance(each, str | int | float):
            yield at, each


def revised(layers: Mapping[str, Any], edits: Sequence[Mapping[str, str]]) -> tuple[dict[str, Any], str]:
    """Apply edits, and say what is wrong with one; an empty text means that nothing is."""
    changed, before = deepcopy(dict(layers)), dict(leaves(layers))
    for edit in edits:
        value = _as(before[edit["path"]], edit["value"].strip(), edit["path"])
        if value is None:
            return changed, f"{edit['path']}: a value like {before[edit['path']]!r} is needed"
        *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in edit["path"].split("/")[1:])
        holder: Any = changed
        for part in parents:
            holder = holder[int(part) if isinstance(holder, list) else part]
        holder[int(last) if isinstance(holder, list) else last] = value
    return changed, ""


def _as(before: Any, text: str, place: str) -> Any:
    """Read a value of the kind that it replaces; `None` where it is none."""
    if isinstance(before, bool):
        return WORDS.get(text.lower())
    if isinstance(before, str):
        return text or None
    try:
        number = float(text)
    except ValueError:
        return None
    if place.startswith(TRAITS):
        return number if 0 <= number <= 1 else None
    if not abs(number) < 1e15:
        return None
    return int(number) if isinstance(before, int) and number == int(number) else number
