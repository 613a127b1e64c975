"""Objects that lie in an upstream's account are named by keys of their own, at whatever depth."""

import json
from typing import Any

import msgspec

from gateway.openai_api.messages import opens
from gateway.openai_api.parameters import NULL

OBJECTS = frozenset(["file_id", "file_ids", "vector_store_ids", "container_id", "skill_id"])
"""Keys whose values name what lies in an upstream's account."""
PICTURE = b'"image_generation_call"'

_any = msgspec.json.Decoder()


def names_object(name: str, value: msgspec.Raw) -> bool:
    """Tell whether this key, or one within its value, names an object of an upstream by its id.

    Some servers read keys without regard to their case.
    """
    left: list[Any] = [{name: _decoded(value)}]
    while left:
        at = left.pop()
        if isinstance(at, dict):
            for key, inner in at.items():
                if inner and isinstance(inner, str | list) and key.casefold() in OBJECTS:
                    return True
            left += at.values()
        elif isinstance(at, list):
            left += at
    return False


def _decoded(value: msgspec.Raw) -> Any:
    """Decode a value, in which a number may be larger than any machine's: it is an upstream's to refuse."""
    try:
        return _any.decode(value)
    except msgspec.ValidationError:
        return json.loads(bytes(value), parse_int=float, parse_float=float)


def is_bare_picture(item: dict[str, msgspec.Raw]) -> bool:
    """Tell whether the item is a picture that the upstream has made and keeps, named by its id alone."""
    is_picture = bytes(item.get("type", NULL)) == PICTURE
    return is_picture and opens(item.get("id", NULL), '"') and not opens(item.get("result", NULL), '"')
