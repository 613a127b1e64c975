"""Writes that other processes have to notice are announced in the store, and watched for."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from gateway import clock
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database, StoreReplacedError
from gateway.storage.failure import StoreUnavailable
from gateway.storage.feed import Feed

POLL_SECONDS = 0.2
"""Seconds between two looks for changes where the database does not tell of them."""
NET_SECONDS = 0.5
"""Seconds between two looks where it does, since what it tells may get lost on the way."""
CHANGES_KEPT_MS = 3_600_000
LOOK = 10_000
"""Changes that are read at once."""

log = logging.getLogger("gateway.storage")


class Change(NamedTuple):
    """One write that other processes have to notice; the topic is `persona`, `key` or `workspace`."""

    topic: str
    subject: str


async def announce(connection: AsyncConnection, topic: str, subject: str) -> None:
    """Write a change into the feed, within the transaction that makes it."""
    now = clock.now_ms()
    await connection.execute(insert(tables.changes).values(topic=topic, subject=subject, at=now))
    await connection.execute(delete(tables.changes).where(tables.changes.c.at < now - CHANGES_KEPT_MS))
    if connection.dialect.name == "postgresql":
        # This goes out with the commit, or not at all.
        await connection.exec_driver_sql(f"NOTIFY {tables.CHANNEL}")


async def position(database: Database) -> int:
    """Return the number of the newest change so far."""
    async with database.read() as connection:
        return (await connection.execute(select(func.max(tables.changes.c.seq)))).scalar() or 0


async def watch(database: Database, position: int, on_change: Callable[[Sequence[Change]], None]) -> None:
    """Report each change after this position, until cancelled: at once, or when it is looked for next.

    While the store cannot be read nothing is reported, so that answers go on from memory. An empty report
    means that everything may have changed, as after the store was replaced by another one.
    """
    feed = database.feed(tables.changes.c.seq, tables.changes.c.at)
    feed.position = position
    while True:
        try:
            async with (
                database.backend.readers.connect() as connection,
                database.backend.listening(connection) as heard,
            ):
                await _follow(database, connection, heard, feed, on_change)
        except (SQLAlchemyError, OSError, StoreUnavailable) as error:
            if database.healthy:
                log.warning("the store cannot be read: %s", type(error).__name__)
            # Connections may hold on to a file that is no longer there, and read and write it.
            await database.backend.close()
            database.healthy = False
            await asyncio.sleep(POLL_SECONDS)


async def _follow(
    database: Database,
    connection: AsyncConnection,
    heard: asyncio.Event | None,
    feed: Feed,
    on_change: Callable[[Sequence[Change]], None],
) -> None:
    changes = tables.changes.c
    query = select(changes.seq, changes.at, changes.topic, changes.subject)
    identity, before = database.backend.identity(), database.identity
    if before not in (None, identity):
        await feed.skip(connection)
        on_change([])
    database.identity = identity
    await connection.rollback()
    seen: object = None
    while True:
        if identity is None or database.backend.identity() != identity:
            raise StoreReplacedError("another file bears its name")
        if heard is not None:
            heard.clear()
        pulse = await database.backend.pulse(connection)
        if pulse != seen:
            found = await feed.look(connection, query, LOOK)
            await connection.rollback()
            if found.rows or found.is_lost:
                on_change([Change(row.topic, row.subject) for row in found.rows])
            seen = pulse if len(found.rows) < LOOK else None
        database.healthy = True
        if heard is None:
            await asyncio.sleep(POLL_SECONDS)
        else:
            await _heard(heard, NET_SECONDS)


async def _heard(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but no longer than this."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
