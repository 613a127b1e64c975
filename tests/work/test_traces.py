"""What has ended leaves no trace, and a process without work ends; rooms are asked when it is worth it."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from gateway.config import Config, Store
from gateway.storage import changes, erasure, properties, tables
from gateway.storage.database import Database
from gateway.storage.signs import newest
from gateway.work.engine import SCHEMA
from gateway.work.shift import RestedError, Shift
from gateway.work.store import ended, processes, rows
from gateway.work.store.glance import Glance
from gateway.work.work import Source
from tests.fakes.store import ENGINE, opened
from tests.work.shifts import PATIENCE, ends, found, until, working
from tests.work.tally import NAME, SECRET, Tally, order, results

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick")]


async def test_work_that_waits_is_cancelled_without_a_step(database: Database, tally: Tally) -> None:
    async with database.write() as connection:
        await rows.enqueue(connection, "run_a", NAME, "ws_1", None, {}, after=3600)
        await rows.want_cancelled(connection, "run_a")
    async with working(database, tally):
        await ends(database, "run_a", "cancelled")
    assert tally.notes() == ["run_a cancelled"]


async def test_work_is_done_although_the_engines_own_tables_are_lost(
    workplace: Path | str, tmp_path: Path
) -> None:
    tally = Tally(tmp_path)
    async with opened(workplace) as database:
        await order(database, "run_a")
        async with database.write() as connection:
            # It was handed over to an engine of which nothing is left, as in a restored backup.
            if isinstance(workplace, Path):
                (workplace / ENGINE).unlink()
            else:
                await connection.execute(text(f"DROP SCHEMA {SCHEMA} CASCADE"))
            await rows.mark_handed_over(connection, [await found(database, "run_a")])
            await rows.begin(connection, "run_a", 1)
        async with working(database, tally):
            await ends(database, "run_a")
        assert await results(database) == {"run_a": "6"}


async def test_what_has_ended_leaves_no_workflow_and_is_forgotten(
    database: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "SETTLED_MS", -1)
    monkeypatch.setattr(ended, "DONE_MS", -1)
    monkeypatch.setattr("gateway.work.shift.SWEEP_SECONDS", 0.05)
    async with working(database, tally) as shift:
        await order(database, "run_a")

        async def is_forgotten() -> bool:
            async with database.read() as connection:
                return await rows.find(connection, "run_a") is None

        await until(is_forgotten)
        assert not await shift._engine._exists("run_a")
    assert await results(database) == {"run_a": "6"}


async def test_depth_counts_what_is_open_and_what_has_failed(database: Database, tally: Tally) -> None:
    await order(database, "run_a", "run_b")
    async with database.write() as connection:
        await rows.begin(connection, "run_b", 1)
        depth = await rows.depth(connection)
    assert (depth.waiting, depth.running, depth.failed) == (1, 1, 0)
    assert depth.oldest_seconds >= 0


async def test_a_process_without_work_ends_for_a_fresh_one_and_leaves_no_trace(
    database: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "SETTLED_MS", -1)
    monkeypatch.setattr("gateway.work.shift.SWEEP_SECONDS", 0.05)
    monkeypatch.setattr("gateway.work.shift.REST_SECONDS", 0.05)
    config = Config(store=Store(url=database.url, folder=str(tally.folder)))
    shift = Shift(config, database, {NAME: tally.kind()}, "wrk_1")
    await order(database, "run_a")
    with pytest.raises(RestedError):
        async with asyncio.timeout(PATIENCE):
            await shift.run()
    assert (await found(database, "run_a")).state == "done"
    assert not await shift._engine._exists("run_a")
    await shift.close(PATIENCE)
    async with database.read() as connection:
        assert await processes.beats(connection) == {}
    await shift._engine.close()


async def test_what_steps_have_given_of_purged_work_is_nowhere_in_the_files(
    database: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "SETTLED_MS", -1)
    monkeypatch.setattr("gateway.work.shift.SWEEP_SECONDS", 0.05)
    async with working(database, tally) as shift:
        await order(database, "run_a", **{"3": "fail", "say": SECRET})
        await ends(database, "run_a", "failed")
        assert kept(tally.folder) or not database.url.startswith("sqlite")
        async with database.write() as connection:
            await erasure.works(connection, select(tables.work.c.id))
            await connection.execute(update(tables.work).values(data={}))
        await database.scrub()

        async def is_forgotten() -> bool:
            return not await shift._engine._exists("run_a") and not kept(tally.folder)

        await until(is_forgotten)
    assert (await found(database, "run_a")).state == "cancelled"


async def test_what_a_lost_process_has_left_of_ended_work_is_forgotten_although_there_is_no_other(
    database: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "SETTLED_MS", -1)
    await order(database, "run_a")
    async with database.write() as connection:
        work = await found(database, "run_a")
        await rows.mark_handed_over(connection, [work])
        await rows.end(connection, work, "done")
    async with working(database, tally):

        async def is_clear() -> bool:
            async with database.read() as connection:
                return not await ended.is_any_left(connection)

        await until(is_clear)
    assert tally.notes() == []


def kept(folder: Path) -> list[Path]:
    """List the files in which the secret can be read."""
    return [file for file in folder.iterdir() if SECRET.encode() in file.read_bytes()]


@pytest.mark.parametrize("workplace", ["sqlite"], indirect=True)
async def test_rooms_look_for_work_after_somebody_has_written_what_is_theirs_and_not_otherwise(
    database: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.work.shift.IDLE_SECONDS", 0.001)
    monkeypatch.setattr("gateway.work.shift.LOOK_SECONDS", 0.001)
    looks, turns = 0, 0
    enough = asyncio.Event()

    async def look() -> bool:
        nonlocal looks
        looks += 1
        return looks == 1

    async def hand_over(_shift: Shift, _glance: Glance) -> bool:
        nonlocal turns
        turns += 1
        if turns % 50 == 0:
            enough.set()
        return False

    monkeypatch.setattr(Shift, "_hand_over", hand_over)
    source = Source(look=look, signs=(newest(tables.changes.c.seq),))
    shift = Shift(Config(store=Store(url=database.url)), database, {}, "wrk_1", [source])
    task = asyncio.create_task(shift.run())
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    # The first look has said that there is more.
    assert looks == 2

    async def looked() -> int:
        async with asyncio.timeout(PATIENCE):
            for _ in range(2):
                enough.clear()
                await enough.wait()
        return looks

    async with database.write() as connection:
        await properties.put(connection, "anything", "else")
    assert await looked() == 2
    async with database.write() as connection:
        await changes.announce(connection, "persona", "psn_1")
    assert await looked() == 3
    task.cancel()
    await shift.close(PATIENCE)
    await shift._engine.close()
