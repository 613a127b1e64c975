"""`POST /v1/personas` makes a persona at once of what is given, or by a run of an intent."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Protocol

import msgspec
from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter
from msgspec import UNSET

from gateway import ids
from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.errors import Detail, Fault, Refusal
from gateway.limits import telling
from gateway.limits.limiter import Limiter
from gateway.personas import view
from gateway.personas.acceptance import NAME_LENGTH, DraftError
from gateway.personas.editing import WRITING, create, readable, unacceptable
from gateway.personas.store import versions
from gateway.personas.view import PersonaView, RunBrief
from gateway.runs import asked, store
from gateway.runs.following import follow, frame, wait
from gateway.runs.pipeline import packaged
from gateway.runs.run import Inputs
from gateway.runs.view import CreateBody, show
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.streamed import Streamed

FAULTS = (
    *WRITING,
    Fault.RUN_OVER_BUDGET,
    Fault.PRICE_UNKNOWN,
    Fault.INTENT_BLOCKED,
    Fault.STEP_FAILED,
    Fault.RUN_CANCELLED,
    Fault.RATE_LIMITED,
    Fault.PROVIDER_UNAVAILABLE,
)
Prefer = Annotated[str | None, HeaderParameter(name="Prefer", description="`respond-async` answers at once.")]


class Enhanced(Protocol):
    """A persona that was deepened from a text."""

    @property
    def fields(self) -> dict[str, str]: ...
    @property
    def system_prompt(self) -> str: ...


Enhancements = Callable[[AnyRequest, Database, str], Awaitable[Enhanced | None]]


def creating(
    limiter: Limiter, is_leaving: Callable[[], bool], enhancements: Enhancements
) -> HTTPRouteHandler:
    """Make the route that creates personas; `is_leaving` tells that this process is about to end.

    `enhancements` finds the persona of an enhancement of the caller's.
    """

    @post("/", opt={"scope": "personas:write", "faults": FAULTS}, summary="Create a persona")
    async def create_persona(
        request: AnyRequest,
        database: Store,
        config: Settings,
        data: CreateBody,
        stream: bool = False,
        prefer: Prefer = None,
    ) -> Response[PersonaView]:
        """From an `intent` a run makes it: `stream=true` or `Accept: text/event-stream` tells of the run as
        server-sent events, `Prefer: respond-async` answers 202 with the run, and else the answer waits.

        Without an intent `name` or `slug`, and `prompt` or a layer, are needed. Without `slug` one is made
        from the name, without `prompt` one is rendered from the layers and stored. Visibility is `private`
        unless it is given.
        """
        if data.intent is UNSET:
            _require_no_run(data)
            if data.from_enhancement is not UNSET:
                data = _filled(data, await enhancements(request, database, data.from_enhancement))
            return await create(request, database, config, data)
        try:
            inputs = asked.read(data)
        except DraftError as error:
            raise unacceptable(error.details) from None
        is_there = still_there(request.scope)

        def is_wanted() -> bool:
            return is_there() and not is_leaving()

        if stream or "text/event-stream" in request.headers.get("accept", ""):
            lease = await limiter.hold(caller_of(request).bounds, "streams")
            try:
                run_id = await _begin(request, database, limiter, inputs)
            except BaseException:
                await limiter.release(lease)
                raise
            events = follow(database, run_id, is_leaving=is_leaving)
            return Streamed((frame(event) async for event in events), end=partial(limiter.release, lease))
        run_id = await _begin(request, database, limiter, inputs)
        if "respond-async" in (prefer or "") or not await wait(database, run_id, is_wanted):
            return await _later(database, run_id)
        return await _made(request, database, run_id)

    return create_persona


async def _begin(request: AnyRequest, database: Database, limiter: Limiter, inputs: Inputs) -> str:
    """Write the run, within what the caller's plan leaves. Raises Refusal."""
    caller, pipeline, run_id = caller_of(request), packaged(), ids.new("run")
    await limiter.recount(caller.bounds, "generations", request.scope["state"]["connection"])
    async with database.write(still_there(request.scope)) as connection:
        for bound in caller.bounds.runs:
            owner = None if bound.ident == caller.workspace_id else bound.ident
            if await store.open_runs(connection, caller.workspace_id, owner, bound.amount) >= bound.amount:
                raise telling.all_held(bound)
        await store.create(connection, run_id, inputs, actor_of(request), pipeline.name, pipeline.fingerprint)
    return run_id


async def _later(database: Database, run_id: str) -> Response[PersonaView]:
    async with database.read() as connection:
        run = await store.find(connection, run_id)
    assert run is not None  # noqa: S101 - it was written a moment ago
    answer: Response[PersonaView] = Response(show(run), status_code=202)  # type: ignore[arg-type]
    answer.headers["location"] = f"/v1/runs/{run_id}"
    return answer


async def _made(request: AnyRequest, database: Database, run_id: str) -> Response[PersonaView]:
    """Answer with what the run has made. Raises Refusal as the run has failed."""
    async with database.read() as connection:
        run = await store.find(connection, run_id)
        if run is None or run.status == "cancelled":
            raise Refusal(Fault.RUN_CANCELLED, run_id=run_id)
        if run.error is not None or run.persona_id is None:
            raise _refusal(run.error or {}, run_id)
        shown = await _shown(connection, request, run.persona_id)
    latency = float((run.ended_at or run.created_at) - run.created_at)
    brief = RunBrief(run.id, run.cost_usd, run.tokens, latency)
    return Response(msgspec.structs.replace(shown, run=brief), status_code=201)


async def _shown(connection: AsyncConnection, request: AnyRequest, persona_id: str) -> PersonaView:
    persona = await readable(connection, request, persona_id)
    return view.show(persona, await versions.read(connection, persona.id, persona.latest))


def _refusal(error: dict[str, object], run_id: str) -> Refusal:
    fault = next((fault for fault in Fault if fault.code == error.get("code")), Fault.INTERNAL)
    found = error.get("details")
    details = msgspec.convert(found, list[Detail]) if found else None
    return Refusal(fault, str(error.get("message", fault.sentence)), details=details, run_id=run_id)


def _filled(data: CreateBody, found: Enhanced | None) -> CreateBody:
    """Take what was deepened for whatever the body leaves out. Raises Refusal."""
    if found is None:
        problem = "there is no such enhancement that has succeeded"
        raise unacceptable([Detail(["from_enhancement"], problem, "value_error")])
    given: dict[str, Any] = {"prompt": found.system_prompt, "layers": {"surface": found.fields}}
    if data.slug is UNSET:
        given["name"] = (found.fields.get("name") or "Persona")[:NAME_LENGTH]
    kept = {name: value for name, value in given.items() if getattr(data, name) is UNSET}
    return msgspec.structs.replace(data, **kept)


def _require_no_run(data: CreateBody) -> None:
    for name in ("seed", "budget_usd"):
        if getattr(data, name) is not UNSET:
            raise unacceptable([Detail([name], "goes with an intent alone", "value_error")])
