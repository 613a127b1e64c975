"""The fields that a workspace has registered are kept and found."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select

from gateway import clock
from gateway.personas.field import Field
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields as columns

FIELD = tables.schema_fields.c


async def listed(connection: AsyncConnection, workspace_id: str) -> list[Field]:
    """List the fields of a workspace by name."""
    query = select(tables.schema_fields).where(FIELD.workspace_id == workspace_id).order_by(FIELD.name)
    return [_field(columns(row)) for row in await connection.execute(query)]


async def add(
    connection: AsyncConnection,
    workspace_id: str,
    name: str,
    layer: str,
    description: str,
    schema: dict[str, Any],
) -> Field:
    """Keep a field whose name is free in the workspace."""
    made = Field(name=name, layer=layer, description=description, schema=schema, created_at=clock.now_ms())
    await connection.execute(
        insert(tables.schema_fields).values(workspace_id=workspace_id, **msgspec.to_builtins(made))
    )
    return made


async def remove(connection: AsyncConnection, workspace_id: str, name: str) -> bool:
    """Forget a field, and tell whether there was one; what personas hold of it stays."""
    where = (FIELD.workspace_id == workspace_id) & (FIELD.name == name)
    return (await connection.execute(delete(tables.schema_fields).where(where))).rowcount > 0


def _field(row: dict[str, Any]) -> Field:
    row.pop("workspace_id")
    return msgspec.convert(row, Field)
