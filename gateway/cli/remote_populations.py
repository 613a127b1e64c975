"""Populations are made by a gateway somewhere else, through its native API."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gateway.cli.api import RemoteRoom

if TYPE_CHECKING:
    from gateway.studio.view import Population


class RemotePopulations(RemoteRoom):
    """The `Populations` of the workspace that the key decides on."""

    async def begin(self, wanted: dict[str, Any]) -> str:
        # These need numpy, which no other command should wait for.
        from gateway.studio.view import Accepted

        answer = await self._api.call("POST", "/v1/personas/actions/generate", body=wanted)
        return answer.read(Accepted).id

    async def find(self, job_id: str) -> "Population":
        from gateway.studio.view import Population

        path = f"/v1/personas/repositories/Population/by-id/{quote(job_id, safe='')}"
        return (await self._api.call("GET", path)).read(Population)
