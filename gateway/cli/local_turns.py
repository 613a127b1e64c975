"""Commands on turns work, without a server, on the store of this machine."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from gateway.auth.keys import Workspace
from gateway.cli.failures import Failure
from gateway.cli.opening import LocalRoom
from gateway.cli.rooms import Course, Turns
from gateway.personas.model import Persona
from gateway.personas.store import personas
from gateway.storage.connection import AsyncConnection
from gateway.turns import drift_history, view
from gateway.turns.drift_view import DriftHistory
from gateway.turns.store import hours
from gateway.turns.store import turns as stored
from gateway.turns.store.hours import Span
from gateway.turns.view import By, TurnDetail, TurnView, UsageView

POLL_SECONDS = 0.25
BATCH = 500


class LocalTurns(LocalRoom):
    """The `TurnRecord` of a workspace in the store here."""

    async def listed(self, wanted: Turns, limit: int) -> list[TurnView]:
        chosen = stored.Filter(
            persona_id=await self._persona_id(wanted),
            status=wanted.status,
            request_id=wanted.request_id,
            since=wanted.since,
        )
        async with self._database.read() as connection:
            found = await stored.listed(connection, self._workspace.id, chosen, limit=limit)
        return [view.show(each.turn) for each in found]

    async def find(self, turn_id: str) -> TurnDetail:
        async with self._database.read() as connection:
            found = await stored.find(connection, self._workspace.id, turn_id)
        if found is None:
            raise Failure(f"there is no turn `{turn_id}` in the workspace `{self._workspace.name}`")
        return view.detail(found.turn, veiled=False)

    async def usage(self, by: By, wanted: Turns) -> list[UsageView]:
        persona_id = await self._persona_id(wanted)
        async with self._database.read() as connection:
            sums = await hours.usage(connection, self._workspace.id, by, Span(wanted.since), persona_id)
        return [view.show_usage(by, each) for each in sums]

    async def history(self, wanted: Course) -> DriftHistory:
        chosen = hours.Wanted(
            workspace_id=self._workspace.id,
            persona_id=wanted.persona_id,
            span=drift_history.span(wanted.since, None, wanted.bucket),
            bucket=drift_history.LENGTHS[wanted.bucket],
            version=wanted.version,
            upstream=wanted.upstream,
        )
        async with self._database.read() as connection:
            rows = await hours.drift(connection, chosen, drift_history.MOST)
        if rows is None:
            raise Failure("that is too much to show; ask for days, a version, an upstream or a shorter time")
        return drift_history.history(rows)

    async def follow(self, wanted: Turns, ready: Callable[[], None]) -> AsyncGenerator[TurnView, None]:
        persona_id, place = await self._persona_id(wanted), stored.feed(self._database)
        async with self._database.read() as connection:
            await place.skip(connection)
        ready()
        while True:
            async with self._database.read() as connection:
                ended = (await stored.ended(connection, place, limit=BATCH)).turns
            for each in ended:
                turn = each.turn
                if (
                    turn.workspace_id == self._workspace.id
                    and persona_id in (None, turn.persona_id)
                    and wanted.status in (None, turn.status)
                ):
                    yield view.show(turn)
            if len(ended) < BATCH:
                await asyncio.sleep(POLL_SECONDS)

    async def _persona_id(self, wanted: Turns) -> str | None:
        if wanted.persona is None:
            return None
        async with self._database.read() as connection:
            found = await persona_of(connection, self._workspace, wanted.persona)
        if found is None:
            raise Failure(f"there is no persona `{wanted.persona}` in the workspace `{self._workspace.name}`")
        return found.id


async def persona_of(connection: AsyncConnection, workspace: Workspace, ref: str) -> Persona | None:
    """Find the workspace's persona by slug or id, whoever owns it."""
    if not ref.startswith("psn_"):
        return await personas.by_slug(connection, workspace.id, ref)
    found = await personas.by_id(connection, ref)
    return found if found and found.workspace_id == workspace.id else None
