"""The store is brought to the newest schema here; only the parent process and `persona db upgrade` do so."""

from typing import Any

from gateway.storage.database import Database
from gateway.storage.failure import SchemaOutdatedError
from gateway.storage.revisions import MIGRATIONS, newest


async def upgrade(database: Database) -> bool:
    """Migrate where needed, and tell whether it was. Makes the store where there is none.

    Raises SchemaOutdatedError on a newer store, and OSError, which says more than the database does about
    a file that cannot be written.
    """
    was_made = database.backend.create()
    revision = await database.revision()
    if revision == newest():
        return was_made
    if revision is not None and revision > newest():
        raise SchemaOutdatedError(f"the store has schema {revision}, newer than this version's {newest()}")
    await move(database, newest())
    return True


async def move(database: Database, revision: str) -> None:
    """Bring the schema up or down to this revision, in one transaction."""
    # Alembic costs 0.4 s to import, so it is touched only when there is something to migrate.
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    goes_down = (await database.revision() or "") > revision

    def run(_: Any) -> None:
        (command.downgrade if goes_down else command.upgrade)(settings, revision)

    async with database.write() as connection:
        settings.attributes["connection"] = connection.sync_connection
        await connection.run_sync(run)
