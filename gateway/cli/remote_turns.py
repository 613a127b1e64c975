"""Commands on turns work on a gateway somewhere else through its native API."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from urllib.parse import quote

from gateway import clock
from gateway.cli.api import Page, Refused, RemoteRoom, Unreachable, read
from gateway.cli.rooms import Course, Turns
from gateway.turns.drift_view import DriftHistory
from gateway.turns.view import By, TurnDetail, TurnView, UsageView

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0
"""Seconds before a stream that was lost is asked for again."""


class RemoteTurns(RemoteRoom):
    """The `TurnRecord` of the workspace that the key decides on."""

    async def listed(self, wanted: Turns, limit: int) -> list[TurnView]:
        return await self._api.pages("/v1/turns", TurnView, _query(wanted), limit)

    async def find(self, turn_id: str) -> TurnDetail:
        return (await self._api.call("GET", f"/v1/turns/{quote(turn_id, safe='')}")).read(TurnDetail)

    async def usage(self, by: By, wanted: Turns) -> list[UsageView]:
        answer = await self._api.call("GET", "/v1/usage", query={**_query(wanted), "by": by})
        return answer.read(Page[UsageView]).data

    async def history(self, wanted: Course) -> DriftHistory:
        given = {
            "from": None if wanted.since is None else clock.iso(wanted.since),
            "version": None if wanted.version is None else str(wanted.version),
            "upstream": wanted.upstream,
            "bucket": wanted.bucket,
        }
        query = {name: value for name, value in given.items() if value is not None}
        path = f"/v1/personas/{quote(wanted.persona_id, safe='')}/drift"
        return (await self._api.call("GET", path, query=query)).read(DriftHistory)

    async def follow(self, wanted: Turns, ready: Callable[[], None]) -> AsyncGenerator[TurnView, None]:
        last, known = await self._newest(wanted)
        pause, stood = FIRST_PAUSE, False
        query = {"persona": wanted.persona} if wanted.persona else {}
        while True:
            try:
                async with aclosing(self._api.events("/v1/turns/stream", query, last)) as events:
                    async for event in events:
                        if event is None:
                            if not stood:
                                ready()
                            pause, stood = FIRST_PAUSE, True
                            continue
                        last = event.id
                        if event.name != "turn.completed":
                            continue
                        turn = read(event.data, TurnView, self._api.root)
                        if turn.id != known and wanted.status in (None, turn.status):
                            yield turn
            except (Unreachable, Refused) as failure:
                if not stood or (isinstance(failure, Refused) and failure.status < 500):
                    raise
            # The stream was lost or dropped, or the gateway restarts; turns that end meanwhile come behind
            # `last`.
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _newest(self, wanted: Turns) -> tuple[str, str | None]:
        """Return where to follow from, and the id of the one turn behind that place which ended before.

        A list tells the place of its last turn only where there are more of them.
        """
        query = {**_query(Turns(persona=wanted.persona)), "limit": "1"}
        page = (await self._api.call("GET", "/v1/turns", query=query)).read(Page[TurnView])
        return page.next or "0", page.data[0].id if page.data else None


def _query(wanted: Turns) -> dict[str, str]:
    since = None if wanted.since is None else clock.iso(wanted.since)
    query = {
        "persona": wanted.persona,
        "status": wanted.status,
        "request_id": wanted.request_id,
        "since": since,
    }
    return {name: value for name, value in query.items() if value is not None}
