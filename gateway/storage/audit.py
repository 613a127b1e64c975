"""The audit log says who did what to which record, never with a prompt or a key in it."""

from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, insert, select, update

from gateway import clock, ids
from gateway.storage import erasure, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.visibility import OWNED, owned

ENTRY = tables.audit.c


class Actor(msgspec.Struct, frozen=True):
    """The one who writes; `key_id` is `None` at a terminal."""

    workspace_id: str
    key_id: str | None = None
    owner: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    workspace_id: str
    key_id: str | None
    action: str
    """A name such as `persona.created` or `label.moved`."""
    subject: str
    """The id of the record that was written."""
    details: dict[str, Any]
    at: int


async def note(connection: AsyncConnection, actor: Actor, action: str, subject: str, **details: Any) -> None:
    """Add an entry, within the transaction that makes the change."""
    entry = Entry(
        id=ids.new("aud"),
        workspace_id=actor.workspace_id,
        key_id=actor.key_id,
        action=action,
        subject=subject,
        details=details,
        at=clock.now_ms(),
    )
    await connection.execute(insert(tables.audit).values(msgspec.to_builtins(entry)))


async def entries(
    connection: AsyncConnection,
    workspace_id: str,
    owner: str,
    *,
    subject: str | None = None,
    actions: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Entry]:
    """List the entries older than `after`, the newest first; `actions` is a prefix such as `label.`.

    About a persona that a key of this owner may not know, an entry tells ids and numbers only.
    """
    query = _query(workspace_id, subject, actions, limit)
    if after is not None:
        query = query.where(ENTRY.id < after)
    return [_shown(row, workspace_id, owner) for row in await connection.execute(query)]


async def everything(
    connection: AsyncConnection,
    workspace_id: str,
    *,
    subject: str | None = None,
    actions: str | None = None,
    limit: int = 50,
) -> list[Entry]:
    """List entries, the newest first, for whoever sits at the terminal and may know of every persona."""
    rows = await connection.execute(_query(workspace_id, subject, actions, limit))
    return [_entry(row, row.details) for row in rows]


async def veil(connection: AsyncConnection, subject: str) -> None:
    """Take names out of every entry about a persona that nobody but its owner knew."""
    rows = await connection.execute(select(ENTRY.id, ENTRY.details).where(ENTRY.subject == subject))
    for row in rows.all():
        change = update(tables.audit).where(ENTRY.id == row.id)
        await connection.execute(change.values(details=erasure.details(row.details)))


def _query(workspace_id: str, subject: str | None, actions: str | None, limit: int) -> Select[Any]:
    about = tables.audit.outerjoin(tables.personas, tables.personas.c.id == ENTRY.subject)
    query = select(*ENTRY, *OWNED).select_from(about).where(ENTRY.workspace_id == workspace_id)
    if subject is not None:
        query = query.where(ENTRY.subject == subject)
    if actions is not None:
        query = query.where(func.substr(ENTRY.action, 1, len(actions)) == actions)
    return query.order_by(ENTRY.id.desc()).limit(limit)


def _shown(row: Row[Any], workspace_id: str, owner: str) -> Entry:
    found = owned(row)
    is_veiled = found is not None and not found.is_shown_to(workspace_id, owner)
    return _entry(row, erasure.details(row.details) if is_veiled else row.details)


def _entry(row: Row[Any], details: dict[str, Any]) -> Entry:
    return Entry(
        id=row.id,
        workspace_id=row.workspace_id,
        key_id=row.key_id,
        action=row.action,
        subject=row.subject,
        details=details,
        at=row.at,
    )
