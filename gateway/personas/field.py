"""A workspace registers fields of its own: what they hold is a subset of JSON schema."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import msgspec

from gateway.errors import Detail
from gateway.personas import shape
from gateway.personas.acceptance import DraftError
from gateway.personas.template import LAYERS

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
DESCRIPTION = 1000
BYTES = 16 * 1024
"""Bytes of a schema, as JSON."""
MOST = 64
"""Fields of a workspace."""
SHOWN = 5
"""Faults of a value that are told."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field: personas that have it in its layer have a value of its schema there."""

    name: str
    layer: str
    description: str
    schema: dict[str, Any]
    created_at: int


def check(name: str, layer: str, description: str, schema: dict[str, Any]) -> None:
    """Raises DraftError with everything that is wrong with a field."""
    details = []
    if not NAME.fullmatch(name):
        details.append(_detail("name", "a lower-case letter, and then letters, digits and `_`, at most 64"))
    if layer not in LAYERS:
        details.append(_detail("layer", f"one of {', '.join(LAYERS)}"))
    if len(description) > DESCRIPTION or "\0" in description:
        details.append(_detail("description", f"a text of at most {DESCRIPTION} characters"))
    if any("\0" in text for text in shape.texts(schema)):
        details.append(_detail("schema", "must not hold the character NUL"))
    elif len(msgspec.json.encode(schema)) > BYTES:
        details.append(_detail("schema", f"at most {BYTES >> 10} KiB as JSON"))
    else:
        details += [_detail("schema", wrong) for wrong in islice(shape.wrong(schema), SHOWN)]
    if details:
        raise DraftError(details)


def require(fields: Iterable[Field], layers: Mapping[str, Any]) -> None:
    """Raises DraftError where a layer holds a registered field whose value is none of its schema."""
    details = []
    for field in fields:
        layer = layers.get(field.layer)
        if isinstance(layer, Mapping) and field.name in layer:
            found = islice(shape.faults(layer[field.name], field.schema), SHOWN)
            details += [Detail([field.layer, field.name], fault, "value_error") for fault in found]
    if details:
        raise DraftError(details)


def _detail(place: str, message: str) -> Detail:
    return Detail([place], message, "value_error")
