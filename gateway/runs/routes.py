"""The route `/v1/runs` lists, reads, follows and cancels runs."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, Parameter

from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.errors import Fault, Refusal
from gateway.limits.limiter import Limiter
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.runs import store
from gateway.runs.beginning import Beginner, later
from gateway.runs.following import follow, frame
from gateway.runs.replaying import repeated
from gateway.runs.run import OPEN, Run
from gateway.runs.view import PipelineView, RunDetail, RunView, detail, show, show_pipeline
from gateway.storage.connection import AsyncConnection
from gateway.streamed import Streamed
from gateway.work.store import rows

EVENTS = "text/event-stream"
READING = {"scope": "runs:read", "faults": (Fault.RUN_UNKNOWN,)}
FOLLOWING = {"scope": "runs:read", "faults": (Fault.RUN_UNKNOWN, Fault.RATE_LIMITED)}
CANCELLING = {"scope": "runs:cancel", "faults": (Fault.RUN_UNKNOWN, Fault.RUN_ENDED)}
REPLAYING = {
    "scope": "personas:write",
    "faults": (
        Fault.RUN_UNKNOWN,
        Fault.RUN_NOT_REPEATABLE,
        Fault.PERSONA_INVALID,
        Fault.RATE_LIMITED,
        Fault.PIPELINE_FORBIDDEN,
    ),
}
FromStep = Annotated[str | None, Parameter(description="The first step that is taken again.", max_length=64)]
LastEventId = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="The `id` of the last event seen.")
]


@get("/", opt={"scope": "runs:read"}, summary="List runs")
async def list_runs(
    request: AnyRequest, database: Store, limit: Limit = 50, after: After = None
) -> Page[RunView]:
    """The run of a private persona is shown to the key's owner alone who has asked for it."""
    caller = caller_of(request)
    require_cursor(after, "[0-9]{1,18}")
    async with database.read() as connection:
        found = await store.listed(
            connection, caller.workspace_id, caller.owner, int(after) if after else None, limit + 1
        )
    return page(found, limit, show, lambda run: str(run.seq))


@get("/{run_id:str}", opt=READING, summary="Read a run")
async def read_run(request: AnyRequest, database: Store, run_id: str) -> RunDetail:
    async with database.read() as connection:
        found = await _readable(connection, request, run_id)
        return detail(found, await store.happened(connection, found.id, 0))


def following(limiter: Limiter, is_leaving: Callable[[], bool]) -> HTTPRouteHandler:
    """Make the route that follows a run; `is_leaving` tells that this process is about to end."""

    @get("/{run_id:str}/events", opt=FOLLOWING, media_type=EVENTS, summary="Follow a run")
    async def follow_run(
        request: AnyRequest, database: Store, run_id: str, last_event_id: LastEventId = None
    ) -> Response[Any]:
        """Server-sent events, from the beginning or behind `Last-Event-ID`; the stream ends with the run.

        It is one of the streams that a plan allows at the same time.
        """
        async with database.read() as connection:
            found = await _readable(connection, request, run_id)
        digits = last_event_id or ""
        after = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
        lease = await limiter.hold(caller_of(request).bounds, "streams")
        events = follow(database, found.id, after, is_leaving)
        return Streamed((frame(event) async for event in events), end=partial(limiter.release, lease))

    return follow_run


@post("/{run_id:str}/cancel", opt=CANCELLING, status_code=202, summary="Cancel a run")
async def cancel_run(request: AnyRequest, database: Store, run_id: str) -> RunView:
    """The call that is open is cut at once, and nothing half-made stays."""
    async with database.write() as connection:
        found = await _readable(connection, request, run_id)
        if found.status not in OPEN or not await rows.want_cancelled(connection, found.id):
            raise Refusal(Fault.RUN_ENDED)
    return show(found)


def replaying(beginner: Beginner) -> HTTPRouteHandler:
    """Make the route that repeats a run."""

    @post("/{run_id:str}/replay", opt=REPLAYING, status_code=202, summary="Repeat a run")
    async def replay_run(
        request: AnyRequest, database: Store, run_id: str, from_step: FromStep = None
    ) -> Response[RunView]:
        """A new run has the same inputs, seed and pipeline, and makes what that one made: a persona, or a
        version. Its `result.patch` is the difference from the old result, as a JSON patch.

        With `from_step` the steps in front of that one are not taken again.
        """
        async with database.read() as connection:
            found = await _readable(connection, request, run_id)
            order = await repeated(connection, found, from_step)
        beginner.require_allowed(request, order.pipeline.name)
        answer: Response[RunView] = await later(database, await beginner.begin(request, database, order))
        return answer

    return replay_run


def listing(beginner: Beginner) -> Router:
    """Make the route that lists pipelines."""

    @get("/", opt={"scope": "config:read"}, summary="List pipelines")
    async def list_pipelines() -> Page[PipelineView]:
        """The gateway comes with some, and its operator may add others.

        Runs follow the `active` one unless a request names another one.
        """
        known = beginner.pipelines.known.values()
        return Page([show_pipeline(each, beginner.pipelines.active) for each in known], False, None)

    return Router("/pipelines", route_handlers=[list_pipelines], tags=["Configuration"])


def router(limiter: Limiter, beginner: Beginner) -> Router:
    """Make the routes of runs; they begin where personas are created or refined, and here."""
    handlers = [list_runs, read_run, following(limiter, beginner.is_leaving), cancel_run, replaying(beginner)]
    return Router("/runs", route_handlers=handlers, tags=["Runs"])


async def _readable(connection: AsyncConnection, request: AnyRequest, run_id: str) -> Run:
    caller = caller_of(request)
    found = await store.readable(connection, caller.workspace_id, caller.owner, run_id)
    if found is None:
        raise Refusal(Fault.RUN_UNKNOWN)
    return found
