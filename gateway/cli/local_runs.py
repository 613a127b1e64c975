"""Commands on runs work, without a server, on the store of this machine; a work process performs them."""

from collections.abc import AsyncGenerator

import msgspec

from gateway import ids
from gateway.auth.keys import Workspace
from gateway.cli.failures import Failure
from gateway.cli.running import RunEvent
from gateway.runs import asked, following, store, view
from gateway.runs.pipeline import packaged
from gateway.runs.run import OPEN, Run
from gateway.runs.view import CreateBody, RunDetail, RunView
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.work.store import rows


class LocalRuns:
    """The `Runs` of a workspace in the store here."""

    def __init__(self, database: Database, workspace: Workspace) -> None:
        self._database = database
        self._workspace = workspace

    async def begin(self, wanted: CreateBody) -> RunView:
        inputs, pipeline, run_id = asked.read(wanted), packaged(), ids.new("run")
        actor = Actor(self._workspace.id)
        async with self._database.write() as connection:
            await store.create(connection, run_id, inputs, actor, pipeline.name, pipeline.fingerprint)
            return view.show(await self._found(connection, run_id))

    async def listed(self, limit: int) -> list[RunView]:
        async with self._database.read() as connection:
            found = await store.listed(connection, self._workspace.id, None, None, limit)
        return [view.show(run) for run in found]

    async def find(self, run_id: str) -> RunDetail:
        async with self._database.read() as connection:
            run = await self._found(connection, run_id)
            return view.detail(run, await store.happened(connection, run.id, 0))

    async def follow(self, run_id: str) -> AsyncGenerator[RunEvent, None]:
        async with self._database.read() as connection:
            await self._found(connection, run_id)
        async for event in following.follow(self._database, run_id):
            yield RunEvent(event.type, msgspec.json.decode(event.data))

    async def cancel(self, run_id: str) -> None:
        async with self._database.write() as connection:
            run = await self._found(connection, run_id)
            if run.status not in OPEN or not await rows.want_cancelled(connection, run.id):
                raise Failure(f"{run_id} has ended: {run.status}")

    async def _found(self, connection: AsyncConnection, run_id: str) -> Run:
        run = await store.find(connection, run_id)
        if run is None or run.workspace_id != self._workspace.id:
            raise Failure(f"there is no run `{run_id}` in the workspace `{self._workspace.name}`")
        return run
