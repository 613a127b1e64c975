"""Litestar is asked here for what it knows of its own routes."""

from collections.abc import Sequence
from typing import Any, get_origin

import msgspec
from litestar import Router
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import License, Reference, Schema, Tag
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from gateway import __version__
from gateway.openapi import schemas
from gateway.openapi.shapes.schema import PLACE

INTRODUCTION = """\
Every request but those for health and this description needs a key: `Authorization: Bearer pk_…`, or the
headers `api-key` or `x-api-key`. Each operation names the scope that the key needs. `Persona-Workspace` may
be sent to be sure whose key it is; another workspace's is refused. Whatever belongs to another workspace
answers exactly as what does not exist.

**Errors** have one envelope under `/v1/openai`, OpenAI's, and one elsewhere; `code` is stable. A path that
does not exist is 404 `route.not_found`, a method that a path does not take 405 `route.method_not_allowed`.
Every answer, errors included, has `X-Request-Id`.

**Limits** hold where a workspace has a plan: every answer, errors included, then has `X-RateLimit-Limit`,
`X-RateLimit-Remaining` and `X-RateLimit-Reset`, and too much is 429 `rate_limit.exceeded` with `Retry-After`.

**Lists** are pages, the newest first: `next` of one goes into `after` for the following one.

**Repeating a POST** of the native API is safe with an `Idempotency-Key`: the first answer is kept for 24
hours. Concurrent edits are safe with `If-Match` and the `ETag` of what was read.
"""
TAGS = {
    "OpenAI-compatible": "The drop-in surface: base URL `/v1/openai`, OpenAI's shapes, errors and manners.",
    "Personas": "Personas, their versions and labels. `ref` is an id or a slug.",
    "Projects": "Personas as clients of the projects API see them, with UUIDs and in camel case.",
    "Studio": "Jobs that are polled: personas deepened, made by the hundred, and validated.",
    "Runs": "How personas come about from an intent: step by step, to be watched and stopped.",
    "Conversations": "What was said: a tree of messages with one persona, each answer with its drift.",
    "Ensembles": "Several personas in one scene.",
    "Turns": "What was asked of whom, how it ended and what it cost; never what was said.",
    "Webhooks": "Places that are told of events, and what is delivered to them.",
    "Configuration": "Pipelines that runs follow, and fields that a workspace has of its own.",
    "Budgets": "What keys, personas and workspaces may spend within an hour, a day or a month.",
    "Workspaces and keys": "Tenants, keys and the log of writes.",
    "Gateway": "Health and this description. No key is needed.",
}


class Structs(OpenAPISchemaPlugin):
    """Leaves structs to msgspec, which describes what it decodes: unknown fields, unset ones, docstrings."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        """The structs that routes take and answer, by their names in the document."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        kind = get_origin(field_definition.annotation) or field_definition.annotation
        return isinstance(kind, type) and issubclass(kind, msgspec.Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        kind = field_definition.annotation
        name = schemas.name_of(kind)
        self.found[name] = kind
        return _Elsewhere(name)


class _Elsewhere(Schema):
    """Refers to a schema that Litestar does not make; its own references know only their own schemas."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._reference = Reference(PLACE + name)

    def to_schema(self) -> dict[str, Any]:
        return self._reference.to_schema()


class _Unserved(Router):
    """Takes the place of Litestar's own routes for a document, whose errors and headers are not ours."""

    def register(self, value: Any) -> list[Any]:
        return []


def settings() -> OpenAPIConfig:
    """Say what the document tells of itself; handlers' names become ids, their docstrings descriptions."""
    return OpenAPIConfig(
        title="Persona Gateway",
        version=__version__,
        summary="Personas behind the OpenAI API.",
        description=INTRODUCTION,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        tags=[Tag(name, text) for name, text in TAGS.items()],
        operation_id_creator=_name,
        use_handler_docstrings=True,
        openapi_router=_Unserved("/", route_handlers=[]),
    )


def _name(handler: Any, _method: object, _path: Sequence[object]) -> str:
    name: str = handler.handler_name
    return name
