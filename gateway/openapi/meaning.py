"""A field or parameter has a sentence, and some have a form, by their names."""

from typing import Any

from gateway.openapi.fields import FIELDS
from gateway.openapi.places import PLACES

TIME = {"format": "date-time"}
FORMATS: dict[str, dict[str, Any]] = {
    "at": TIME,
    "created_at": TIME,
    "expires_at": TIME,
    "fingerprint": {"pattern": "^sha256:[0-9a-f]{64}$"},
    "language": {"pattern": "^[a-z]{2}$"},
    "last_used_at": TIME,
    "prompt_sha256": {"pattern": "^[0-9a-f]{64}$"},
    "request_id": {"pattern": "^req_[0-9A-Za-z]+$"},
    "revoked_at": TIME,
    "since": TIME,
    "until": TIME,
    "sha256": {"pattern": "^[0-9a-f]{64}$"},
    "slug": {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64},
    "updated_at": TIME,
}


def meaning(place: str, name: str) -> str:
    """Say what the field or parameter `name` means in this schema or operation; empty where nothing is
    known."""
    return PLACES.get(f"{place}.{name}") or FIELDS.get(name, "")


def with_format(name: str, schema: dict[str, Any]) -> None:
    """Add the form that its texts have, where they have one."""
    for each in schema.get("anyOf", [schema]):
        if each.get("type") == "string" and name in FORMATS:
            each.update(FORMATS[name])
