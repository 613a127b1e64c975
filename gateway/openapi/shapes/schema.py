"""Schemas by hand are put together of these."""

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
PLACE = "#/components/schemas/"
OPEN = "Every other field is passed on as it is."


def ref(name: str) -> Json:
    return {"$ref": PLACE + name}


def array(items: Json) -> Json:
    return {"type": "array", "items": items}


def record(description: str, required: str, **properties: Json) -> Json:
    """Make an object that may hold other fields too; `required` is names apart by spaces."""
    shape: Json = {"type": "object", "description": description, "properties": properties}
    return {**shape, "required": required.split()} if required else shape


def one_of(*values: str) -> Json:
    return {"type": "string", "enum": list(values)}


def or_null(kind: str) -> Json:
    return {"type": [kind, "null"]}
