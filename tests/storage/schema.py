"""`make schema` prints how a store is made that has gone through all migrations, one by one."""

import asyncio
import sys
import tempfile
from pathlib import Path

from gateway.storage import migrate
from gateway.storage.database import Database
from gateway.storage.founding import written
from gateway.storage.revisions import newest


async def migrated(path: Path, revision: str) -> str:
    """Bring the empty file to this revision by migrations alone, and tell how it was made."""
    database = Database(f"sqlite:///{path}")
    try:
        await migrate.move(database, revision)
    finally:
        await database.close()
    return written(path)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "persona.db"
        place.touch()
        sys.stdout.write(asyncio.run(migrated(place, newest())))
