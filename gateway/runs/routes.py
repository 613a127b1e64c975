"""The route `/v1/runs` lists, reads, follows and cancels runs."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter

from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.errors import Fault, Refusal
from gateway.limits.limiter import Limiter
from gateway.page import After, Limit, Page, page, require_cursor
from gateway.runs import store
from gateway.runs.following import follow, frame
from gateway.runs.run import OPEN, Run
from gateway.runs.view import RunDetail, RunView, detail, show
from gateway.storage.connection import AsyncConnection
from gateway.streamed import Streamed
from gateway.work.store import rows

EVENTS = "text/event-stream"
READING = {"scope": "runs:read", "faults": (Fault.RUN_UNKNOWN,)}
FOLLOWING = {"scope": "runs:read", "faults": (Fault.RUN_UNKNOWN, Fault.RATE_LIMITED)}
CANCELLING = {"scope": "runs:cancel", "faults": (Fault.RUN_UNKNOWN, Fault.RUN_ENDED)}
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


def router(limiter: Limiter, is_leaving: Callable[[], bool]) -> Router:
    """Make the routes of runs; they begin where personas are created."""
    handlers = [list_runs, read_run, following(limiter, is_leaving), cancel_run]
    return Router("/runs", route_handlers=handlers, tags=["Runs"])


async def _readable(connection: AsyncConnection, request: AnyRequest, run_id: str) -> Run:
    caller, found = caller_of(request), await store.find(connection, run_id)
    if found is None or not found.is_shown_to(caller.workspace_id, caller.owner):
        raise Refusal(Fault.RUN_UNKNOWN)
    return found
