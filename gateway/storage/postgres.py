"""PostgreSQL is a server that many machines share, with one writer at a time, as in a file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import Column, ColumnElement, Connection, String, create_engine, event, text, true
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler
from sqlalchemy.exc import DBAPIError

from gateway.storage import tables
from gateway.storage.backend import Mark
from gateway.storage.connection import AsyncConnection, AsyncEngine
from gateway.storage.failure import StoreUnavailable, sqlstate
from gateway.storage.tables.schema import tell_postgres

CONNECT_SECONDS = 5
COMMAND_SECONDS = 60
"""Seconds after which a statement is given up, since a server that is cut off does not say so."""
WRITE_LOCK = 0x706572736F6E61
"""The advisory lock that a writer holds to the end of its transaction."""
LOCK_MS = 100
"""Milliseconds in the queue for that lock before the writer looks whether it is still wanted."""
LOCK = (
    f"SELECT set_config('lock_timeout', '{LOCK_MS}', true), pg_advisory_xact_lock({WRITE_LOCK}), "
    "set_config('lock_timeout', '0', true)"
)
LOCKED = "55P03"
OF_THE_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""The last one comes of a server that stops in the middle of a statement."""
PULSE_SECONDS = 3
"""Seconds after which the connection that changes are followed on is given up: it would hide what is new."""
PULSE = "SELECT pg_current_snapshot()::text"


class Postgres:
    """Reaches one database, as a `Backend`.

    Writers hold one advisory lock. So a transaction finds what it has read unchanged when it writes, rows are
    committed in the order of their numbers, and two gateways never migrate at once.
    """

    def __init__(self, url: str) -> None:
        tell_postgres()
        parts = urlsplit(url)
        self.place = f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._url = url
        self.readers = self._engine(writes=False)
        self.writers = self._engine(writes=True)

    def is_busy(self, error: Exception) -> bool:
        return isinstance(error, DBAPIError) and sqlstate(error) == LOCKED

    def identity(self) -> Mark | None:
        # Which database answers at this address is the server's affair; a feed notices a lost place.
        return (self._url,)

    async def pulse(self, connection: AsyncConnection) -> object:
        # This goes past SQLAlchemy, so that no transaction begins that would see the same state for ever.
        try:
            return await connection.driver.fetchval(PULSE, timeout=PULSE_SECONDS)
        except (*OF_THE_DRIVER, OSError) as error:
            raise StoreUnavailable(_plain(error)) from error

    @asynccontextmanager
    async def listening(self, connection: AsyncConnection) -> AsyncIterator[asyncio.Event]:
        driver, heard = connection.driver, asyncio.Event()

        def hear(*_: object) -> None:
            heard.set()

        driver.add_termination_listener(hear)
        try:
            await driver.add_listener(tables.CHANNEL, hear)
            yield heard
        except (*OF_THE_DRIVER, OSError) as error:
            raise StoreUnavailable(_plain(error)) from error
        finally:
            driver.remove_termination_listener(hear)
            # Nobody else is to be told on it, and if it is dead it would not answer to that.
            driver.terminate()
            await connection.discard()

    def settled(self, seq: Column[int]) -> ColumnElement[bool]:
        # The writers' lock sees to it that rows are committed in the order of their numbers.
        return true()

    @asynccontextmanager
    async def limited(self, connection: AsyncConnection, seconds: float) -> AsyncIterator[None]:
        # It holds to the end of the transaction, which a reader's connection rolls back.
        await connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
        yield

    def create(self) -> bool:
        """Leave that to whoever runs the server: a database has an owner, an encoding and a place."""
        return False

    async def scrub(self) -> None:
        """Leave that to the server's own vacuum."""

    async def vacuum(self) -> None:
        """Leave that to the server's own vacuum."""

    async def close(self) -> None:
        await self.readers.dispose()
        await self.writers.dispose()

    def _engine(self, *, writes: bool) -> AsyncEngine:
        engine = create_engine(
            "postgresql+asyncpg://",
            connect_args={"async_creator_fn": self._connect, "prepared_statement_cache_size": 0},
            isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
            pool_pre_ping=True,
            # Errors are logged, and would show prompts otherwise.
            hide_parameters=True,
        )
        engine.dialect.ddl_compiler = _ByteOrder

        @event.listens_for(engine, "begin")
        def start(connection: Connection) -> None:
            if writes:
                connection.exec_driver_sql(LOCK)

        return AsyncEngine(engine)

    async def _connect(self, *_: Any, **__: Any) -> "asyncpg.Connection[asyncpg.Record]":
        # Statements are not kept from one transaction to the next, so that a pooler may stand in between.
        try:
            return await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                command_timeout=COMMAND_SECONDS,
                statement_cache_size=0,
                server_settings={"application_name": "persona-gateway"},
            )
        except (*OF_THE_DRIVER, OSError, TimeoutError, ValueError) as error:
            raise StoreUnavailable(f"{self.place} does not answer: {_plain(error)}") from error


class _ByteOrder(PGDDLCompiler):
    """Texts are compared byte by byte, as SQLite does: ids and slugs are listed in that order."""

    def get_column_specification(self, column: Column[Any], **kwargs: Any) -> str:
        written: str = super().get_column_specification(column, **kwargs)  # type: ignore[no-untyped-call]
        return f'{written} COLLATE "C"' if isinstance(column.type, String) else written


def _plain(error: Exception) -> str:
    return str(error) or type(error).__name__
