"""Work is done once, in steps that are not taken again, and ends as its row says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from gateway.config import Config, Store
from gateway.storage import changes, erasure, properties, tables
from gateway.storage.database import Database
from gateway.storage.signs import newest
from gateway.work.engine import SCHEMA
from gateway.work.shift import BUSY_SECONDS, RestedError, Shift
from gateway.work.store import ended, processes, rows
from gateway.work.store.glance import Glance
from gateway.work.work import Source, State, Work
from tests.fakes.postgres import Server
from tests.fakes.store import ENGINE, opened, put_empty_engine
from tests.work.tally import GATE, NAME, SECRET, Tally, order, results

pytestmark = pytest.mark.slow
PATIENCE = 120.0


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """The place of a store in which work was done before."""
    if request.param == "sqlite":
        put_empty_engine(tmp_path)
        yield tmp_path
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database("engine") as url:
        yield url


@pytest.fixture
async def database(place: Path | str) -> AsyncIterator[Database]:
    async with opened(place) as database:
        yield database


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine ends only once its threads have looked again."""
    monkeypatch.setattr("gateway.work.engine.RARELY", 0.05)
    monkeypatch.setattr("gateway.work.engine.BUSY_SECONDS", 0.02)


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path)


@asynccontextmanager
async def working(database: Database, tally: Tally, process_id: str = "wrk_1") -> AsyncIterator[Shift]:
    """Let a process do work meanwhile."""
    config = Config(store=Store(url=database.url, folder=str(tally.folder)))
    shift = Shift(config, database, {NAME: tally.kind()}, process_id)
    task = asyncio.create_task(shift.run())
    try:
        yield shift
    finally:
        assert not task.done(), task.exception()
        task.cancel()
        await shift.close(PATIENCE)
        await shift._engine.close()


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await look():  # noqa: ASYNC110 - no event tells of what a store holds
            await asyncio.sleep(0.01)


async def found(database: Database, work_id: str) -> Work:
    async with database.read() as connection:
        work = await rows.find(connection, work_id)
    assert work is not None
    return work


async def ends(database: Database, work_id: str, state: State = "done") -> Work:
    async def has_come() -> bool:
        return (await found(database, work_id)).state == state

    await until(has_come)
    return await found(database, work_id)


async def test_work_takes_each_step_once_and_keeps_its_result(database: Database, tally: Tally) -> None:
    async with working(database, tally):
        await order(database, "run_a", "run_b")
        await ends(database, "run_a")
        await ends(database, "run_b")
    assert sorted(tally.notes()) == sorted(f"run_{one} {step}" for one in "ab" for step in (1, 2, 3))
    assert await results(database) == {"run_a": "6", "run_b": "6"}


async def test_work_whose_cause_is_rolled_back_is_never_begun(database: Database, tally: Tally) -> None:
    async with working(database, tally):
        with pytest.raises(RuntimeError):
            await order_and_fail(database, "run_a")
        await order(database, "run_b")
        await ends(database, "run_b")
    assert not any("run_a" in note for note in tally.notes())


async def order_and_fail(database: Database, work_id: str) -> None:
    async with database.write() as connection:
        await rows.enqueue(connection, work_id, NAME, "ws_1", None, {})
        raise RuntimeError


async def test_failed_work_goes_on_with_the_step_that_failed(database: Database, tally: Tally) -> None:
    async with working(database, tally):
        await order(database, "run_a", **{"2": "fail"})
        failed = await ends(database, "run_a", "failed")
        assert failed.error == {"code": "test.failed", "message": "It failed."}
        async with database.write() as connection:
            assert await rows.retry(connection, "run_a") is not None
            assert await rows.retry(connection, "run_a") is None
        done = await ends(database, "run_a")
    assert (done.attempt, done.error) == (2, None)
    assert tally.notes() == ["run_a 1", "run_a 2", "run_a failed", "run_a 2", "run_a 3"]
    assert await results(database) == {"run_a": "6"}


async def test_work_that_is_put_off_begins_anew(database: Database, tally: Tally) -> None:
    async with working(database, tally):
        await order(database, "run_a", **{"2": "later"})
        done = await ends(database, "run_a")
    assert done.attempt == 2
    assert tally.notes() == ["run_a 1", "run_a 2", "run_a waiting", "run_a 1", "run_a 2", "run_a 3"]


async def test_a_mistake_fails_its_work_alone_and_is_not_quoted(
    database: Database, tally: Tally, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(database, tally):
        await order(database, "run_a", **{"1": "break"})
        await order(database, "run_b")
        failed = await ends(database, "run_a", "failed")
        await ends(database, "run_b")
    assert failed.error is not None
    assert failed.error["code"] == "internal.error"
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text


async def test_a_step_under_way_is_cut_once_its_work_is_cancelled(database: Database, tally: Tally) -> None:
    (tally.folder / GATE).touch()
    async with working(database, tally):
        await order(database, "run_a", **{"2": "hang"})

        async def hangs() -> bool:
            return "run_a 2" in tally.notes()

        await until(hangs)
        async with database.write() as connection:
            assert await rows.want_cancelled(connection, "run_a")
        await ends(database, "run_a", "cancelled")
        async with database.write() as connection:
            assert not await rows.want_cancelled(connection, "run_a")
    assert tally.notes() == ["run_a 1", "run_a 2", "run_a cancelled"]
    assert await results(database) == {}


async def test_a_call_is_cut_within_a_quarter_of_a_second_of_looks(
    database: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, before = 0, Shift._hand_over
    cut = asyncio.get_running_loop().create_future()

    async def hand_over(shift: Shift, glance: Glance) -> bool:
        nonlocal looks
        looks += 1
        return await before(shift, glance)

    class Told(Tally):
        async def _take(self, work: Work, number: int) -> int:
            try:
                return await super()._take(work, number)
            except asyncio.CancelledError:
                cut.set_result(looks)
                raise

    monkeypatch.setattr(Shift, "_hand_over", hand_over)
    (tally.folder / GATE).touch()
    told = Told(tally.folder)
    async with working(database, told):
        await order(database, "run_a", **{"2": "hang"})

        async def hangs() -> bool:
            return "run_a 2" in told.notes()

        await until(hangs)
        async with database.write() as connection:
            assert await rows.want_cancelled(connection, "run_a")
        wanted = looks
        async with asyncio.timeout(PATIENCE):
            assert (await cut - wanted) * BUSY_SECONDS <= 0.25
        await ends(database, "run_a", "cancelled")


async def test_a_process_that_ends_goes_on_to_beat_until_its_last_step_has_ended(
    database: Database, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.work.living.BEAT_SECONDS", 0.01)
    (tally.folder / GATE).touch()
    config = Config(store=Store(url=database.url, folder=str(tally.folder)))
    shift = Shift(config, database, {NAME: tally.kind()}, "wrk_1")
    task = asyncio.create_task(shift.run())
    await order(database, "run_a", **{"2": "hang"})

    async def hangs() -> bool:
        return "run_a 2" in tally.notes()

    async def beat() -> int:
        async with database.read() as connection:
            return (await processes.beats(connection))["wrk_1"]

    await until(hangs)
    task.cancel()
    closing = asyncio.create_task(shift.close(PATIENCE))
    with pytest.raises(asyncio.CancelledError):
        await task
    before = await beat()

    async def has_beaten() -> bool:
        return await beat() > before

    await until(has_beaten)
    assert not closing.done()
    (tally.folder / GATE).unlink()
    await closing
    assert await beat() == processes.VACATED
    await shift._engine.close()


async def test_work_that_waits_is_cancelled_without_a_step(database: Database, tally: Tally) -> None:
    async with database.write() as connection:
        await rows.enqueue(connection, "run_a", NAME, "ws_1", None, {}, after=3600)
        await rows.want_cancelled(connection, "run_a")
    async with working(database, tally):
        await ends(database, "run_a", "cancelled")
    assert tally.notes() == ["run_a cancelled"]


async def test_work_is_done_although_the_engines_own_tables_are_lost(
    place: Path | str, tmp_path: Path
) -> None:
    tally = Tally(tmp_path)
    async with opened(place) as database:
        await order(database, "run_a")
        async with database.write() as connection:
            # It was handed over to an engine of which nothing is left, as in a restored backup.
            if isinstance(place, Path):
                (place / ENGINE).unlink()
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


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
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
