"""A store of the test's own, with the schema and two workspaces in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.auth import store as auth
from gateway.auth.keys import Workspace
from gateway.storage import migrate
from gateway.storage.database import Database


@asynccontextmanager
async def opened(place: Path | str) -> AsyncIterator[Database]:
    """Open the database in a folder or at a URL, migrated."""
    database = Database(place if isinstance(place, str) else f"sqlite:///{place / 'persona.db'}")
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
