"""Populations are made, without a server, in the store of this machine; a work process performs them."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from gateway.cli.failures import Failure
from gateway.cli.opening import LocalRoom
from gateway.errors import Refusal
from gateway.storage.audit import Actor
from gateway.studio import asked, store

if TYPE_CHECKING:
    from gateway.studio.view import Population


class LocalPopulations(LocalRoom):
    """The `Populations` of a workspace in the store here."""

    async def begin(self, wanted: dict[str, Any]) -> str:
        try:
            inputs = asked.population(wanted)
        except Refusal as refusal:
            told = (f"{'.'.join(map(str, each.loc))}: {each.msg}" for each in refusal.details or [])
            raise Failure("; ".join(told)) from None
        job_id = str(uuid4())
        async with self._database.write() as connection:
            await store.create(connection, job_id, "population", inputs, Actor(self._workspace.id))
        return job_id

    async def find(self, job_id: str) -> "Population":
        # It needs numpy, which no other command should wait for.
        from gateway.studio import view

        async with self._database.read() as connection:
            job = await store.find(connection, job_id)
        if job is None or (job.workspace_id, job.kind) != (self._workspace.id, "population"):
            raise Failure(f"there is no population `{job_id}` in the workspace `{self._workspace.name}`")
        return msgspec.json.decode(view.population(job), type=view.Population)
