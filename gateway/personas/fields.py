"""`/v1/schema/fields` registers, lists and removes the fields that a workspace has of its own."""

from typing import Any

import msgspec
from litestar import Router, delete, get, post

from gateway import clock
from gateway.auth.access import AnyRequest, Store, actor_of, caller_of, still_there
from gateway.errors import Detail, Fault, Refusal
from gateway.page import Page
from gateway.personas import field
from gateway.personas.acceptance import DraftError
from gateway.personas.editing import unacceptable
from gateway.personas.field import Field
from gateway.personas.store import fields
from gateway.storage.audit import note

WRITING = {
    "scope": "config:write",
    "faults": (Fault.PERSONA_INVALID, Fault.FIELD_TAKEN),
}
UNKNOWN = (Fault.FIELD_UNKNOWN,)


class FieldBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new field: its name, the layer that it stands in, and what it holds."""

    name: str
    layer: str = "surface"
    description: str = ""
    schema: dict[str, Any]


class FieldView(msgspec.Struct, frozen=True, kw_only=True):
    """A field that a workspace has of its own."""

    name: str
    layer: str
    description: str
    schema: dict[str, Any]
    created_at: str


@get("/fields", opt={"scope": "config:read"}, summary="List own fields")
async def list_fields(request: AnyRequest, database: Store) -> Page[FieldView]:
    """All fields of the workspace, by name; there are at most 64."""
    async with database.read() as connection:
        found = await fields.listed(connection, caller_of(request).workspace_id)
    return Page([_show(each) for each in found], False, None)


@post("/fields", opt=WRITING, summary="Register a field")
async def add_field(request: AnyRequest, database: Store, data: FieldBody) -> FieldView:
    """Personas that have it in its layer must have a value of its schema there, whoever writes them from now
    on; a persona that is made from an intent gets one where `custom_fields` names it.

    The schema is a subset of JSON schema: type, enum, description, bounds, lengths, items and properties.
    """
    try:
        field.check(data.name, data.layer, data.description, data.schema)
    except DraftError as error:
        raise unacceptable(error.details) from None
    workspace_id = caller_of(request).workspace_id
    async with database.write(still_there(request.scope)) as connection:
        known = await fields.listed(connection, workspace_id)
        if any(each.name == data.name for each in known):
            raise Refusal(Fault.FIELD_TAKEN)
        if len(known) >= field.MOST:
            raise unacceptable([Detail(["name"], f"a workspace has at most {field.MOST}", "value_error")])
        made = await fields.add(
            connection, workspace_id, data.name, data.layer, data.description, data.schema
        )
        await note(connection, actor_of(request), "field.added", workspace_id, field=data.name)
    return _show(made)


@delete(
    "/fields/{name:str}",
    opt={"scope": "config:write", "faults": UNKNOWN},
    summary="Remove a field",
)
async def remove_field(request: AnyRequest, database: Store, name: str) -> None:
    """Personas keep what they hold of it; nothing is held against it any more."""
    async with database.write(still_there(request.scope)) as connection:
        if not await fields.remove(connection, caller_of(request).workspace_id, name):
            raise Refusal(Fault.FIELD_UNKNOWN)
        await note(
            connection, actor_of(request), "field.removed", caller_of(request).workspace_id, field=name
        )


def router() -> Router:
    """Make the routes of own fields."""
    return Router("/schema", route_handlers=[list_fields, add_field, remove_field], tags=["Configuration"])


def _show(found: Field) -> FieldView:
    return FieldView(
        name=found.name,
        layer=found.layer,
        description=found.description,
        schema=found.schema,
        created_at=clock.iso(found.created_at),
    )
