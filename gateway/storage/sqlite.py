"""SQLite is one file in WAL mode that all processes open, with one writer at a time."""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Column, ColumnElement, Connection, create_engine, event, true
from sqlalchemy.exc import OperationalError

from gateway.storage import tables
from gateway.storage.backend import Mark
from gateway.storage.connection import AsyncConnection, AsyncEngine
from gateway.storage.driver import driver
from gateway.storage.failure import StoreUnavailable
from gateway.storage.felt import Felt
from gateway.storage.founding import found

WAIT_MS = 10_000
"""Milliseconds that a reader waits for a lock that another process has on the whole file."""
AGAIN_SECONDS = 0.005
SCRUB_MS = 1_000
PAGES = 250
"""Pages of an index that are written at once."""
MERGE_SECONDS = 1.0
STEPS = 1_000
"""Instructions of SQLite's machine between two looks at a time limit."""
BUSY = 5
READ, WRITE = "BEGIN", "BEGIN IMMEDIATE"
"""A reader sees one state, and a writer holds the lock from its start."""
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    # Deleted content is overwritten, so that a purged prompt is gone from the file too.
    "secure_delete=ON",
)

log = logging.getLogger("gateway.storage")


class Sqlite:
    """One file; a `Backend`."""

    def __init__(self, url: str) -> None:
        self.path = Path(url.removeprefix("sqlite:///"))
        self.place = str(self.path)
        self.readers = _engine(self.path, READ, WAIT_MS)
        # A writer that finds the lock taken asks again from the event loop, where it can be given up.
        self.writers = _engine(self.path, WRITE, 0)
        self._log = f"{self.path}-wal"
        self._felt: WeakKeyDictionary[Any, Felt] = WeakKeyDictionary()
        """What each connection has felt last."""
        self._scrubbing = asyncio.Lock()
        self._asked = self._scrubbed = 0

    def is_busy(self, error: Exception) -> bool:
        code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
        return isinstance(error, OperationalError) and code & 0xFF == BUSY

    def identity(self) -> Mark | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    async def pulse(self, connection: AsyncConnection) -> object:
        driver = connection.driver
        felt, mark = self._felt.get(driver), self._log_mark()
        if felt is not None and felt.holds(mark):
            return felt.version
        version = await self._version(connection)
        self._felt[driver] = Felt(mark, version)
        return version

    def _log_mark(self) -> Mark | None:
        """Return what the system notes of the log, into which every commit writes; no disk is read for it."""
        try:
            found = os.stat(self._log)  # noqa: PTH116 - it is done ten times a second
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    async def _version(self, connection: AsyncConnection) -> object:
        # This is one step of the driver's thread; SQLAlchemy would make it nine.
        try:
            ((now,),) = await connection.driver.execute_fetchall("PRAGMA data_version")
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error
        return now

    @asynccontextmanager
    async def listening(self, _connection: AsyncConnection) -> AsyncIterator[None]:
        yield None

    def settled(self, seq: Column[int]) -> ColumnElement[bool]:
        # There is one writer at a time, so that rows are committed in the order of their numbers.
        return true()

    @asynccontextmanager
    async def limited(self, connection: AsyncConnection, seconds: float) -> AsyncIterator[None]:
        end, driver = time.monotonic() + seconds, connection.driver
        await driver.set_progress_handler(lambda: time.monotonic() > end, STEPS)
        try:
            yield
        finally:
            await driver.set_progress_handler(None, 0)

    def create(self) -> bool:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.open("ab").close()
        return self.path.stat().st_size == 0 and found(self.path)

    async def scrub(self) -> None:
        """Write the indexes anew, which keep deleted words, and empty the log, in which they can be read.

        Whoever comes while another is at it waits, and one more time does for all who wait.
        """
        self._asked += 1
        mine = self._asked
        async with self._scrubbing:
            if self._scrubbed < mine:
                asked = self._asked
                await self._scrub()
                self._scrubbed = asked

    async def _scrub(self) -> None:
        async with self.readers.connect() as connection:
            # No checkpoint is made within a transaction.
            await connection.execution_options(bare=True)
            try:
                await connection.exec_driver_sql(f"PRAGMA busy_timeout={SCRUB_MS}")
                for table in (tables.persona_words, tables.message_words):
                    await _merge(connection, table.name)
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            except OperationalError as error:
                if not self.is_busy(error):
                    raise
                log.info("deleted words stay in the file until the next time: others write")
            finally:
                await connection.exec_driver_sql(f"PRAGMA busy_timeout={WAIT_MS}")

    async def vacuum(self) -> None:
        async with self.readers.connect() as connection:
            await connection.execution_options(bare=True)
            await connection.exec_driver_sql("VACUUM")
        await self.scrub()

    async def close(self) -> None:
        await self.readers.dispose()
        await self.writers.dispose()


async def _merge(connection: AsyncConnection, name: str) -> None:
    """Merge the parts of an index, so that words of deleted rows go; others may write between two pieces.

    What is not done in time is done as more is written, or the next time.
    """
    merge, changes = f"INSERT INTO {name}({name}, rank) VALUES ('merge', -{PAGES})", "SELECT total_changes()"  # noqa: S608
    end = time.monotonic() + MERGE_SECONDS
    while time.monotonic() < end:
        before = (await connection.exec_driver_sql(changes)).scalar() or 0
        await connection.exec_driver_sql(merge)
        # One change is the statement itself.
        if ((await connection.exec_driver_sql(changes)).scalar() or 0) - before < 2:
            return


def _engine(path: Path, begin: str, wait_ms: int) -> AsyncEngine:
    # This never makes a file: an empty store in the place of one that was moved away would hide that it is
    # gone.
    url = URL.create(
        "sqlite+aiosqlite", database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"}
    )
    engine = create_engine(
        url,
        module=driver(),
        connect_args={"isolation_level": None, "timeout": wait_ms / 1000},
        # Errors are logged, and would show prompts otherwise.
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        _stop_once(connection.driver_connection)
        try:
            connection.run_async(lambda driver: _prepare(driver, wait_ms / 1000))
        except sqlite3.DatabaseError as error:
            # SQLAlchemy does not translate an error that is raised here.
            raise OperationalError("PRAGMA", None, error) from error

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        if connection.get_execution_options().get("bare", False):
            return
        if begin == READ:
            # It sees one state from its first statement on, and can wait for it.
            connection.connection.dbapi_connection.begin_with_next(begin)  # type: ignore[union-attr]
        else:
            # The driver's own BEGIN takes the write lock too late, which ends in "database is locked".
            connection.exec_driver_sql(begin)

    return AsyncEngine(engine)


def _stop_once(driver: Any) -> None:
    """Have the driver's thread told only once to stop.

    A connection that is closed and given up at the same time would tell it twice, and wait for ever for the
    second answer of a thread that has ended.
    """
    stop, told = driver.stop, False

    def stop_once() -> Any:
        nonlocal told
        if told:
            return None
        told = True
        return stop()

    driver.stop = stop_once


async def _prepare(driver: Any, seconds: float) -> None:
    """Set up a new connection, and wait this long for others that set up theirs on a new file."""
    end = time.monotonic() + seconds
    for pragma in PRAGMAS:
        while True:
            try:
                await driver.execute_fetchall(f"PRAGMA {pragma}")
                break
            except sqlite3.OperationalError as error:
                # SQLite refuses at once, whatever its timeout, where two switch a file to WAL together.
                if error.sqlite_errorcode & 0xFF != BUSY or time.monotonic() > end:
                    raise
            await asyncio.sleep(AGAIN_SECONDS)
