"""Bring the store to the newest schema; only the parent process and `persona db upgrade` call this."""

from pathlib import Path

from gateway.storage.database import HEAD, Database, SchemaOutdatedError

MIGRATIONS = Path(__file__).with_name("migrations")


async def upgrade(database: Database) -> bool:
    """Migrate where needed; whether anything was to be done. Makes the store where there is none.

    Raises SchemaOutdatedError on a newer store, and OSError, which says more than the database does about a
    file that cannot be written.
    """
    _make_file(database.path)
    revision = await database.revision()
    if revision == HEAD:
        return False
    if revision is not None and revision > HEAD:
        raise SchemaOutdatedError(f"the store has schema {revision}, newer than this version's {HEAD}")
    # Alembic costs 0.4 s to import, so it is touched only when there is something to migrate.
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    async with database.write() as connection:
        settings.attributes["connection"] = connection.sync_connection
        await connection.run_sync(lambda _: command.upgrade(settings, "head"))
    return True


def _make_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.open("ab").close()
