"""Turns are added up here, into the figures of the hours in which they began."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Any

import msgspec

from gateway.drift.axes import AXES
from gateway.storage.tables import BINS, TOKENS, bin_names
from gateway.turns.charging import is_unpriced
from gateway.turns.drift_view import Spread
from gateway.turns.store.hours import HOUR_MS, Row
from gateway.turns.turn import GRAVITY, Drift, Turn, Verdict
from gateway.turns.usage import total

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9, "p99": 0.99}
DIGITS = 4
COHERENCE = "coherence"
NAMES = {**{axis.name: axis.column for axis in AXES}, COHERENCE: COHERENCE}
"""The columns of what is measured, by the names that the API has for it."""
LOWEST = {name: 1.0 if name == COHERENCE else 0.0 for name in NAMES}
SPANS = {name: 4.0 if name == COHERENCE else 1.0 for name in NAMES}
EDGES = [at / BINS for at in range(BINS)]
"""The bins begin at these parts of the scale."""
VERDICTS: dict[Verdict, str] = {verdict: verdict.replace("-", "_") for verdict in GRAVITY}
USED_BY = ("workspace_id", "persona_id", "version", "upstream", "hour", "key_id")
USED = ("turns", "completed", "failed", "cancelled", *TOKENS, "cost_usd", "priced", "unpriced", "estimated")


Figures = defaultdict[str, Any]
Found = Mapping[tuple[Any, ...], Figures]
COUNTS = {name: total if name == "total_tokens" else attrgetter(name) for name in TOKENS}
LEVELS: dict[str, Any] = {name: attrgetter(name if name == COHERENCE else f"drift.{name}") for name in NAMES}


def _nothing() -> Figures:
    return defaultdict(int)


class Score(msgspec.Struct, frozen=True, gc=False):
    """A turn's score, as often as it is to be counted; -1 takes it back."""

    turn: Any
    """The turn, or a row with what says in which hour it counts."""
    drift: Drift
    coherence: float | None
    times: int = 1


def usage(turns: Iterable[Turn]) -> list[Row]:
    """Add up what turns took."""
    groups: defaultdict[tuple[Any, ...], list[Turn]] = defaultdict(list)
    for turn in turns:
        groups[(*_key(turn), turn.key_id)].append(turn)
    return _rows({key: _used(group) for key, group in groups.items()}, USED_BY, USED)


def charges(turns: Iterable[Turn]) -> list[Row]:
    """Add up the costs of turns that were counted as unpriced."""
    found: defaultdict[tuple[Any, ...], Figures] = defaultdict(_nothing)
    for turn in turns:
        sums = found[(*_key(turn), turn.key_id)]
        sums["cost_usd"] += turn.cost_usd or 0.0
        sums["priced"] += 1
        sums["unpriced"] -= 1
    return _rows(found, USED_BY, USED)


def drift(scores: Iterable[Score]) -> list[Row]:
    """Add up the scores of turns with a persona."""
    groups: defaultdict[tuple[Any, ...], list[Score]] = defaultdict(list)
    for score in scores:
        if score.turn.persona_id is not None:
            groups[_key(score.turn)].append(score)
    found = {key: _scored(group) for key, group in groups.items()}
    figures = ["turns", *VERDICTS.values()]
    for column in NAMES.values():
        figures += [f"{column}_sum", *bin_names(column)]
    return _rows(found, ("workspace_id", "persona_id", "version", "upstream", "hour"), figures)


def spread(row: Row, name: str) -> Spread | None:
    """Tell how the levels of a row's turns are spread; `None` where no turn has one."""
    column = NAMES[name]
    bins = [row[one] for one in bin_names(column)]
    count = sum(bins)
    if count <= 0:
        return None
    quantiles = {word: round(_quantile(bins, part, name), DIGITS) for word, part in QUANTILES.items()}
    return Spread(mean=round(row[f"{column}_sum"] / count, DIGITS), **quantiles)


def shares(row: Row) -> dict[str, float]:
    """Tell which part of a row's turns has each verdict."""
    turns = row["turns"]
    return {
        verdict: round(row[column] / turns, DIGITS) if turns else 0.0 for verdict, column in VERDICTS.items()
    }


def together(rows: Sequence[Row]) -> Row:
    """Add up the figures of rows."""
    sums = _nothing()
    for row in rows:
        for name, value in row.items():
            if name not in ("version", "upstream", "at"):
                sums[name] += value
    return sums


def _used(turns: Sequence[Turn]) -> Figures:
    """Add up what turns of one row took."""
    sums = _nothing()
    sums |= Counter([turn.status for turn in turns])
    usages, costs = [turn.usage for turn in turns], [turn.cost_usd for turn in turns]
    sums["turns"] = len(turns)
    sums["priced"] = len(costs) - costs.count(None)
    sums["unpriced"] = sum(map(is_unpriced, turns))
    sums["estimated"] = [turn.usage_source for turn in turns].count("estimated")
    for name, counts in COUNTS.items():
        sums[name] = sum(filter(None, map(counts, usages)))
    sums["cost_usd"] = sum([cost or 0.0 for cost in costs])
    return sums


def _scored(scores: Sequence[Score]) -> Figures:
    """Add up the scores of one row."""
    sums = _nothing()
    for (verdict, times), count in Counter([(score.drift.verdict, score.times) for score in scores]).items():
        sums["turns"] += times * count
        sums[VERDICTS[verdict]] += times * count
    for name, column in NAMES.items():
        level_of = LEVELS[name]
        found = [(level, score.times) for score in scores if (level := level_of(score)) is not None]
        if found:
            _sort(sums, name, column, found)
    return sums


def _sort(sums: Figures, name: str, column: str, found: Sequence[tuple[float, int]]) -> None:
    """Sort the levels of one scale into its bins, and add them up."""
    lowest, span, counts = LOWEST[name], SPANS[name], [0] * BINS
    total: float = 0
    for level, times in found:
        total += times * level
        counts[bisect_right(EDGES, max(0.0, (level - lowest) / span)) - 1] += times
    sums[f"{column}_sum"] = total
    for bin_name, count in zip(bin_names(column), counts, strict=True):
        sums[bin_name] = count


def _key(turn: Any) -> tuple[Any, ...]:
    hour = turn.created_at - turn.created_at % HOUR_MS
    return turn.workspace_id, turn.persona_id or "", turn.version or 0, turn.upstream or "", hour


def _rows(found: Found, keys: Sequence[str], figures: Sequence[str]) -> list[Row]:
    return [
        {**dict(zip(keys, key, strict=True)), **{name: sums[name] for name in figures}}
        for key, sums in found.items()
    ]


def _quantile(bins: Sequence[int], part: float, name: str) -> float:
    """Find the level below which this part of the turns is, as if they were even within their bins."""
    below = [0, *accumulate(bins)]
    wanted = part * below[-1]
    at = next(number for number, upto in enumerate(below[1:]) if upto >= wanted and bins[number])
    within = min(1.0, max(0.0, (wanted - below[at]) / bins[at]))
    return LOWEST[name] + SPANS[name] * (at + within) / BINS
