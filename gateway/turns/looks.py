"""The routes for a glance are `/v1/drift`, `/v1/usage/latency`, and a persona's drift around a moment."""

import asyncio
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import Parameter

from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.errors import Fault
from gateway.personas.editing import readable
from gateway.turns import looking, rollup
from gateway.turns.drift_history import LENGTHS, span
from gateway.turns.drift_routes import From, To
from gateway.turns.drift_view import Bucket
from gateway.turns.looks_view import DriftAround, DriftSurvey, LatencyReport
from gateway.turns.store import looks
from gateway.turns.store.places import stretch
from gateway.turns.times import ms

NEWEST = 2_000
"""Turns whose latency is looked at."""
COMPARED = 2_000
"""Turns on each side of a moment that are compared, the nearest ones."""
OF_A_PERSONA = {"scope": "chat:read", "faults": (Fault.PERSONA_UNKNOWN,)}

At = Annotated[datetime, Parameter(description="The moment, such as that of a label's move (RFC 3339).")]
Shown = Annotated[int, Parameter(ge=1, le=50, description="Personas that are shown by themselves.")]
Width = Annotated[int, Parameter(ge=1, le=2_592_000, description="Seconds on each side, 1 to 2592000.")]
Since = Annotated[datetime | None, Parameter(description="Began at this time or later (RFC 3339).")]
PersonaRef = Annotated[str | None, Parameter(description="A slug or id.", max_length=64)]


@get("/drift", opt={"scope": "chat:read"}, summary="Show how all personas are doing")
async def survey_drift(
    request: AnyRequest,
    database: Store,
    since: From = None,
    until: To = None,
    bucket: Bucket = "hour",
    limit: Shown = 12,
) -> DriftSurvey:
    """The verdicts of all turns with personas, and the personas with the most turns out of character.

    Turns count in the hour in which they began, in UTC, and every hour that `from` and `to` touch counts
    whole. Without `from` it is the last two days by the hour, or 30 days by the day.
    """
    caller = caller_of(request)
    workspace, width = caller.workspace_id, LENGTHS[bucket]
    times = span(ms(since, "from"), ms(until, "to"), bucket)
    async with database.read() as connection:
        totals = await looks.verdicts(connection, workspace, times, width)
        ranked = await looks.ranked(connection, workspace, caller.owner, times, limit + 1)
        shown = ranked[:limit]
        rows = await looks.of_personas(connection, workspace, [one.id for one in shown], times, width)
    whole = rollup.together(totals)
    return DriftSurvey(
        turns=whole["turns"],
        verdicts=rollup.shares(whole),
        buckets=looking.verdict_buckets(totals),
        data=await asyncio.to_thread(looking.personas, shown, rows),
        has_more=len(ranked) > limit,
    )


@get("/usage/latency", opt=OF_A_PERSONA, summary="Tell how long turns take")
async def read_latency(
    request: AnyRequest, database: Store, persona: PersonaRef = None, since: Since = None
) -> LatencyReport:
    """The quantiles of the newest 2,000 turns, or of those of them that began at `since` or later."""
    caller = caller_of(request)
    first = ms(since, "since")
    async with database.read() as connection:
        persona_id = None if persona is None else (await readable(connection, request, persona)).id
        within = await stretch(connection, first, None)
        found = await looks.timed(connection, caller.workspace_id, persona_id, within, first, NEWEST)
    return await asyncio.to_thread(looking.latency, found)


@get("/personas/{ref:str}/drift/around", opt=OF_A_PERSONA, summary="Compare the drift before and after")
async def compare_around(
    request: AnyRequest, database: Store, ref: str, at: At, seconds: Width = 86_400
) -> DriftAround:
    """The verdicts of the persona's turns before and after a moment, such as the move of a label, with the
    share in character (warming up counts as such) and its interval. At most 2,000 turns count on each side,
    those that are nearest."""
    caller = caller_of(request)
    moment, width = ms(at, "at") or 0, seconds * 1000
    async with database.read() as connection:
        persona_id = (await readable(connection, request, ref)).id
        sides = []
        for times in ((moment - width, moment), (moment, moment + width)):
            within = await stretch(connection, *times)
            side = await looks.verdicts_between(
                connection,
                caller.workspace_id,
                persona_id,
                times,
                within,
                newest=times[1] == moment,
                limit=COMPARED,
            )
            sides.append(side)
    return looking.around(moment, width, *sides)
