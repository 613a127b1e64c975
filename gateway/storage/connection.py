"""SQLAlchemy's engine can be awaited here.

`sqlalchemy.ext.asyncio` does the same and brings the ORM along, which nothing here uses: 6 MB in each
process and a tenth of the start.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, Engine, Executable, ScalarResult
from sqlalchemy.util.concurrency import greenlet_spawn

T = TypeVar("T")
# The type is in quotes: SQLAlchemy 2.0 has one parameter here, 2.1 any number.
Rows: TypeAlias = "CursorResult[*tuple[Any, ...]]"


class AsyncConnection:
    """Connects to the store; every step of it may wait for the driver."""

    def __init__(self, connection: Connection) -> None:
        self.sync_connection = connection

    @property
    def dialect(self) -> Dialect:
        return self.sync_connection.dialect

    @property
    def driver(self) -> Any:
        """The driver's own connection, which is asynchronous too."""
        return self.sync_connection.connection.driver_connection

    async def execution_options(self, **options: Any) -> None:
        await greenlet_spawn(self.sync_connection.execution_options, **options)

    async def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> Rows:
        return await greenlet_spawn(self.sync_connection.execute, statement, parameters)

    async def scalars(self, statement: Executable) -> ScalarResult[Any]:
        return (await self.execute(statement)).scalars()

    async def exec_driver_sql(
        self, statement: str, parameters: Sequence[tuple[Any, ...]] | None = None
    ) -> Rows:
        return await greenlet_spawn(self.sync_connection.exec_driver_sql, statement, parameters)

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        """Call a function that knows nothing of asyncio."""
        return await greenlet_spawn(function, self.sync_connection)

    async def rollback(self) -> None:
        await greenlet_spawn(self.sync_connection.rollback)

    async def discard(self) -> None:
        """Let nobody have the driver's connection after this one, as it is not what it was."""
        await greenlet_spawn(self.sync_connection.invalidate)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[None]:
        """Open a transaction that commits at its end, or rolls back on an exception."""
        transaction = await greenlet_spawn(self.sync_connection.begin)
        try:
            yield
        except BaseException as error:
            await greenlet_spawn(transaction.__exit__, type(error), error, error.__traceback__)
            raise
        await greenlet_spawn(transaction.__exit__, None, None, None)


class AsyncEngine:
    """Connections of an engine whose driver is asynchronous."""

    def __init__(self, engine: Engine) -> None:
        self.sync_engine = engine

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        connection: Connection = await greenlet_spawn(self.sync_engine.connect)
        try:
            yield AsyncConnection(connection)
        finally:
            await _whole(greenlet_spawn(connection.close))

    async def dispose(self) -> None:
        await greenlet_spawn(self.sync_engine.dispose)


async def _whole(closing: Coroutine[Any, Any, None]) -> None:
    """Close to the end even if cancelled: half closed, a connection would keep its lock on the store."""
    task = asyncio.ensure_future(closing)
    cancelled = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
