"""Commands on runs work, without a server, on the store of this machine; a work process performs them."""

from collections.abc import AsyncGenerator

import msgspec
from msgspec import UNSET, UnsetType

from gateway import ids
from gateway.cli.failures import Failure
from gateway.cli.opening import LocalRoom
from gateway.cli.running import RunEvent
from gateway.personas.store import fields, personas, versions
from gateway.runs import asked, following, store, view
from gateway.runs.pipeline import Pipeline
from gateway.runs.pipelines import Pipelines
from gateway.runs.replaying import repeated, require_able
from gateway.runs.run import OPEN, Run
from gateway.runs.store import Order
from gateway.runs.view import CreateBody, RefineBody, RunDetail, RunView
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.work.store import rows


class LocalRuns(LocalRoom):
    """The `Runs` of a workspace in the store here."""

    async def begin(self, wanted: CreateBody) -> RunView:
        pipeline = self._chosen(wanted.pipeline)
        async with self._database.read() as connection:
            registered = await fields.listed(connection, self._workspace.id)
        inputs = asked.read(wanted, registered)
        return await self._begin(Order(task="create", inputs=inputs, pipeline=pipeline))

    async def refine(self, ref: str, wanted: RefineBody) -> RunView:
        pipeline = self._chosen(wanted.pipeline)
        async with self._database.read() as connection:
            find = personas.by_id if ref.startswith("psn_") else None
            persona = await (
                find(connection, ref) if find else personas.by_slug(connection, self._workspace.id, ref)
            )
            if persona is None or persona.workspace_id != self._workspace.id:
                raise Failure(f"there is no persona `{ref}` in the workspace `{self._workspace.name}`")
            content = (await versions.read(connection, persona.id, persona.latest)).content
        inputs = asked.refining(wanted, persona, content)
        order = Order(task="refine", inputs=inputs, pipeline=pipeline, persona_id=persona.id)
        return await self._begin(order)

    async def replay(self, run_id: str, from_step: str | None) -> RunView:
        async with self._database.read() as connection:
            order = await repeated(connection, await self._found(connection, run_id), from_step)
        return await self._begin(order)

    def _chosen(self, name: str | UnsetType) -> Pipeline:
        pipelines = Pipelines(self._config)
        found = pipelines.find(None if name is UNSET else name)
        if found is None:
            raise Failure(f"there is no pipeline `{name}`; there are: {', '.join(pipelines.known)}")
        return found

    async def _begin(self, order: Order) -> RunView:
        require_able(order)
        run_id = ids.new("run")
        async with self._database.write() as connection:
            await store.create(connection, run_id, order, Actor(self._workspace.id))
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
