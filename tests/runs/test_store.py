"""Runs are counted for those who may have only so many at once."""

from pathlib import Path

from gateway.runs import store
from gateway.runs.run import Inputs
from gateway.storage.audit import Actor
from tests.fakes.store import opened

INPUTS = Inputs(intent="A ferryman.", language="en", visibility="workspace", seed=1)


async def test_open_runs_are_counted_by_workspace_and_by_owner(place: Path | str) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            whose = [("ws_1", "a"), ("ws_1", "a"), ("ws_1", "b"), ("ws_2", "a")]
            for number, (workspace, owner) in enumerate(whose):
                actor = Actor(workspace, "key_1", owner)
                await store.create(connection, f"run_{number}", INPUTS, actor, "default", "f")
            await store.end(connection, "run_0", "failed", ("run.failed", {}))
        async with database.read() as connection:
            counted = {
                owner: await store.open_runs(connection, "ws_1", owner, 10) for owner in (None, "a", "b", "c")
            }
            assert counted == {None: 2, "a": 1, "b": 1, "c": 0}
            assert await store.open_runs(connection, "ws_1", None, 1) == 1
