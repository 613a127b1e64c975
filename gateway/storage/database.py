"""The store is reached here: transactions for readers and writers, and the feed of what has changed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Column, Row, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.storage import revisions
from gateway.storage.backend import Backend, Mark
from gateway.storage.connection import AsyncConnection
from gateway.storage.failure import SchemaOutdatedError, StoreUnavailable, WriterLeft, told_plainly
from gateway.storage.feed import Feed

WRITE_SECONDS = 10.0
"""Seconds that a write may wait, for the writers before it in this process and in others together."""
ASK_SECONDS = 0.05
"""Seconds of the longest pause before a writer asks again for a lock that another process has."""
log = logging.getLogger("gateway.storage")


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
        self.identity: Mark | None = None
        """The store whose changes were last looked for, by which another one in its place is known."""

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

    async def close(self) -> None:
        await self.backend.close()


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
