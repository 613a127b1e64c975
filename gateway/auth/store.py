"""Workspaces and keys are kept in the database."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Row, insert, select, update

from gateway import clock, ids
from gateway.auth import keys
from gateway.auth.keys import Hasher, Key, Mode, Workspace
from gateway.limits.bounds import KeyLimits
from gateway.storage import tables
from gateway.storage.audit import Actor, note
from gateway.storage.changes import announce
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields

DEFAULT_WORKSPACE = "default"

WORKSPACE = tables.workspaces.c
KEY = tables.keys.c


async def create_workspace(
    connection: AsyncConnection, name: str, mode: Mode, actor: Actor | None = None
) -> Workspace:
    """Add a tenant; its name must be free."""
    made = Workspace(id=ids.new("ws"), name=name, mode=mode, created_at=clock.now_ms())
    await connection.execute(insert(tables.workspaces).values(msgspec.to_builtins(made)))
    await announce(connection, "workspace", made.id)
    await note(connection, actor or Actor(made.id), "workspace.created", made.id, name=name, mode=mode)
    return made


async def workspace(connection: AsyncConnection, name: str) -> Workspace | None:
    row = (await connection.execute(select(tables.workspaces).where(WORKSPACE.name == name))).first()
    return msgspec.convert(fields(row), Workspace) if row else None


async def workspace_by_id(connection: AsyncConnection, workspace_id: str) -> Workspace | None:
    row = (await connection.execute(select(tables.workspaces).where(WORKSPACE.id == workspace_id))).first()
    return msgspec.convert(fields(row), Workspace) if row else None


async def workspaces(
    connection: AsyncConnection, *, after: str | None = None, limit: int = 100_000
) -> list[Workspace]:
    """List the workspaces by name, those that come after `after`."""
    query = select(tables.workspaces).order_by(WORKSPACE.name).limit(limit)
    if after is not None:
        query = query.where(WORKSPACE.name > after)
    return [msgspec.convert(fields(row), Workspace) for row in await connection.execute(query)]


async def plans_given(connection: AsyncConnection) -> list[str]:
    """List the plans that workspaces were given, each once."""
    query = select(WORKSPACE.plan).where(WORKSPACE.plan.is_not(None)).distinct().order_by(WORKSPACE.plan)
    return list((await connection.execute(query)).scalars())


async def create_key(
    connection: AsyncConnection,
    hasher: Hasher,
    workspace: Workspace,
    *,
    name: str,
    scopes: list[str],
    operator: bool = False,
    expires_at: int | None = None,
    owner: str | None = None,
    limits: KeyLimits | None = None,
    actor: Actor | None = None,
) -> tuple[Key, str]:
    """Add a key and return its text too, which is kept nowhere; `owner` is that of its predecessor."""
    text = keys.generate(workspace.mode)
    key_id = ids.new("key")
    made = Key(
        id=key_id,
        workspace_id=workspace.id,
        owner=owner or key_id,
        name=name,
        prefix=keys.prefix(text),
        hash=hasher.hash(text),
        scopes=scopes,
        operator=operator,
        created_at=clock.now_ms(),
        expires_at=expires_at,
        limits=limits,
    )
    await connection.execute(insert(tables.keys).values(msgspec.to_builtins(made)))
    await announce(connection, "key", made.prefix)
    by = Actor(workspace.id, actor.key_id) if actor else Actor(workspace.id)
    await note(connection, by, "key.created", key_id, name=name, scopes=scopes, operator=operator)
    return made, text


async def revoke_key(
    connection: AsyncConnection, workspace_id: str, key_id: str, actor: Actor | None = None
) -> Key | None:
    """Revoke the key, which is refused everywhere from now on; `None` where the workspace has no such key."""
    found = await key(connection, workspace_id, key_id)
    if found is not None and found.revoked_at is None:
        await _change(connection, found, revoked_at=clock.now_ms())
        await note(connection, actor or Actor(workspace_id), "key.revoked", key_id)
    return found


async def rotate_key(
    connection: AsyncConnection,
    hasher: Hasher,
    workspace: Workspace,
    old: Key,
    *,
    grace: int,
    expires_at: int | None,
    actor: Actor,
) -> tuple[Key, str]:
    """Add a key with the old one's rights, which ends in `grace` seconds, or sooner if it would anyway."""
    made, text = await create_key(
        connection,
        hasher,
        workspace,
        name=old.name,
        scopes=old.scopes,
        operator=old.operator,
        expires_at=expires_at,
        owner=old.owner,
        limits=old.limits,
        actor=actor,
    )
    at = clock.now_ms() + grace * 1000
    await _change(connection, old, expires_at=at if old.expires_at is None else min(at, old.expires_at))
    await note(connection, actor, "key.rotated", old.id)
    return made, text


async def set_plan(
    connection: AsyncConnection, changed: Workspace, plan: str | None, actor: Actor | None = None
) -> Workspace:
    """Give the workspace this plan, or leave its plan to the configuration."""
    await connection.execute(update(tables.workspaces).where(WORKSPACE.id == changed.id).values(plan=plan))
    await announce(connection, "workspace", changed.id)
    by = Actor(changed.id, actor.key_id) if actor else Actor(changed.id)
    await note(connection, by, "workspace.plan_set", changed.id, plan=plan, previous=changed.plan)
    return msgspec.structs.replace(changed, plan=plan)


async def set_limits(
    connection: AsyncConnection, changed: Key, limits: KeyLimits | None, actor: Actor
) -> Key:
    """Give the key limits of its own, or take them from it."""
    await _change(connection, changed, limits=msgspec.to_builtins(limits))
    await note(connection, actor, "key.limited", changed.id, limits=msgspec.to_builtins(limits))
    return msgspec.structs.replace(changed, limits=limits)


async def mark_used(connection: AsyncConnection, used: Mapping[str, int]) -> None:
    """Remember when keys were last used, as milliseconds by the key's id."""
    for key_id, at in used.items():
        await connection.execute(update(tables.keys).where(KEY.id == key_id).values(last_used_at=at))


async def key(connection: AsyncConnection, workspace_id: str, key_id: str) -> Key | None:
    query = select(tables.keys).where(KEY.id == key_id, KEY.workspace_id == workspace_id)
    row = (await connection.execute(query)).first()
    return _key(row) if row else None


async def key_by_prefix(connection: AsyncConnection, prefix: str) -> Key | None:
    row = (await connection.execute(select(tables.keys).where(KEY.prefix == prefix))).first()
    return _key(row) if row else None


async def workspace_keys(
    connection: AsyncConnection, workspace_id: str, *, after: str = "", limit: int = 100_000
) -> list[Key]:
    """List the keys by age, those that come after `after`."""
    query = select(tables.keys).where(KEY.workspace_id == workspace_id, KEY.id > after)
    return [_key(row) for row in await connection.execute(query.order_by(KEY.id).limit(limit))]


async def has_keys(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(KEY.id).limit(1))).first() is not None


async def _change(connection: AsyncConnection, changed: Key, **values: Any) -> None:
    await connection.execute(update(tables.keys).where(KEY.id == changed.id).values(**values))
    await announce(connection, "key", changed.prefix)


def _key(row: Row[Any]) -> Key:
    return msgspec.convert(fields(row), Key)


async def is_budgeted(connection: AsyncConnection, key: Key) -> bool:
    """Tell whether the key has a budget, which is its owner's."""
    budget = tables.budgets.c
    query = select(budget.seq).where(budget.workspace_id == key.workspace_id, budget.subject == key.owner)
    return (await connection.execute(query.limit(1))).first() is not None
