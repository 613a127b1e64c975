"""Events are written in the transaction of their cause, so that none is lost or told of nothing."""

from typing import Any

import msgspec
from sqlalchemy import BigInteger, delete, insert, literal, select

from gateway import clock, ids
from gateway.events.event import Event, Kind, Value
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database, fields
from gateway.storage.feed import Feed

EVENT = tables.events.c
KEPT_MS = 30 * 24 * 3_600_000
"""Milliseconds after which an event is forgotten."""
KEPT = 1_000_000
"""Events that are kept, the newest ones."""
AT_ONCE = 100
"""Events that one write forgets at most."""


async def record(
    connection: AsyncConnection, kind: Kind, workspace_id: str, owner: str | None, **data: Value
) -> str:
    """Write an event within the transaction of its cause, and forget the oldest; gives its id.

    `owner` is `None` where the whole workspace may know of it. `data` holds ids and numbers.
    """
    return (await record_whole(connection, kind, workspace_id, owner, **data)).id


async def record_whole(
    connection: AsyncConnection, kind: Kind, workspace_id: str, owner: str | None, **data: Value
) -> Event:
    """Do the same, and give the event."""
    values: dict[str, Any] = {
        "id": ids.new("evt"),
        "type": kind,
        "workspace_id": workspace_id,
        "owner": owner,
        "data": data,
        "created_at": clock.now_ms(),
    }
    made = await connection.execute(insert(tables.events).values(values).returning(EVENT.seq))
    event = Event(seq=made.scalar_one(), **values)
    await _forget(connection, event.seq, event.created_at)
    return event


async def newest(connection: AsyncConnection) -> int:
    """Return the place of the newest event; 0 where there is none."""
    return (await connection.execute(select(EVENT.seq).order_by(EVENT.seq.desc()).limit(1))).scalar() or 0


async def since(connection: AsyncConnection, behind: int, limit: int) -> list[Event]:
    """List the events of every workspace behind a place that was kept, in their order.

    Events are committed in the order of their places, since there is one writer at a time.
    """
    query = select(tables.events).where(EVENT.seq > literal(behind, BigInteger))
    rows = await connection.execute(query.order_by(EVENT.seq).limit(limit))
    return [msgspec.convert(fields(row), Event) for row in rows]


def feed(database: Database) -> Feed:
    """Open a place in the order of events."""
    return database.feed(EVENT.seq, EVENT.id)


async def behind(connection: AsyncConnection, place: Feed, *, limit: int) -> tuple[list[Event], bool]:
    """List the events of every workspace behind this place, in their order, and move the place there.

    The second value tells whether events may be missing, because the store is another one than before.
    """
    found = await place.look(connection, select(*EVENT), limit)
    return [msgspec.convert(fields(row), Event) for row in found.rows], found.is_lost


async def _forget(connection: AsyncConnection, newest: int, now: int) -> None:
    """Forget what is too old or too many; in small parts, since somebody waits for this transaction."""
    old = select(EVENT.seq).where(EVENT.created_at < now - KEPT_MS).order_by(EVENT.created_at)
    surplus = select(EVENT.seq).where(EVENT.seq <= newest - KEPT).order_by(EVENT.seq)
    for query in (old, surplus):
        gone = list(await connection.scalars(query.limit(AT_ONCE)))
        if gone:
            await connection.execute(delete(tables.events).where(EVENT.seq.in_(gone)))
