"""Migrations: every one goes up and down again, with data in the store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert

from gateway.storage import migrate, tables
from gateway.storage.database import Database
from gateway.storage.revisions import MIGRATIONS, newest

REVISIONS = sorted(path.stem[1:5] for path in (MIGRATIONS / "versions").glob("r*.py"))
WORKSPACE = {"id": "ws_1", "name": "mine", "mode": "live", "created_at": 1}


def kept(path: Path) -> tuple[list[tuple[str, ...]], set[str]]:
    """Read what stands in the store, and the schema in words."""
    with closing(sqlite3.connect(path)) as store:
        rows = store.execute("SELECT id, name FROM workspaces").fetchall()
        schema = {row[0] for row in store.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    return rows, {" ".join(one.split()) for one in schema}


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_store_of_every_schema_goes_up_and_down_with_its_data(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "persona.db"
    database = Database(f"sqlite:///{path}")
    await migrate.upgrade(database)
    async with database.write() as connection:
        await connection.execute(insert(tables.workspaces).values(WORKSPACE))
    await migrate.move(database, revision)
    assert await database.revision() == revision
    rows, schema = kept(path)
    assert rows == [("ws_1", "mine")]
    await migrate.upgrade(database)
    assert await database.revision() == newest()
    await migrate.move(database, revision)
    assert kept(path) == (rows, schema)
    await database.close()
