"""The route `/v1/personas/{ref}/drift`: how far a persona's answers were, hour by hour or day by day."""

import asyncio
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.params import Parameter, QueryParameter

from gateway import clock
from gateway.auth.access import AnyRequest, Store, caller_of
from gateway.errors import Detail, Fault, Refusal
from gateway.personas.store import personas
from gateway.turns import rollup
from gateway.turns.rollup import Spread
from gateway.turns.store import hours
from gateway.turns.store.hours import DAY_MS, HOUR_MS, Row, Span, Wanted
from gateway.turns.times import ms

Bucket = Literal["hour", "day"]
LENGTHS: dict[Bucket, int] = {"hour": HOUR_MS, "day": DAY_MS}
USUALLY: dict[Bucket, int] = {"hour": 2 * DAY_MS, "day": 30 * DAY_MS}
"""Milliseconds up to `to` that are shown where no `from` is named."""
MOST = 1_000
"""Pieces of time that are shown at once, over all versions and upstreams."""

From = Annotated[datetime | None, QueryParameter(name="from", description="From this time on (RFC 3339).")]
To = Annotated[datetime | None, QueryParameter(name="to", description="Up to this time (RFC 3339).")]
Upstream = Annotated[str | None, Parameter(description="Such as `main/gpt-5.4-mini`.", max_length=200)]


class _Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What turns of one version and upstream had in common."""

    turns: int
    verdicts: dict[str, float]
    levels: dict[str, Spread | None]


class DriftBucket(_Figures, frozen=True, kw_only=True):
    """The turns that began within one hour or day."""

    at: str


class DriftSeries(_Figures, frozen=True, kw_only=True):
    """All turns of one version on one upstream, and the same piece by piece."""

    version: int
    upstream: str | None
    buckets: list[DriftBucket]


class DriftHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Every version and upstream at once; there are no further pages."""

    data: list[DriftSeries]
    has_more: bool = False
    next: str | None = None


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
        found = await personas.find(connection, caller.workspace_id, caller.owner, ref, archived=True)
        if found is None:
            raise Refusal(Fault.PERSONA_UNKNOWN)
        wanted = Wanted(
            workspace_id=caller.workspace_id,
            persona_id=found.id,
            span=span(ms(since, "from"), ms(until, "to"), bucket),
            bucket=LENGTHS[bucket],
            version=version,
            upstream=upstream,
        )
        rows = await hours.drift(connection, wanted, MOST + 1)
    if len(rows) > MOST:
        problem = f"asks for more than {MOST} hours or days; name a version, an upstream or a shorter time"
        details = [Detail(["query", "from"], problem, "value_error")]
        raise Refusal(Fault.REQUEST_INVALID, f"`from` {problem}.", details=details)
    return await asyncio.to_thread(history, rows)


def span(since: int | None, until: int | None, bucket: Bucket) -> Span:
    """Choose where the time begins that is shown, if nobody says so."""
    if since is None:
        since = (clock.now_ms() if until is None else until) - USUALLY[bucket]
        since -= since % LENGTHS[bucket]
    return Span(since, until)


def history(rows: list[Row]) -> DriftHistory:
    """Show the rows, which are in the order of version, upstream and time."""
    series = []
    for (version, upstream), group in groupby(rows, lambda row: (row["version"], row["upstream"])):
        each = list(group)
        buckets = [DriftBucket(at=clock.iso(row["at"]), **_figures(row)) for row in each]
        whole = _figures(rollup.together(each))
        series.append(DriftSeries(version=version, upstream=upstream or None, buckets=buckets, **whole))
    return DriftHistory(data=sorted(series, key=lambda one: -one.version))


def _figures(row: Row) -> dict[str, Any]:
    levels = {name: rollup.spread(row, name) for name in rollup.NAMES}
    return {"turns": row["turns"], "verdicts": rollup.shares(row), "levels": levels}
