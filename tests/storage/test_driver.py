"""SQLite's driver takes a statement in one step of its thread, and is otherwise as SQLAlchemy's own."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import OperationalError

from gateway.storage import felt, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import UnfitError
from gateway.storage.sqlite import Sqlite
from tests.fakes.store import opened

PROPERTY = tables.properties.c


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(tmp_path) as database:
        yield database


async def put(database: Database, *names: str) -> None:
    rows = [{"name": name, "value": "1"} for name in names]
    async with database.write() as connection:
        await connection.execute(insert(tables.properties), rows)


async def test_a_statement_is_one_step_and_begins_what_it_reads_in(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, "one", "two")
    steps = 0
    async with database.read() as connection:
        take = connection.driver._execute

        async def execute(*arguments: Any) -> Any:
            nonlocal steps
            steps += 1
            return await take(*arguments)

        monkeypatch.setattr(connection.driver, "_execute", execute)
        found = (
            await connection.scalars(select(PROPERTY.name).where(PROPERTY.name.in_(["one", "two"])))
        ).all()
        assert sorted(found) == ["one", "two"]
        assert steps == 1


async def test_a_reader_sees_the_state_of_its_first_statement(database: Database) -> None:
    query = select(PROPERTY.name).where(PROPERTY.name.in_(["early", "late"]))
    async with database.read() as connection:
        await put(database, "early")
        assert list(await connection.scalars(query)) == ["early"]
        await put(database, "late")
        assert list(await connection.scalars(query)) == ["early"]
    async with database.read() as connection:
        assert sorted(await connection.scalars(query)) == ["early", "late"]


async def test_what_a_reader_writes_is_rolled_back(database: Database) -> None:
    async with database.read() as connection:
        await connection.execute(insert(tables.properties).values(name="one", value="1"))
    async with database.read() as connection:
        query = select(PROPERTY.name).where(PROPERTY.name == "one")
        assert (await connection.execute(query)).first() is None


async def test_changed_rows_are_counted_and_returned(database: Database) -> None:
    await put(database, "one", "two")
    mine = PROPERTY.name.in_(["one", "two", "three"])
    async with database.write() as connection:
        changed = await connection.execute(update(tables.properties).where(mine).values(value="2"))
        assert changed.rowcount == 2
        gone = await connection.execute(delete(tables.properties).where(mine).returning(PROPERTY.name))
        assert sorted(gone.scalars()) == ["one", "two"]


async def test_a_statement_that_fails_leaves_its_connection_to_others(database: Database) -> None:
    with pytest.raises(OperationalError):
        async with database.backend.readers.connect() as connection:
            await connection.exec_driver_sql("SELECT nothing FROM nowhere")
    with pytest.raises(UnfitError):
        await put(database, "twice", "twice")
    await put(database, "twice")
    async with database.read() as connection:
        query = select(PROPERTY.value).where(PROPERTY.name == "twice")
        assert (await connection.execute(query)).scalar() == "1"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collect what connections were told when they asked for commits; no time is too long to go by files."""
    found: list[object] = []
    version = Sqlite._version

    async def told(backend: Sqlite, connection: AsyncConnection) -> object:
        found.append(await version(backend, connection))
        return found[-1]

    monkeypatch.setattr(Sqlite, "_version", told)
    monkeypatch.setattr(felt, "SURE_SECONDS", 1e9)
    return found


async def test_a_store_in_which_nobody_writes_is_not_asked(
    database: Database, tmp_path: Path, asked: list[object]
) -> None:
    await put(database, "one")
    log = tmp_path / "persona.db-wal"
    os.utime(log, (1e9, 1e9))
    async with database.pulsing() as pulse:
        first = await pulse()
        assert [await pulse() for _ in range(3)] == [first] * 3
        assert len(asked) == 1
        await put(database, "two")
        assert await pulse() != first


async def test_a_commit_in_the_tick_of_the_one_before_is_felt(
    database: Database, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = (1, 1, time.time_ns())
    monkeypatch.setattr(Sqlite, "_log_mark", lambda _: mark)
    async with database.pulsing() as pulse:
        first = await pulse()
        await put(database, "one")
        assert await pulse() != first
    assert len(asked) == 2
