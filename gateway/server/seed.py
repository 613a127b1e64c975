"""A store holds these things before anybody has written to it."""

from gateway import __version__
from gateway.auth import store as auth
from gateway.auth.keys import Hasher, Workspace
from gateway.auth.scopes import SCOPES
from gateway.personas.slug import DEMO
from gateway.personas.store import personas
from gateway.storage import migrate, properties
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database

FIRST_KEY = "first key"
SEEDED = "seeded"
"""The property of a store that has got the demos; a store that was emptied later is left empty."""


async def prepare(database: Database) -> bool:
    """Make the store where there is none, bring its schema up to date, and see that it has a workspace.

    Tells whether the schema was changed. Raises SchemaOutdatedError for a store that a newer version has
    written, and OSError for a file that cannot be written.
    """
    changed = await migrate.upgrade(database)
    async with database.read() as connection:
        found = await auth.workspace(connection, auth.DEFAULT_WORKSPACE)
    if found is None:
        async with database.write() as connection:
            await _default(connection)
    return changed


async def seed(database: Database, hasher: Hasher) -> str | None:
    """Give a new store the demo personas, and one without keys its first key; returns its text, else `None`.

    The first key has every scope and the operator flag. Expects a store that `prepare` has seen.
    """
    async with database.read() as connection:
        is_seeded = await properties.find(connection, SEEDED) is not None
        if is_seeded and await auth.has_keys(connection):
            return None
    # Only a new store needs the YAML library.
    from gateway.personas import files

    async with database.write() as connection:
        workspace = await _default(connection)
        if not is_seeded and await personas.is_empty(connection):
            for draft in files.demo():
                await personas.push(connection, draft, Actor(workspace.id))
        await properties.put(connection, SEEDED, __version__)
        if await auth.has_keys(connection):
            return None
        _, text = await auth.create_key(
            connection, hasher, workspace, name=FIRST_KEY, scopes=list(SCOPES), operator=True
        )
    return text


async def slugs(database: Database) -> list[str]:
    """List the personas of the default workspace by slug, the demos first."""
    async with database.read() as connection:
        workspace = await _default(connection)
        found = [one.profile.slug for one in await personas.everything(connection, workspace.id)]
    return [slug for slug in DEMO if slug in found] + [slug for slug in found if slug not in DEMO]


async def _default(connection: AsyncConnection) -> Workspace:
    found = await auth.workspace(connection, auth.DEFAULT_WORKSPACE)
    return found or await auth.create_workspace(connection, auth.DEFAULT_WORKSPACE, "live")
