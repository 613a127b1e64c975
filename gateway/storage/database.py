"""The store is reached here: transactions for readers and writers, and the feed of what has changed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from sqlalchemy import Column, Row, delete, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from gateway import clock
from gateway.storage import revisions, tables
from gateway.storage.backend import Backend, Mark
from gateway.storage.connection import AsyncConnection
from gateway.storage.failure import SchemaOutdatedError, StoreUnavailable, WriterLeft, told_plainly
from gateway.storage.feed import Feed

POLL_SECONDS = 0.2
"""Seconds between two looks for changes where the database does not tell of them."""
NET_SECONDS = 0.5
"""Seconds between two looks where it does, since what it tells may get lost on the way."""
CHANGES_KEPT_MS = 3_600_000
WRITE_SECONDS = 10.0
"""Seconds that a write may wait, for the writers before it in this process and in others together."""
ASK_SECONDS = 0.05
"""Seconds of the longest pause before a writer asks again for a lock that another process has."""
LOOK = 10_000
"""Changes that are read at once."""

log = logging.getLogger("gateway.storage")


class Change(NamedTuple):
    """One write that other processes have to notice; the topic is `persona`, `key` or `workspace`."""

    topic: str
    subject: str


class StoreReplacedError(StoreUnavailable):
    """The store that is open has been replaced by another one, or is gone."""


def always() -> bool:
    """Stands for a write that nobody can withdraw."""
    return True


class Database:
    """The store, with short transactions only; what it cannot do raises StoreUnavailable."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.backend = _backend(url)
        self.healthy = False
        """Tells whether the last look at the feed of changes succeeded."""
        self._writing = asyncio.Lock()
        self._identity: Mark | None = None

    @property
    def place(self) -> str:
        """The place of the store, as people are told."""
        return self.backend.place

    @asynccontextmanager
    async def read(self, seconds: float | None = None) -> AsyncIterator[AsyncConnection]:
        """Open a consistent view; what is written in it is rolled back. Raises TooSlow after `seconds`."""
        with told_plainly():
            async with self.backend.readers.connect() as connection:
                if seconds is None:
                    yield connection
                    return
                async with self.backend.limited(connection, seconds):
                    yield connection

    @asynccontextmanager
    async def write(self, is_wanted: Callable[[], bool] = always) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that holds the write lock from its start and commits at its end.

        Raises StoreUnavailable where it cannot start within WRITE_SECONDS, and WriterLeft where it is not
        wanted any more when its turn comes.
        """
        end = asyncio.get_running_loop().time() + WRITE_SECONDS
        # There is one writer at a time: the others wait without a connection.
        try:
            async with asyncio.timeout_at(end):
                await self._writing.acquire()
        except TimeoutError:
            raise StoreUnavailable("other writes take too long") from None
        try:
            with told_plainly():
                async with self._begun(end, is_wanted) as connection:
                    yield connection
        finally:
            self._writing.release()

    @asynccontextmanager
    async def _begun(self, end: float, is_wanted: Callable[[], bool]) -> AsyncIterator[AsyncConnection]:
        """Begin the transaction once no other process writes."""
        loop, pause = asyncio.get_running_loop(), 0.001
        while True:
            if not is_wanted():
                raise WriterLeft("whoever wanted to write has left")
            started = False
            try:
                async with self.backend.writers.connect() as connection, connection.begin():
                    started = True
                    yield connection
                    return
            except SQLAlchemyError as error:
                if started or not self.backend.is_busy(error) or loop.time() > end:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, ASK_SECONDS)

    async def scrub(self) -> None:
        """Erase from the files what has been deleted; best effort while they are in use."""
        try:
            with told_plainly():
                await self.backend.scrub()
        except StoreUnavailable as error:
            # What was deleted is deleted, whether or not its traces are gone.
            log.warning("what was deleted is not erased from the files yet: %s", error)

    async def vacuum(self) -> None:
        """Write the store anew without the room of what has been deleted. Raises StoreUnavailable."""
        with told_plainly():
            await self.backend.vacuum()

    async def revision(self) -> str | None:
        """Read the revision of the schema; `None` for an empty store, and where there is no store."""
        if self.backend.identity() is None:
            return None
        async with self.read() as connection:
            try:
                return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
            except SQLAlchemyError:
                return None

    async def require_schema(self) -> None:
        """Raises SchemaOutdatedError unless the schema is the one that this version needs."""
        revision = await self.revision()
        if revision != revisions.newest():
            needed = revisions.newest()
            raise SchemaOutdatedError(f"the store has schema {revision or 'none'}, {needed} is needed")

    async def position(self) -> int:
        """Return the number of the newest change so far."""
        async with self.read() as connection:
            return (await connection.execute(select(func.max(tables.changes.c.seq)))).scalar() or 0

    @asynccontextmanager
    async def pulsing(self) -> AsyncIterator[Callable[[], Awaitable[object]]]:
        """Give a function that returns, cheaply, a value which changes with each commit of anybody else.

        It raises StoreUnavailable, and so does the store where it is another one than at the beginning.
        """
        with told_plainly():
            async with self.backend.readers.connect() as connection:
                identity = self.backend.identity()
                await connection.rollback()

                async def pulse() -> object:
                    if identity is None or self.backend.identity() != identity:
                        raise StoreReplacedError("another file bears its name")
                    return await self.backend.pulse(connection)

                yield pulse

    def feed(self, seq: Column[int], mark: Column[Any]) -> Feed:
        """Make a place in the order of a table's rows, at its beginning."""
        return Feed(self.backend, seq, mark)

    async def watch(self, position: int, on_change: Callable[[Sequence[Change]], None]) -> None:
        """Report each change after this position, until cancelled: at once, or when it is looked for next.

        While the store cannot be read nothing is reported, so that answers go on from memory. An empty report
        means that everything may have changed, as after the store was replaced by another one.
        """
        feed = self.feed(tables.changes.c.seq, tables.changes.c.at)
        feed.position = position
        while True:
            try:
                async with (
                    self.backend.readers.connect() as connection,
                    self.backend.listening(connection) as heard,
                ):
                    await self._follow(connection, heard, feed, on_change)
            except (SQLAlchemyError, OSError, StoreUnavailable) as error:
                if self.healthy:
                    log.warning("the store cannot be read: %s", type(error).__name__)
                # Connections may hold on to a file that is no longer there, and read and write it.
                await self.backend.close()
                self.healthy = False
                await asyncio.sleep(POLL_SECONDS)

    async def _follow(
        self,
        connection: AsyncConnection,
        heard: asyncio.Event | None,
        feed: Feed,
        on_change: Callable[[Sequence[Change]], None],
    ) -> None:
        changes = tables.changes.c
        query = select(changes.seq, changes.at, changes.topic, changes.subject)
        identity, before = self.backend.identity(), self._identity
        if before not in (None, identity):
            await feed.skip(connection)
            on_change([])
        self._identity = identity
        await connection.rollback()
        seen: object = None
        while True:
            if identity is None or self.backend.identity() != identity:
                raise StoreReplacedError("another file bears its name")
            if heard is not None:
                heard.clear()
            pulse = await self.backend.pulse(connection)
            if pulse != seen:
                found = await feed.look(connection, query, LOOK)
                await connection.rollback()
                if found.rows or found.is_lost:
                    on_change([Change(row.topic, row.subject) for row in found.rows])
                seen = pulse if len(found.rows) < LOOK else None
            self.healthy = True
            if heard is None:
                await asyncio.sleep(POLL_SECONDS)
            else:
                await _heard(heard, NET_SECONDS)

    async def close(self) -> None:
        await self.backend.close()


async def _heard(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but no longer than this."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _backend(url: str) -> Backend:
    # Nobody needs the driver of the other one.
    if url.startswith("postgresql:"):
        from gateway.storage.postgres import Postgres

        return Postgres(url)
    from gateway.storage.sqlite import Sqlite

    return Sqlite(url)


def fields(row: Row[Any]) -> dict[str, Any]:
    """Map the row by column name, with plain `str` keys as msgspec needs them."""
    return {str(name): value for name, value in zip(row._fields, row, strict=True)}


async def announce(connection: AsyncConnection, topic: str, subject: str) -> None:
    """Write a change into the feed, within the transaction that makes it."""
    now = clock.now_ms()
    await connection.execute(insert(tables.changes).values(topic=topic, subject=subject, at=now))
    await connection.execute(delete(tables.changes).where(tables.changes.c.at < now - CHANGES_KEPT_MS))
    if connection.dialect.name == "postgresql":
        # This goes out with the commit, or not at all.
        await connection.exec_driver_sql(f"NOTIFY {tables.CHANNEL}")
