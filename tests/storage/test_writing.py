"""Writes wait for one deadline, are dropped with whoever wanted them, and tell a store that is damaged."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from gateway.storage import database as databases
from gateway.storage import tables
from gateway.storage.changes import announce
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable, TooSlow, WriterLeft
from tests.fakes.store import opened

ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")


async def write(database: Database, subject: str, *, is_wanted: bool = True) -> None:
    async with database.write(lambda: is_wanted) as connection:
        await announce(connection, "persona", subject)


async def written(database: Database) -> list[str]:
    async with database.read() as connection:
        return list(await connection.scalars(select(tables.changes.c.subject).order_by(tables.changes.c.seq)))


async def test_writers_behind_a_lock_have_one_deadline_together(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "WRITE_SECONDS", 0.5)
    async with other.write():
        began = time.monotonic()
        ended = await asyncio.gather(*[write(database, str(n)) for n in range(10)], return_exceptions=True)
        took = time.monotonic() - began
    assert [type(error) for error in ended] == [StoreUnavailable] * 10
    assert 0.5 <= took < 4.5
    assert await written(database) == []
    await write(database, "after")


async def test_a_writer_goes_on_once_another_process_is_done(database: Database, other: Database) -> None:
    async with other.write() as connection:
        waiting = asyncio.ensure_future(write(database, "second"))
        await announce(connection, "persona", "first")
        await asyncio.sleep(0)
    await waiting
    assert await written(database) == ["first", "second"]


async def test_who_has_left_is_dropped_when_its_turn_comes(database: Database) -> None:
    async with AsyncExitStack() as first:
        await first.enter_async_context(database.write())
        left, there = (
            asyncio.ensure_future(write(database, name, is_wanted=name == "there"))
            for name in ("left", "there")
        )
        await asyncio.sleep(0)
    with pytest.raises(WriterLeft):
        await left
    await there
    assert await written(database) == ["there"]


async def test_who_leaves_while_another_process_writes_is_dropped(
    database: Database, other: Database
) -> None:
    asked = asyncio.Event()

    def is_wanted() -> bool:
        is_first = not asked.is_set()
        asked.set()
        return is_first

    async def leave() -> None:
        async with database.write(is_wanted):
            raise AssertionError("the lock is another one's")

    async with other.write():
        with pytest.raises(WriterLeft):
            await leave()


async def test_a_writer_who_is_cancelled_holds_nobody_up(database: Database, other: Database) -> None:
    async with other.write():
        waiting = [asyncio.ensure_future(write(database, str(number))) for number in range(3)]
        await asyncio.sleep(0.02)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    await write(database, "after")
    assert await written(database) == ["after"]


async def test_readers_need_no_connection_of_writers(database: Database, other: Database) -> None:
    async with other.write():
        waiting = [asyncio.ensure_future(write(database, str(number))) for number in range(50)]
        async with asyncio.timeout(25):
            assert await written(database) == []
    await asyncio.gather(*waiting)
    assert len(await written(database)) == 50


async def test_a_damaged_page_is_a_store_that_cannot_be_used(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        for number in range(200):
            await write(database, f"{number}" * 10)
    path = tmp_path / "persona.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xa5" * (len(whole) - 8192))
    damaged = Database(f"sqlite:///{path}")
    with pytest.raises(StoreUnavailable, match=r"malformed|not a database"):
        await written(damaged)
    with pytest.raises(StoreUnavailable):
        await write(damaged, "x")
    await damaged.close()


async def test_a_mistake_in_a_statement_is_no_fault_of_the_store(database: Database) -> None:
    with pytest.raises(AttributeError):
        async with database.read():
            raise AttributeError("a bug")


async def test_a_query_is_stopped_at_its_time_limit(database: Database) -> None:
    with pytest.raises(TooSlow):
        async with database.read(0.1) as connection:
            await connection.execute(ENDLESS)
    async with database.read() as connection:
        # The limit does not stay with the connection.
        long = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) ")
        assert (await connection.execute(text(f"{long} SELECT count(*) FROM n"))).scalar() == 1_000_000
        assert (await connection.execute(select(func.count()).select_from(tables.changes))).scalar() == 0
