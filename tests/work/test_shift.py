"""Work is done once, in steps that are not taken again, and ends as its row says."""

import asyncio

import pytest

from gateway.config import Config, Store
from gateway.storage.database import Database
from gateway.work.shift import BUSY_SECONDS, Shift
from gateway.work.store import processes, rows
from gateway.work.store.glance import Glance
from gateway.work.work import Work
from tests.work.shifts import PATIENCE, ends, until, working
from tests.work.tally import GATE, NAME, SECRET, Tally, order, results

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick")]


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
