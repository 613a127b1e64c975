"""Commands on runs work on a gateway somewhere else through its native API."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

import msgspec

from gateway.cli.api import Refused, RemoteRoom, Unreachable, read
from gateway.cli.running import RunEvent
from gateway.runs.run import LAST
from gateway.runs.view import CreateBody, RefineBody, RunDetail, RunView

PAUSE_SECONDS = 1.0
"""Seconds before a stream that was lost is asked for again."""


class RemoteRuns(RemoteRoom):
    """The `Runs` of the workspace that the key decides on."""

    async def begin(self, wanted: CreateBody) -> RunView:
        body = msgspec.to_builtins(wanted)
        answer = await self._api.call("POST", "/v1/personas", body=body, prefer="respond-async")
        return answer.read(RunView)

    async def refine(self, ref: str, wanted: RefineBody) -> RunView:
        path, body = f"/v1/personas/{quote(ref, safe='')}/refine", msgspec.to_builtins(wanted)
        return (await self._api.call("POST", path, body=body, prefer="respond-async")).read(RunView)

    async def replay(self, run_id: str, from_step: str | None) -> RunView:
        query = f"?from_step={quote(from_step, safe='')}" if from_step else ""
        return (await self._api.call("POST", f"{_path(run_id)}/replay{query}")).read(RunView)

    async def listed(self, limit: int) -> list[RunView]:
        return await self._api.pages("/v1/runs", RunView, None, limit)

    async def find(self, run_id: str) -> RunDetail:
        return (await self._api.call("GET", _path(run_id))).read(RunDetail)

    async def follow(self, run_id: str) -> AsyncGenerator[RunEvent, None]:
        last, has_stood = "", False
        while True:
            try:
                async with aclosing(self._api.events(f"{_path(run_id)}/events", {}, last)) as events:
                    async for event in events:
                        has_stood = True
                        if event is None:
                            continue
                        last = event.id
                        yield RunEvent(event.name, read(event.data, dict[str, Any], self._api.root))
                        if event.name in LAST:
                            return
            except (Unreachable, Refused) as failure:
                if not has_stood or (isinstance(failure, Refused) and failure.status < 500):
                    raise
            # The stream was lost, or the gateway restarts; what happens meanwhile comes behind `last`.
            await asyncio.sleep(PAUSE_SECONDS)

    async def cancel(self, run_id: str) -> None:
        await self._api.call("POST", f"{_path(run_id)}/cancel")


def _path(run_id: str) -> str:
    return f"/v1/runs/{quote(run_id, safe='')}"
