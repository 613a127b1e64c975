"""Runs are counted for those who may have only so many at once."""

from pathlib import Path

from sqlalchemy import update

from gateway.config import Config
from gateway.runs import store
from gateway.runs.pipeline import packaged
from gateway.runs.run import Inputs
from gateway.storage import erasure, tables
from gateway.storage.audit import Actor
from gateway.storage.retention import Retention
from gateway.work.store import rows
from tests.fakes.store import opened

INPUTS = Inputs(intent="A ferryman.", language="en", visibility="workspace", seed=1)
ORDER = store.Order(task="create", inputs=INPUTS, pipeline=packaged())


async def test_open_runs_are_counted_by_workspace_and_by_owner(place: Path | str) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            whose = [("ws_1", "a"), ("ws_1", "a"), ("ws_1", "b"), ("ws_2", "a")]
            for number, (workspace, owner) in enumerate(whose):
                actor = Actor(workspace, "key_1", owner)
                await store.create(connection, f"run_{number}", ORDER, actor)
            await store.end(connection, "run_0", "failed", ("run.failed", {}))
            # An operator has given this key a number of its own, in place of the workspace's.
            apart = Actor("ws_1", "key_2", "d")
            await store.create(connection, "run_4", ORDER, apart, is_apart=True)
        async with database.read() as connection:
            counted = {
                owner: await store.open_runs(connection, "ws_1", owner, 10) for owner in (None, *"abcd")
            }
            assert counted == {None: 2, "a": 1, "b": 1, "c": 0, "d": 1}
            assert await store.open_runs(connection, "ws_1", None, 1) == 1


async def test_the_work_of_runs_that_are_erased_ends_without_a_trace(place: Path | str) -> None:
    async with opened(place) as database, database.write() as connection:
        for run_id in ("run_open", "run_failed"):
            await store.create(connection, run_id, ORDER, Actor("ws_1"))
        failed = await rows.find(connection, "run_failed")
        assert failed is not None
        await rows.end(connection, failed, "failed", {"code": "x", "message": "It failed."})
        await erasure.runs(connection, tables.runs.c.id.in_(["run_open", "run_failed"]))
        # A step that was under way ends after that.
        await store.tell(connection, "run_open", 1, [("layer.delta", {"value": "Edith"})])
        await store.keep_step(connection, "run_open", 1, "soul", {"name": "Edith"})
        assert await store.happened(connection, "run_open", 0) == []
        assert await store.steps(connection, "run_open") == []
        found = {run_id: await rows.find(connection, run_id) for run_id in ("run_open", "run_failed")}
        assert [(work.state, work.is_cancel_wanted, work.error) for work in found.values() if work] == [
            ("waiting", True, None),
            ("cancelled", False, None),
        ]


async def test_a_run_that_made_nothing_is_forgotten_after_a_while(place: Path | str) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            for run_id in ("run_old", "run_new"):
                await store.create(connection, run_id, ORDER, Actor("ws_1"))
                await store.keep_step(connection, run_id, 1, "intent_parse", {"name": "Edith"})
                await store.end(connection, run_id, "failed", ("run.failed", {"run_id": run_id}))
            old = tables.runs.c.id == "run_old"
            await connection.execute(update(tables.runs).where(old).values(ended_at=1))
        await Retention(database, Config()).round()
        async with database.read() as connection:
            assert await store.find(connection, "run_old") is None
            assert await store.steps(connection, "run_old") == []
            assert await store.happened(connection, "run_old", 0) == []
            assert await store.steps(connection, "run_new") == [("intent_parse", {"name": "Edith"})]
            assert await store.pipeline(connection, packaged().fingerprint) == packaged()
