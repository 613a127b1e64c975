"""A value is held against a subset of JSON schema; what is wrong is said with its place."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


KEYS: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"minLength", "maxLength"}),
    "integer": frozenset({"minimum", "maximum"}),
    "number": frozenset({"minimum", "maximum"}),
    "boolean": frozenset(),
}
"""The keywords of each type; `type`, `enum` and `description` go with all."""
LARGEST = 10**15
"""Whole numbers up to this one are the same in every reader of JSON."""
LEVELS = 6
PROPERTIES = 100
ENUM = 200


def wrong(schema: Any, place: str = "", levels: int = LEVELS) -> Iterator[str]:
    """Say what in a schema is not of the subset, each time behind the JSON pointer of its place."""
    at = place or "/"
    kind = schema.get("type") if isinstance(schema, dict) else None
    if not isinstance(kind, str) or kind not in TYPES:
        yield f"{at}: `type` is one of {', '.join(TYPES)}"
        return
    for key in sorted(schema.keys() - KEYS[kind] - {"type", "enum", "description"}):
        yield f"{at}: `{key[:60]}` does not go with the type {kind}"
    for key in sorted(schema.keys() & KEYS[kind] - {"properties", "items"}):
        if isinstance(schema[key], bool) or not isinstance(schema[key], int | float):
            yield f"{at}: `{key}` is a number"
        elif not abs(schema[key]) <= LARGEST:
            yield f"{at}: `{key}` is at most {LARGEST}"
        elif key not in ("minimum", "maximum") and (schema[key] < 0 or schema[key] != int(schema[key])):
            yield f"{at}: `{key}` counts from 0"
    choice = schema.get("enum", [None])
    is_list = isinstance(choice, list) and 0 < len(choice) <= ENUM
    if not is_list or ("enum" in schema and not all(_is_of(each, kind) for each in choice)):
        yield f"{at}: `enum` lists 1 to {ENUM} values of the type {kind}"
    if not isinstance(schema.get("description", ""), str):
        yield f"{at}: `description` is a text"
    if kind in ("array", "object") and levels == 0:
        yield f"{at}: at most {LEVELS} levels"
    elif kind == "array":
        yield from wrong(schema.get("items"), f"{place}/items", levels - 1)
    elif kind == "object":
        yield from _wrong_members(schema.get("properties"), place, levels)


def _wrong_members(members: Any, place: str, levels: int) -> Iterator[str]:
    if not isinstance(members, dict) or not 0 < len(members) <= PROPERTIES:
        yield f"{place or '/'}: `properties` names 1 to {PROPERTIES} of them"
        return
    for name, inner in members.items():
        yield from wrong(inner, f"{place}/{name[:60]}", levels - 1)


def texts(value: Any) -> Iterator[str]:
    """List all texts in a value or a schema, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def strict(schema: Schema) -> dict[str, Any]:
    """Write the schema as upstreams want it: every property is needed, and there are no others."""
    written = dict(schema)
    if "properties" in schema:
        written["properties"] = {name: strict(inner) for name, inner in schema["properties"].items()}
        written["required"] = list(schema["properties"])
        written["additionalProperties"] = False
    if "items" in schema:
        written["items"] = strict(schema["items"])
    return written


def shorter(schema: Schema, characters: int) -> dict[str, Any]:
    """Write the schema with texts so short that all of them together have these characters."""
    longest = _characters(schema)
    if longest <= characters:
        return dict(schema)
    return _scaled(schema, characters / longest)


def _characters(schema: Schema) -> int:
    own = int(schema.get("maxLength", 0)) if schema["type"] == "string" else 0
    items = int(schema.get("maxItems", 1)) * _characters(schema["items"]) if "items" in schema else 0
    return own + items + sum(map(_characters, schema.get("properties", {}).values()))


def _scaled(schema: Schema, share: float) -> dict[str, Any]:
    written = dict(schema)
    if "maxLength" in schema:
        least = max(1, int(schema.get("minLength", 0)))
        written["maxLength"] = max(least, int(schema["maxLength"] * share))
    if "items" in schema:
        written["items"] = _scaled(schema["items"], share)
    if "properties" in schema:
        written["properties"] = {name: _scaled(inner, share) for name, inner in schema["properties"].items()}
    return written


def faults(value: Any, schema: Schema, place: str = "") -> Iterator[str]:
    """Say what is wrong with the value, each time behind the JSON pointer of its place."""
    kind, at = schema["type"], place or "/"
    size: float
    if not _is_of(value, kind):
        yield f"{at}: {kind} is needed"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: none of {', '.join(map(str, schema['enum']))}"
    if kind in ("integer", "number"):
        yield from _bounds(value, schema.get("minimum"), schema.get("maximum"), at, "")
    elif kind == "string":
        size = len(value.strip())
        yield from _bounds(size, schema.get("minLength"), schema.get("maxLength"), at, " characters")
    elif kind == "array":
        yield from _bounds(len(value), schema.get("minItems"), schema.get("maxItems"), at, " items")
        for index, inner in enumerate(value):
            yield from faults(inner, schema["items"], f"{place}/{index}")
    elif kind == "object":
        yield from _members(value, schema, place)


def _is_of(value: object, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _members(value: Mapping[str, Any], schema: Schema, place: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in known:
        if name not in value:
            yield f"{place}/{name}: is missing"
        else:
            yield from faults(value[name], known[name], f"{place}/{name}")
    for name in value.keys() - known.keys():
        yield f"{place}/{name[:60]}: is not known"


def _bounds(size: float, least: float | None, most: float | None, at: str, unit: str) -> Iterator[str]:
    # A comparison with NaN is false, and NaN fits no bounds.
    if least is not None and not size >= least:
        yield f"{at}: at least {least}{unit}"
    if most is not None and not size <= most:
        yield f"{at}: at most {most}{unit}"
