"""A store of the test's own, with the schema and two workspaces in it, and an engine for its work."""

import asyncio
import functools
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.auth import store as auth
from gateway.auth.keys import Workspace
from gateway.config import Store
from gateway.storage import migrate
from gateway.storage.database import Database
from gateway.work.engine import Engine

NAME = "persona.db"
"""The name of the file that a gateway makes where nothing else is said."""
ENGINE = "persona.work.db"
"""The name of the file in which it keeps what steps of work have given."""


@functools.cache
def empty() -> bytes:
    """Return a SQLite store of the newest schema with nothing in it, migrated once for each process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        migrated(f"sqlite:///{path}")
        return path.read_bytes()


@functools.cache
def empty_engine() -> bytes:
    """Return the file of an engine that has done no work yet, made once for each process."""
    with tempfile.TemporaryDirectory() as folder:
        laid_out(f"sqlite:///{Path(folder) / NAME}")
        return (Path(folder) / ENGINE).read_bytes()


def migrated(url: str) -> None:
    """Bring the store to the newest schema."""
    _apart(_migrate(url))


def laid_out(url: str) -> None:
    """Let the engine that does work make its tables and its queue beside the store.

    It looks for a queue once in a second, so that the first work in a new store waits so long.
    """
    _apart(_lay_out(url))


def _apart(job: Coroutine[Any, Any, None]) -> None:
    """Run this in a thread, since a test may have an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, job).result()


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate.upgrade(database)
    await database.close()


async def _lay_out(url: str) -> None:
    async def perform(_work_id: str, _attempt: int) -> None:
        raise AssertionError("there is no work yet")

    with pytest.MonkeyPatch.context() as patch:
        # It ends only once its threads have looked again.
        patch.setattr("gateway.work.engine.RARELY", 0.05)
        engine = Engine(Store(url=url), "wrk_0", 1, perform)
        await engine.launch()
        await engine.close()


def put_empty(folder: Path) -> None:
    """Put an empty store where a gateway in this folder would make its own, which takes it longer."""
    _put(folder / NAME, empty)


def put_empty_engine(folder: Path) -> None:
    """Put an engine's file beside the store of a gateway that will have work to do."""
    _put(folder / ENGINE, empty_engine)


def _put(path: Path, content: Callable[[], bytes]) -> None:
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(content())


@asynccontextmanager
async def opened(place: Path | str) -> AsyncIterator[Database]:
    """Open the database in a folder or at a URL, migrated."""
    if isinstance(place, Path):
        put_empty(place)
    database = Database(place if isinstance(place, str) else f"sqlite:///{place / NAME}")
    try:
        await migrate.upgrade(database)
        yield database
    finally:
        await database.close()


async def workspaces(database: Database) -> tuple[Workspace, Workspace]:
    """Make a live workspace and a test one."""
    async with database.write() as connection:
        return (
            await auth.create_workspace(connection, "mine", "live"),
            await auth.create_workspace(connection, "theirs", "test"),
        )
