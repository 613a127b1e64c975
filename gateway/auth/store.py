"""Workspaces and keys in the database."""

from typing import Any

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway import clock, ids
from gateway.auth import keys
from gateway.auth.keys import Hasher, Key, Mode, Workspace
from gateway.storage import tables
from gateway.storage.database import announce, fields

DEFAULT_WORKSPACE = "default"

WORKSPACE = tables.workspaces.c
KEY = tables.keys.c


async def create_workspace(connection: AsyncConnection, name: str, mode: Mode) -> Workspace:
    """A new tenant; its name must be free."""
    made = Workspace(id=ids.new("ws"), name=name, mode=mode, created_at=clock.now_ms())
    await connection.execute(insert(tables.workspaces).values(msgspec.to_builtins(made)))
    await announce(connection, "workspace", made.id)
    return made


async def workspace(connection: AsyncConnection, name: str) -> Workspace | None:
    row = (await connection.execute(select(tables.workspaces).where(WORKSPACE.name == name))).first()
    return msgspec.convert(fields(row), Workspace) if row else None


async def workspaces(connection: AsyncConnection) -> list[Workspace]:
    rows = await connection.execute(select(tables.workspaces).order_by(WORKSPACE.name))
    return [msgspec.convert(fields(row), Workspace) for row in rows]


async def create_key(
    connection: AsyncConnection,
    hasher: Hasher,
    workspace: Workspace,
    *,
    name: str,
    scopes: list[str],
    operator: bool = False,
    expires_at: int | None = None,
) -> tuple[Key, str]:
    """A new key and its text, which is nowhere kept."""
    text = keys.generate(workspace.mode)
    key_id = ids.new("key")
    made = Key(
        id=key_id,
        workspace_id=workspace.id,
        owner=key_id,
        name=name,
        prefix=keys.prefix(text),
        hash=hasher.hash(text),
        scopes=scopes,
        operator=operator,
        created_at=clock.now_ms(),
        expires_at=expires_at,
    )
    await connection.execute(insert(tables.keys).values(msgspec.to_builtins(made)))
    await announce(connection, "key", made.prefix)
    return made, text


async def revoke_key(connection: AsyncConnection, workspace_id: str, key_id: str) -> Key | None:
    """The key, from now on refused everywhere; `None` where the workspace has no such key."""
    query = select(tables.keys).where(KEY.id == key_id, KEY.workspace_id == workspace_id)
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    if row.revoked_at is None:
        await connection.execute(
            update(tables.keys).where(KEY.id == key_id).values(revoked_at=clock.now_ms())
        )
        await announce(connection, "key", row.prefix)
    return _key(row)


async def key_by_prefix(connection: AsyncConnection, prefix: str) -> Key | None:
    row = (await connection.execute(select(tables.keys).where(KEY.prefix == prefix))).first()
    return _key(row) if row else None


async def workspace_keys(connection: AsyncConnection, workspace_id: str) -> list[Key]:
    rows = await connection.execute(
        select(tables.keys).where(KEY.workspace_id == workspace_id).order_by(KEY.id)
    )
    return [_key(row) for row in rows]


async def has_keys(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(KEY.id).limit(1))).first() is not None


def _key(row: Row[Any]) -> Key:
    return msgspec.convert(fields(row), Key)
