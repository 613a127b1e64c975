"""What a store holds before anybody has written to it."""

from gateway.auth import store as auth
from gateway.auth.keys import Hasher, Workspace
from gateway.auth.scopes import SCOPES
from gateway.personas import files
from gateway.personas import store as personas
from gateway.storage import migrate
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database

FIRST_KEY = "first key"


async def prepare(database: Database) -> bool:
    """Make the store where there is none, bring its schema up to date, and see that it has a workspace.

    Whether the schema was changed. Raises SchemaOutdatedError for a store that a newer version has written,
    and OSError for a file that cannot be written.
    """
    changed = await migrate.upgrade(database)
    async with database.read() as connection:
        found = await auth.workspace(connection, auth.DEFAULT_WORKSPACE)
    if found is None:
        async with database.write() as connection:
            await _default(connection)
    return changed


async def seed(database: Database, hasher: Hasher) -> str | None:
    """Give a store without personas the demos, and one without keys its first; that key's text, else `None`.

    The first key has every scope and the operator flag. Expects a store that `prepare` has seen.
    """
    async with database.read() as connection:
        if await auth.has_keys(connection) and not await personas.is_empty(connection):
            return None
    async with database.write() as connection:
        workspace = await _default(connection)
        if await personas.is_empty(connection):
            for draft in files.demo():
                await personas.push(connection, draft, Actor(workspace.id))
        if await auth.has_keys(connection):
            return None
        _, text = await auth.create_key(
            connection, hasher, workspace, name=FIRST_KEY, scopes=list(SCOPES), operator=True
        )
    return text


async def _default(connection: AsyncConnection) -> Workspace:
    found = await auth.workspace(connection, auth.DEFAULT_WORKSPACE)
    return found or await auth.create_workspace(connection, auth.DEFAULT_WORKSPACE, "live")
