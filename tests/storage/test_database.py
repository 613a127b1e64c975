"""The store: one writer at a time, changes that others notice, and a schema that is what the tables say."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, delete, func, insert, inspect, select, text

from gateway import clock
from gateway.storage import changes, migrate, sqlite, tables
from gateway.storage.changes import Change, announce
from gateway.storage.database import Database, fields
from gateway.storage.failure import SchemaOutdatedError, UnfitError
from gateway.storage.revisions import MIGRATIONS, newest
from gateway.turns.store import turns


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "POLL_SECONDS", 0.001)


class Watcher:
    """Records what a watch reports."""

    def __init__(self, database: Database, position: int) -> None:
        self.reports: asyncio.Queue[list[Change]] = asyncio.Queue()
        self.task = asyncio.ensure_future(changes.watch(database, position, self._note))

    def _note(self, changes: Sequence[Change]) -> None:
        self.reports.put_nowait(list(changes))

    async def next(self) -> list[Change]:
        async with asyncio.timeout(25):
            return await self.reports.get()

    async def come_round(self, other: Database) -> None:
        """See two changes one by one, between which the watch has looked at the store once more."""
        for subject in ("psn_1", "psn_2"):
            await change(other, subject)
            assert await self.next() == [Change("persona", subject)]

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def watcher(database: Database) -> AsyncIterator[Watcher]:
    found = Watcher(database, await changes.position(database))
    yield found
    await found.stop()


async def change(database: Database, *subjects: str, topic: str = "persona") -> None:
    async with database.write() as connection:
        for subject in subjects:
            await announce(connection, topic, subject)


async def change_and_fail(database: Database) -> None:
    async with database.write() as connection:
        await announce(connection, "persona", "psn_1")
        raise ValueError("no")


async def counted(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(tables.changes))).scalar() or 0


async def test_another_connection_s_change_is_reported(watcher: Watcher, other: Database) -> None:
    await change(other, "psn_1")
    assert await watcher.next() == [Change("persona", "psn_1")]
    await change(other, "pk_live_1", topic="key")
    assert await watcher.next() == [Change("key", "pk_live_1")]


async def test_changes_of_one_transaction_are_reported_together_and_in_order(
    watcher: Watcher, other: Database
) -> None:
    await change(other, "b", "a", "c")
    assert await watcher.next() == [Change("persona", subject) for subject in "bac"]


async def test_our_own_change_is_reported_too(watcher: Watcher, database: Database) -> None:
    await change(database, "psn_1")
    assert await watcher.next() == [Change("persona", "psn_1")]


async def test_what_was_rolled_back_is_not_reported(watcher: Watcher, other: Database) -> None:
    with pytest.raises(ValueError, match="no"):
        await change_and_fail(other)
    await change(other, "psn_2")
    assert await watcher.next() == [Change("persona", "psn_2")]


async def test_a_change_between_the_position_and_the_watch_is_reported(
    database: Database, other: Database
) -> None:
    await change(other, "psn_0")
    position = await changes.position(database)
    await change(other, "psn_1")
    watcher = Watcher(database, position)
    assert await watcher.next() == [Change("persona", "psn_1")]
    await watcher.stop()


async def test_a_store_that_is_older_than_our_position_means_that_all_may_have_changed(
    database: Database, other: Database
) -> None:
    await change(other, "psn_1")
    watcher = Watcher(database, 1000)
    assert await watcher.next() == []
    await change(other, "psn_2")
    assert await watcher.next() == [Change("persona", "psn_2")]
    await watcher.stop()


async def test_a_store_that_fails_is_followed_again(
    watcher: Watcher, database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watcher.come_round(other)
    assert database.healthy
    failed = asyncio.Event()

    async def fail(*_: object) -> None:
        failed.set()
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(changes, "_follow", fail)
        async with other.write() as connection:
            # The table is looked at only when something was written.
            await connection.execute(text("ALTER TABLE changes RENAME TO gone"))
        async with asyncio.timeout(25):
            await failed.wait()
        assert not database.healthy
        async with other.write() as connection:
            await connection.execute(text("ALTER TABLE gone RENAME TO changes"))
    await watcher.come_round(other)
    assert database.healthy


async def test_changes_are_kept_for_an_hour(other: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now_ms()
    await change(other, "a", "b")
    monkeypatch.setattr(clock, "now_ms", lambda: now + changes.CHANGES_KEPT_MS - 1000)
    await change(other, "c")
    assert await counted(other) == 3
    monkeypatch.setattr(clock, "now_ms", lambda: now + changes.CHANGES_KEPT_MS + 10_000)
    await change(other, "d")
    assert await counted(other) == 2
    assert await changes.position(other) == 4


async def test_numbers_of_changes_are_never_used_again(database: Database) -> None:
    await change(database, "a", "b")
    async with database.write() as connection:
        await connection.execute(delete(tables.changes))
    await change(database, "c")
    assert await changes.position(database) == 3


async def test_writers_wait_for_each_other(database: Database, other: Database) -> None:
    async def count_up(store: Database) -> None:
        for _ in range(10):
            async with store.write() as connection:
                query = select(func.count()).select_from(tables.workspaces)
                number = (await connection.execute(query)).scalar()
                await asyncio.sleep(0)
                row = {"id": f"ws_{number}", "name": str(number), "mode": "live", "created_at": 0}
                await connection.execute(insert(tables.workspaces).values(row))

    await asyncio.gather(*[count_up(store) for store in (database, other, database, other)])
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(tables.workspaces))).scalar() == 40


async def test_a_reader_sees_one_state_and_holds_up_no_writer(database: Database, other: Database) -> None:
    async with database.read() as connection:
        query = select(func.count()).select_from(tables.changes)
        assert (await connection.execute(query)).scalar() == 0
        await change(other, "psn_1")
        assert (await connection.execute(query)).scalar() == 0
    assert await counted(database) == 1


async def test_what_is_written_in_a_read_is_rolled_back(database: Database) -> None:
    async with database.read() as connection:
        await announce(connection, "persona", "psn_1")
    assert await counted(database) == 0


async def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ValueError, match="no"):
        await change_and_fail(database)
    assert await counted(database) == 0


async def test_foreign_keys_are_enforced(database: Database) -> None:
    row = {"persona_id": "psn_0", "name": "beta", "number": 1, "updated_at": 0}
    with pytest.raises(UnfitError):
        async with database.write() as connection:
            await connection.execute(insert(tables.labels).values(row))


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1)]
)
async def test_every_connection_is_set_up(database: Database, pragma: str, value: object) -> None:
    async with database.read() as connection:
        assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_scrubbing_leaves_a_store_to_whoever_writes(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SCRUB_MS", 1)
    async with other.write():
        await database.scrub()
    async with database.read() as connection:
        assert (await connection.execute(text("PRAGMA busy_timeout"))).scalar() == sqlite.WAIT_MS


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_all_who_wait_are_scrubbed_for_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = []

    async def scrub() -> None:
        rounds.append(1)
        for _ in range(20):
            await asyncio.sleep(0)

    monkeypatch.setattr(database.backend, "_scrub", scrub)
    await asyncio.gather(*(database.scrub() for _ in range(10)))
    assert len(rounds) == 2


async def test_a_row_is_told_by_column_name(database: Database) -> None:
    async with database.read() as connection:
        (row,) = await connection.execute(text("SELECT 1 AS a, 'x' AS b"))
    assert fields(row) == {"a": 1, "b": "x"}
    assert {type(name) for name in fields(row)} == {str}


async def test_the_migrations_make_the_tables(database: Database) -> None:
    def default_of(_: object, __: object, column: Column[Any], *___: object) -> bool | None:
        """Leave out defaults that only fill rows which were there before the column was."""
        return False if column.server_default is None else None

    def differences(connection: Connection) -> list[Any]:
        # PostgreSQL cannot compare JSON.
        is_sqlite = connection.dialect.name == "sqlite"
        options: dict[str, Any] = {"compare_type": True, "compare_server_default": is_sqlite and default_of}
        if is_sqlite:
            # Its indexes of words are virtual tables, and stand on tables of their own.
            options["include_object"] = lambda _, name, kind, *__: kind != "table" or "_words" not in name
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_the_migrations_keep_what_alembic_does_not_compare(database: Database) -> None:
    async with database.read() as connection:
        query = text("SELECT sql FROM sqlite_master WHERE name = 'changes'")
        assert "AUTOINCREMENT" in str((await connection.execute(query)).scalar())


def test_the_head_is_alembic_s() -> None:
    assert ScriptDirectory.from_config(scripts()).get_heads() == [newest()]


async def test_a_store_is_migrated_once(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / '100% new.db'}")
    assert await database.revision() is None
    with pytest.raises(SchemaOutdatedError, match="none"):
        await database.require_schema()
    assert await migrate.upgrade(database)
    assert not await migrate.upgrade(database)
    assert await database.revision() == newest()
    await database.require_schema()
    await database.close()


def scripts() -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    return settings


async def test_a_store_of_the_first_schema_keeps_its_turns(tmp_path: Path) -> None:
    path = tmp_path / "persona.db"
    path.touch()
    database, settings = Database(f"sqlite:///{path}"), scripts()
    async with database.write() as connection:
        settings.attributes["connection"] = connection.sync_connection
        await connection.run_sync(lambda _: command.upgrade(settings, "0001"))
        row: dict[str, Any] = {
            "id": "msg_1",
            "request_id": "req_1",
            "workspace_id": "ws_1",
            "key_id": "key_1",
            "model": "m",
        }
        row |= {"stream": 1, "status": "completed", "attempts": 1, "latency_ms": 2.5, "created_at": 3}
        row |= {"verdict": "unscored", "reason": "disabled"}
        places = ", ".join(f":{name}" for name in row)
        await connection.execute(text(f"INSERT INTO turns ({', '.join(row)}) VALUES ({places})"), row)
    with pytest.raises(SchemaOutdatedError, match="0001"):
        await database.require_schema()
    assert await migrate.upgrade(database)
    await database.require_schema()
    async with database.read() as connection:
        kept = await turns.find(connection, "ws_1", "msg_1")
        listed = await turns.listed(connection, "ws_1", turns.Filter())
    assert kept is not None
    assert listed == [kept]
    assert (kept.turn.latency_ms, kept.turn.drift.reason) == (2.5, "disabled")
    assert (kept.turn.explain, kept.turn.judge) == (None, None)
    await database.close()


async def test_every_migration_can_be_undone(database: Database) -> None:
    settings = scripts()
    async with database.write() as connection:
        settings.attributes["connection"] = connection.sync_connection
        await connection.run_sync(lambda _: command.downgrade(settings, "base"))
        left = await connection.run_sync(lambda found: inspect(found).get_table_names())
    assert left == ["alembic_version"]


async def test_a_newer_store_is_refused(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaOutdatedError, match="9999"):
        await migrate.upgrade(database)
    with pytest.raises(SchemaOutdatedError, match="9999"):
        await database.require_schema()


async def test_connections_that_meet_on_a_new_file_all_open_it(tmp_path: Path) -> None:
    for number in range(20):
        url = f"sqlite:///{tmp_path / str(number)}.db"
        databases_met = [Database(url) for _ in range(8)]
        databases_met[0].backend.create()
        await asyncio.gather(*(database.revision() for database in databases_met))
        for database in databases_met:
            await database.close()


async def test_a_connection_that_is_given_up_while_it_closes_is_closed_all_the_same(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/persona.db")
    database.backend.create()
    async with database.backend.readers.connect() as connection:
        driver = connection.driver
        closing = asyncio.ensure_future(driver.close())
        await asyncio.sleep(0)
        stopped = driver.stop()
        async with asyncio.timeout(25):
            await closing
            # The driver's thread tells of its end last, which needs the loop.
            await stopped
    await database.close()
