"""The route `/v1/personas/{ref}/drift`: how far a persona's answers were, hour by hour or day by day."""

import asyncio
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import Parameter, QueryParameter

from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.errors import Detail, Fault, Refusal
from gateway.personas.editing import readable
from gateway.turns.drift_history import LENGTHS, MOST, history, span
from gateway.turns.drift_view import Bucket, DriftHistory
from gateway.turns.store import hours
from gateway.turns.store.hours import Wanted
from gateway.turns.times import ms

From = Annotated[datetime | None, QueryParameter(name="from", description="From this time on (RFC 3339).")]
To = Annotated[datetime | None, QueryParameter(name="to", description="Up to this time (RFC 3339).")]
Upstream = Annotated[str | None, Parameter(description="Such as `main/gpt-5.4-mini`.", max_length=200)]


@get(
    "/personas/{ref:str}/drift",
    opt={"scope": "chat:read", "faults": (Fault.PERSONA_UNKNOWN,)},
    summary="Show a persona's drift over time",
)
async def show_drift(
    request: AnyRequest,
    database: Store,
    ref: str,
    since: From = None,
    until: To = None,
    version: Annotated[int | None, Parameter(ge=1, le=999_999_999)] = None,
    upstream: Upstream = None,
    bucket: Bucket = "day",
) -> DriftHistory:
    """The workspace's turns with the persona, for each version on each upstream, the newest version first.

    Turns count in the hour in which they began, in UTC, and every hour that `from` and `to` touch counts
    whole. Without `from` it is the last 30 days, or two days by the hour. A late score or a judgement
    counts, and the figures stay when turns are deleted.
    """
    caller = caller_of(request)
    async with database.read() as connection:
        found = await readable(connection, request, ref)
        wanted = Wanted(
            workspace_id=caller.workspace_id,
            persona_id=found.id,
            span=span(ms(since, "from"), ms(until, "to"), bucket),
            bucket=LENGTHS[bucket],
            version=version,
            upstream=upstream,
        )
        rows = await hours.drift(connection, wanted, MOST)
    if rows is None:
        problem = f"asks for more than {MOST} hours or days; name a version, an upstream or a shorter time"
        details = [Detail(["query", "from"], problem, "value_error")]
        raise Refusal(Fault.REQUEST_INVALID, f"`from` {problem}.", details=details)
    return await asyncio.to_thread(history, rows)
