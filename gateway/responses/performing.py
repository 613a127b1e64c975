"""Responses of the background are answered here, as work that outlives the process which does it."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from gateway.auth.guard import Caller, Guard, invalid_key
from gateway.envelope import openai_error
from gateway.errors import Fault, Refusal
from gateway.limits.limiter import Limiter
from gateway.openai_api.answering import Answering
from gateway.openai_api.exchange import Exchange
from gateway.responses.beginning import standing
from gateway.responses.draft import Draft
from gateway.responses.preparing import Preparing
from gateway.responses.store import background
from gateway.responses.store.background import KIND, Background
from gateway.responses.storing import StoreOutlet
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.work.work import Course, FailedError, Kind, Work, Write

FINAL = "is a response whose end its caller was told, and whose request is not kept; ask for another one"
STANDING = {"failed": "failed", "cancelled": "cancelled"}


class Means(NamedTuple):
    """Responses are answered with these in this process."""

    preparing: Preparing
    guard: Guard
    limiter: Limiter


class _Answers(Answering):
    surface = "responses"


class Performing:
    """Answers responses of the background; `means` gives what it takes, once the first one is asked for."""

    def __init__(self, database: Database, means: Callable[[], Awaitable[Means]]) -> None:
        self._database = database
        self._means = means

    def kind(self) -> Kind:
        # No workspace holds up the others.
        return Kind(
            name=KIND,
            perform=self.perform,
            give_up=give_up,
            final=FINAL,
            lane=lambda work: work.workspace_id,
        )

    async def perform(self, work: Work, course: Course) -> Write:
        await course.step("answer", lambda: self._answer(work))

        async def write(connection: AsyncConnection) -> None:
            await background.finish(connection, work.workspace_id, work.id)

        return write

    async def _answer(self, work: Work) -> None:
        """Answer one, unless it has ended. Raises FailedError, StoreUnavailable."""
        async with self._database.read() as connection:
            found = await background.by_id(connection, work.workspace_id, work.id)
            told = -1 if found is None else await background.last_told(connection, found)
        if found is None or found.request is None:
            return
        means = await self._means()
        try:
            caller = await means.guard.holder(found.workspace_id, found.key_id)
            if caller is None:
                raise invalid_key()
            exchange, draft = await self._prepared(means, caller, found, found.request.encode())
        except Refusal as refusal:
            if refusal.fault is Fault.STORE_UNAVAILABLE:
                raise StoreUnavailable("the store was not there") from None
            raise failed(refusal) from None
        async with self._database.write() as connection:
            state = draft.written("in_progress", []).decode()
            await background.show(connection, found, "in_progress", state)
        outlet = StoreOutlet(self._database, found, told)
        try:
            await _Answers(means.limiter).run(exchange, None, lambda _: outlet)
        finally:
            await outlet.close()
        if outlet.refusal is not None:
            raise failed(outlet.refusal)

    @staticmethod
    async def _prepared(
        means: Means, caller: Caller, found: Background, body: bytes
    ) -> tuple[Exchange, Draft]:
        asked = await means.preparing.read(body)
        exchange, draft = await means.preparing.prepare(
            caller, asked, len(body), found.request_id, time.perf_counter(), found.turn_id
        )
        draft.created_at = found.created_at // 1000
        return exchange, draft


def failed(refusal: Refusal) -> FailedError:
    """Make the error that ends a response, as OpenAI has it in one."""
    error: Any = openai_error(refusal)
    code = str(error.get("code") or error.get("type") or "server_error")
    return FailedError({"code": code, "message": str(error.get("message") or "")})


async def give_up(connection: AsyncConnection, work: Work) -> None:
    """Let a response end with its work, without an answer."""
    if work.state not in STANDING:
        return
    found = await background.by_id(connection, work.workspace_id, work.id)
    if found is None:
        return
    if not found.is_open or found.body is None:
        await background.finish(connection, work.workspace_id, work.id)
        return
    error = {name: (work.error or {}).get(name) for name in ("code", "message")} if work.error else None
    state = STANDING[work.state]
    await background.end(connection, found, state, standing(found.body, state, error))
