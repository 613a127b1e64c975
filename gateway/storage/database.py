"""Connections to the store: transactions for readers and writers, and the feed of what has changed."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import URL, Connection, Row, create_engine, delete, event, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from gateway import clock
from gateway.storage import revisions, tables
from gateway.storage.connection import AsyncConnection, AsyncEngine

POLL_SECONDS = 0.2
CHANGES_KEPT_MS = 3_600_000
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    # What is deleted is overwritten, so that a purged prompt is gone from the file too.
    "secure_delete=ON",
)

log = logging.getLogger("gateway.storage")


class Change(NamedTuple):
    """One write that other processes have to notice; the topic is `persona`, `key` or `workspace`."""

    topic: str
    subject: str


class StoreReplacedError(OSError):
    """Another file than the one that is open bears the store's name, or none does."""


class SchemaOutdatedError(Exception):
    """The store has another schema than this version of the product needs."""


class Database:
    """One SQLite file in WAL mode, with short transactions only."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.path = Path(url.removeprefix("sqlite:///"))
        self._engine = _engine(self.path)
        self.healthy = False
        """Whether the last look at the feed of changes succeeded."""
        self._writing = asyncio.Lock()
        self._position = 0
        self._file: tuple[int, int] | None = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view; what is written in it is rolled back."""
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that holds the write lock from its start and commits at its end."""
        # SQLite takes one writer at a time: the others wait without a connection that a reader could use.
        async with self._writing, self._engine.connect() as connection:
            await connection.execution_options(immediate=True)
            async with connection.begin():
                yield connection

    async def scrub(self) -> None:
        """Empty the write-ahead log, in which deleted text can be read; best effort while it is in use."""
        async with self._engine.connect() as connection:
            # No checkpoint is made within a transaction.
            await connection.execution_options(bare=True)
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def revision(self) -> str | None:
        """The revision of the schema in the store; `None` for an empty one, and where there is none."""
        if _identity(self.path) is None:
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
        """The number of the newest change so far."""
        async with self.read() as connection:
            return (await connection.execute(select(func.max(tables.changes.c.seq)))).scalar() or 0

    async def watch(self, position: int, on_change: Callable[[Sequence[Change]], None]) -> None:
        """Report each change after this position, within POLL_SECONDS, until cancelled.

        `PRAGMA data_version` moves with every commit of another connection: a quiet store costs one pragma.
        While the store cannot be read nothing is reported, so that answers go on from memory. An empty report
        means that everything may have changed, as after the file was replaced by another one.
        """
        self._position = position
        while True:
            try:
                async with self._engine.connect() as connection:
                    await self._follow(connection, on_change)
            except (SQLAlchemyError, sqlite3.Error, OSError) as error:
                if self.healthy:
                    log.warning("the store cannot be read: %s", type(error).__name__)
                self.healthy = False
                # Connections may hold on to a file that is there no more, and write into it.
                await self._engine.dispose()
                await asyncio.sleep(POLL_SECONDS)

    async def _follow(
        self, connection: AsyncConnection, on_change: Callable[[Sequence[Change]], None]
    ) -> None:
        seen: int | None = None
        changes = tables.changes.c
        newest = (await connection.execute(select(func.max(changes.seq)))).scalar() or 0
        file, before = _identity(self.path), self._file
        if newest < self._position or before not in (None, file):
            on_change([])
            self._position = newest
        self._file = file
        await connection.rollback()
        while True:
            if file is None or _identity(self.path) != file:
                raise StoreReplacedError
            # One step of the driver's thread, several times a second; by way of SQLAlchemy it would be nine.
            ((now,),) = await connection.driver.execute_fetchall("PRAGMA data_version")
            if now != seen:
                query = select(changes.seq, changes.topic, changes.subject).where(
                    changes.seq > self._position
                )
                rows = (await connection.execute(query.order_by(changes.seq))).all()
                await connection.rollback()
                if rows:
                    self._position = rows[-1].seq
                    on_change([Change(row.topic, row.subject) for row in rows])
                seen = now
            self.healthy = True
            await asyncio.sleep(POLL_SECONDS)

    async def close(self) -> None:
        await self._engine.dispose()


def fields(row: Row[Any]) -> dict[str, Any]:
    """The row by column name, with plain `str` keys as msgspec needs them."""
    return {str(name): value for name, value in zip(row._fields, row, strict=True)}


async def announce(connection: AsyncConnection, topic: str, subject: str) -> None:
    """Write a change into the feed, within the transaction that makes it."""
    now = clock.now_ms()
    await connection.execute(insert(tables.changes).values(topic=topic, subject=subject, at=now))
    await connection.execute(delete(tables.changes).where(tables.changes.c.at < now - CHANGES_KEPT_MS))


def _identity(path: Path) -> tuple[int, int] | None:
    """Tells one file from another of the same name; `None` where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _engine(path: Path) -> AsyncEngine:
    # Never makes a file: an empty store in the place of one that was moved away would hide that it is gone.
    url = URL.create(
        "sqlite+aiosqlite", database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"}
    )
    engine = create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": 10},
        # Errors would show prompts otherwise, and are logged.
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The driver's own BEGIN takes the write lock too late, which ends in "database is locked".
        options = connection.get_execution_options()
        if not options.get("bare", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("immediate", False) else "BEGIN")

    return AsyncEngine(engine)
