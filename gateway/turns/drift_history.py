"""Sums of hours become the history of a persona's drift."""

from itertools import groupby
from typing import Any

from gateway import clock
from gateway.turns import rollup
from gateway.turns.drift_view import Bucket, DriftBucket, DriftHistory, DriftSeries
from gateway.turns.store.hours import DAY_MS, HOUR_MS, Row, Span

LENGTHS: dict[Bucket, int] = {"hour": HOUR_MS, "day": DAY_MS}
USUALLY: dict[Bucket, int] = {"hour": 2 * DAY_MS, "day": 30 * DAY_MS}
"""Milliseconds up to `to` that are shown where no `from` is named."""
MOST = 1_000
"""Pieces of time that are shown at once, over all versions and upstreams."""


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
        buckets = [DriftBucket(at=clock.iso(row["at"]), **figures(row)) for row in each]
        whole = figures(rollup.together(each))
        series.append(DriftSeries(version=version, upstream=upstream or None, buckets=buckets, **whole))
    return DriftHistory(data=sorted(series, key=lambda one: -one.version))


def figures(row: Row) -> dict[str, Any]:
    levels = {name: rollup.spread(row, name) for name in rollup.NAMES}
    return {"turns": row["turns"], "verdicts": rollup.shares(row), "levels": levels}
