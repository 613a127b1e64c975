"""Parameters of operations are described as readers of the document need them."""

from collections.abc import Iterator
from typing import Any

from gateway.openapi import examples
from gateway.openapi.meaning import meaning, with_format
from gateway.openapi.operation import Operation

Json = dict[str, Any]


def parameters(operation: Operation) -> Iterator[Json]:
    """List the operation's parameters with what they mean and, for those in paths, an example."""
    for found in operation.shown.get("parameters", []):
        name, place = found["name"], found["in"]
        schema = without_null(found["schema"])
        with_format(name, schema)
        about = found.get("description") or meaning(operation.id, name)
        shown: Json = {"name": name, "in": place, "description": about, "schema": schema}
        yield (
            {**shown, "required": True, "example": examples.IN_PATHS.get(name)} if place == "path" else shown
        )
    if operation.scope:
        yield {"$ref": "#/components/parameters/Persona-Workspace"}
        if operation.is_repeatable:
            yield {"$ref": "#/components/parameters/Idempotency-Key"}


def without_null(schema: Json) -> Json:
    """Take null out of the schema: in a URL, a header or for a whole body it means absent."""
    either = [each for each in schema.pop("oneOf", []) if each != {"type": "null"}]
    for each in either:
        schema = {**each, **schema}
    if isinstance(schema.get("type"), list):
        (schema["type"],) = [kind for kind in schema["type"] if kind != "null"]
    if None in schema.get("enum", ()):
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    for limit in ("minimum", "maximum"):
        if limit in schema:
            schema[limit] = int(schema[limit])
    return {
        key: value
        for key, value in schema.items()
        if (key, value) != ("default", "") and key != "description"
    }
