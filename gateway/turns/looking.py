"""Figures for a glance: how personas do, how long turns take, and what a moment has changed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import sqrt

from gateway import clock
from gateway.turns import rollup
from gateway.turns.drift_history import figures
from gateway.turns.drift_view import DriftBucket
from gateway.turns.looks_view import (
    DriftAround,
    DriftSide,
    Interval,
    LatencyReport,
    LatencySeries,
    PersonaDrift,
    Quantiles,
    VerdictBucket,
)
from gateway.turns.store.hours import Row
from gateway.turns.store.looks import Named, Timed
from gateway.turns.turn import Verdict

Z = 1.959964
"""The normal deviate of an interval of 95 %."""
DIGITS = 4
GOOD: tuple[Verdict, ...] = ("in-character", "warming-up")
Parts = tuple[tuple[str, float], ...]
PARTS: Parts = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


def verdict_buckets(rows: Sequence[Row]) -> list[VerdictBucket]:
    return [
        VerdictBucket(at=clock.iso(row["at"]), turns=row["turns"], verdicts=rollup.shares(row))
        for row in rows
    ]


def personas(ranked: Sequence[Named], rows: Sequence[Row]) -> list[PersonaDrift]:
    """Put the rows, which are in the order of persona and time, below their personas."""
    by_persona = {key: list(group) for key, group in groupby(rows, lambda row: row["persona_id"])}
    found = []
    for one in ranked:
        each = by_persona.get(one.id, [])
        plain = [{name: value for name, value in row.items() if name != "persona_id"} for row in each]
        buckets = [DriftBucket(at=clock.iso(row["at"]), **figures(row)) for row in plain]
        if plain:
            whole = figures(rollup.together(plain))
            found.append(PersonaDrift(persona=one.id, slug=one.slug, name=one.name, buckets=buckets, **whole))
    return found


def latency(rows: Sequence[Timed]) -> LatencyReport:
    """Tell the quantiles of these turns, all together and for each upstream, the busiest first."""
    groups: defaultdict[str | None, list[Timed]] = defaultdict(list)
    for row in rows:
        groups[row.upstream].append(row)
    series = [
        LatencySeries(
            upstream=upstream,
            turns=len(group),
            latency_ms=_quantiles([row.latency_ms for row in group]),
            first_byte_ms=_first_bytes(group),
        )
        for upstream, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0] or ""))
    ]
    whole = _quantiles([row.latency_ms for row in rows]) if rows else None
    return LatencyReport(turns=len(rows), latency_ms=whole, first_byte_ms=_first_bytes(rows), data=series)


def around(at: int, width: int, before: Iterable[str], after: Iterable[str]) -> DriftAround:
    """Compare the verdicts of the turns on both sides; `width` is in milliseconds."""
    first = _side(at - width, at, Counter(before))
    second = _side(at, at + width, Counter(after))
    differs = None
    if first.in_character is not None and second.in_character is not None:
        differs = _differs(first.in_character, second.in_character)
    return DriftAround(at=clock.iso(at), before=first, after=second, differs=differs)


def wilson(good: int, turns: int) -> Interval:
    """Tell the share and its interval (Wilson, 1927)."""
    share, square = good / turns, Z * Z
    middle = (share + square / (2 * turns)) / (1 + square / turns)
    half = Z / (1 + square / turns) * sqrt(share * (1 - share) / turns + square / (4 * turns * turns))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Interval(round(share, DIGITS), round(low, DIGITS), round(high, DIGITS))


def _side(since: int, until: int, verdicts: Counter[str]) -> DriftSide:
    scored = verdicts.total() - verdicts["unscored"]
    good = sum(verdicts[verdict] for verdict in GOOD)
    return DriftSide(
        since=clock.iso(since),
        until=clock.iso(until),
        turns=verdicts.total(),
        verdicts={verdict: verdicts[verdict] for verdict in rollup.VERDICTS},
        in_character=wilson(good, scored) if scored else None,
    )


def _differs(one: Interval, other: Interval) -> bool:
    """Tell whether the interval of the difference (Newcombe, 1998, method 10) leaves 0 out."""
    gap = one.share - other.share
    low = gap - sqrt((one.share - one.low) ** 2 + (other.high - other.share) ** 2)
    high = gap + sqrt((one.high - one.share) ** 2 + (other.share - other.low) ** 2)
    return low > 0 or high < 0


def _first_bytes(rows: Sequence[Timed]) -> Quantiles | None:
    times = [row.first_byte_ms for row in rows if row.first_byte_ms is not None]
    return _quantiles(times) if times else None


def _quantiles(times: Sequence[float]) -> Quantiles:
    ordered = sorted(times)
    last = len(ordered) - 1
    return Quantiles(**{name: round(ordered[min(last, int(part * len(ordered)))], 2) for name, part in PARTS})
