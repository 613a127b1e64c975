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
    is_flag = isinstance(value, bool) and kind != "boolean"
    if is_flag or not _is_of(value, TYPES[kind]):
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


def _is_of(value: object, types: tuple[type, ...]) -> bool:
    return isinstance(value, types)


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
