"""A store of the test's own, with the schema and two workspaces in it."""

import asyncio
import functools
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.auth import store as auth
from gateway.auth.keys import Workspace
from gateway.storage import migrate
from gateway.storage.database import Database

NAME = "persona.db"
"""The name of the file that a gateway makes where nothing else is said."""


@functools.cache
def empty() -> bytes:
    """Return a SQLite store of the newest schema with nothing in it, migrated once for each process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        migrated(f"sqlite:///{path}")
        return path.read_bytes()


def migrated(url: str) -> None:
    """Bring the store to the newest schema, in a thread, since a test may have an event loop of its own."""
    thread = threading.Thread(target=lambda: asyncio.run(_migrate(url)))
    thread.start()
    thread.join()


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate.upgrade(database)
    await database.close()


def put_empty(folder: Path) -> None:
    """Put an empty store where a gateway in this folder would make its own, which takes it longer."""
    path = folder / NAME
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(empty())


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
