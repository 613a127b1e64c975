"""A run is begun for a request, within its plan, and answers as the request wishes."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import HeaderParameter

from gateway import ids
from gateway.auth.access import AnyRequest, actor_of, caller_of, still_there
from gateway.errors import Detail, Fault, Refusal
from gateway.limits.limiter import Limiter
from gateway.personas import view
from gateway.personas.editing import readable, unacceptable
from gateway.personas.store import versions
from gateway.personas.view import PersonaView, RunBrief
from gateway.runs import store
from gateway.runs.following import follow, frame, wait
from gateway.runs.pipeline import Pipeline
from gateway.runs.pipelines import Pipelines
from gateway.runs.replaying import require_able
from gateway.runs.run import Run
from gateway.runs.store import Order
from gateway.runs.view import show
from gateway.storage.database import Database
from gateway.streamed import Streamed

FAILING = (
    Fault.RUN_OVER_BUDGET,
    Fault.PRICE_UNKNOWN,
    Fault.INTENT_BLOCKED,
    Fault.STEP_FAILED,
    Fault.RUN_CANCELLED,
    Fault.RATE_LIMITED,
    Fault.PROVIDER_UNAVAILABLE,
    Fault.PIPELINE_FORBIDDEN,
)
"""Faults by which a run may be refused, or fail."""
Prefer = Annotated[str | None, HeaderParameter(name="Prefer", description="`respond-async` answers at once.")]


class Beginner:
    """Begins runs in one worker; `is_leaving` tells that this process is about to end."""

    def __init__(self, limiter: Limiter, pipelines: Pipelines, is_leaving: Callable[[], bool]) -> None:
        self._limiter = limiter
        self.pipelines = pipelines
        self.is_leaving = is_leaving

    def chosen(self, request: AnyRequest, name: str | None) -> Pipeline:
        """Find the pipeline of a request. Raises Refusal."""
        found = self.pipelines.find(name)
        if found is None:
            known = ", ".join(self.pipelines.known)
            raise unacceptable(
                [Detail(["pipeline"], f"there is none of this name; there are: {known}", "value_error")]
            )
        self.require_allowed(request, found.name)
        return found

    def require_allowed(self, request: AnyRequest, name: str) -> None:
        """Raises Refusal where the caller's plan has runs follow the active pipeline alone."""
        if name != self.pipelines.active and not caller_of(request).bounds.pipelines:
            raise Refusal(Fault.PIPELINE_FORBIDDEN)

    async def begin(self, request: AnyRequest, database: Database, order: Order) -> str:
        """Write the run, within what the caller's plan leaves. Raises Refusal."""
        require_able(order)
        caller, run_id = caller_of(request), ids.new("run")
        await self._limiter.recount(caller.bounds, "generations", request.scope["state"]["connection"])
        async with database.write(still_there(request.scope)) as connection:
            for bound in caller.bounds.runs:
                owner = None if bound.ident == caller.workspace_id else bound.ident
                held = await store.open_runs(connection, caller.workspace_id, owner, bound.amount)
                self._limiter.require_room(bound, held)
            is_apart = caller.bounds.is_apart("runs", caller.workspace_id)
            await store.create(connection, run_id, order, actor_of(request), is_apart=is_apart)
        return run_id

    async def answer(
        self, request: AnyRequest, database: Database, order: Order, *, stream: bool, prefer: str | None
    ) -> Response[Any]:
        """Begin a run, and answer with its events, with the run, or with what it has made. Raises Refusal."""
        is_there = still_there(request.scope)

        def is_wanted() -> bool:
            return is_there() and not self.is_leaving()

        if stream or "text/event-stream" in request.headers.get("accept", ""):
            lease = await self._limiter.hold(caller_of(request).bounds, "streams")
            try:
                run_id = await self.begin(request, database, order)
            except BaseException:
                await self._limiter.release(lease)
                raise
            events = follow(database, run_id, is_leaving=self.is_leaving)
            return Streamed(
                (frame(event) async for event in events), end=partial(self._limiter.release, lease)
            )
        run_id = await self.begin(request, database, order)
        if "respond-async" in (prefer or "") or not await wait(database, run_id, is_wanted):
            return await later(database, run_id)
        return await _made(request, database, run_id)


async def later(database: Database, run_id: str) -> Response[Any]:
    """Answer with the run, which goes on."""
    async with database.read() as connection:
        run = await store.find(connection, run_id)
    assert run is not None  # noqa: S101 - it was written a moment ago
    return Response(show(run), status_code=202, headers={"location": f"/v1/runs/{run_id}"})


async def _made(request: AnyRequest, database: Database, run_id: str) -> Response[PersonaView]:
    """Answer with what the run has made. Raises Refusal as the run has failed."""
    async with database.read() as connection:
        run = await store.find(connection, run_id)
        if run is None or run.status == "cancelled":
            raise Refusal(Fault.RUN_CANCELLED, run_id=run_id)
        if run.error is not None or run.persona_id is None:
            raise _refusal(run.error or {}, run_id)
        persona = await readable(connection, request, run.persona_id)
        shown = view.show(persona, await versions.read(connection, persona.id, persona.latest))
    return Response(msgspec.structs.replace(shown, run=brief(run)), status_code=201)


def brief(run: Run) -> RunBrief:
    """Tell of a run in the persona that it has made."""
    latency = float((run.ended_at or run.created_at) - run.created_at)
    made = run.result
    return RunBrief(
        id=run.id,
        cost_usd=run.cost_usd,
        tokens=run.tokens,
        latency_ms=latency,
        demonstration=made is not None and made.demonstration,
        patch=None if made is None else made.patch,
    )


def _refusal(error: dict[str, object], run_id: str) -> Refusal:
    fault = next((fault for fault in Fault if fault.code == error.get("code")), Fault.INTERNAL)
    found = error.get("details")
    details = msgspec.convert(found, list[Detail]) if found else None
    return Refusal(fault, str(error.get("message", fault.sentence)), details=details, run_id=run_id)
