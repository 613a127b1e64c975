"""The levels that turns were given show where a conversation has left its persona."""

from collections.abc import Sequence
from statistics import fmean, linear_regression, median
from typing import NamedTuple

BASELINE = 8
"""Scored turns at the beginning whose median says what is usual."""
USUAL = 0.25
"""The most that counts as usual: a conversation that begins out of character is told, too."""
SLACK = 0.25
"""The part of a level beyond the usual one that adds nothing to the sum."""
THRESHOLD = 0.5
"""The sum from which on a conversation has left its persona: one sure slip is enough, or several slight
ones."""
RECENT = 8
"""Scored turns that the level and its trend are of."""


class Followed(NamedTuple):
    """Says what the levels of a path amount to."""

    sums: list[float]
    """The sum (Page 1954) behind each turn."""
    level: float | None
    """The mean of the last turns; `None` where none is scored."""
    trend: float | None
    """By how much the level grows from turn to turn, by least squares; `None` for fewer than two."""
    onset: int | None
    """The turn with which the sum began to grow that last went over the threshold."""


def follow(levels: Sequence[float | None]) -> Followed:
    """Follow the levels of a path's turns, from 0 to 1; a turn without a score, `None`, says nothing."""
    scored = [level for level in levels if level is not None]
    usual = min(USUAL, median(scored[:BASELINE])) if scored else 0.0
    sums: list[float] = []
    total, began, onset = 0.0, None, None
    for at, level in enumerate(levels):
        if level is not None:
            before, total = total, max(0.0, total + level - usual - SLACK)
            if before == 0.0 < total:
                began = at
            if before < THRESHOLD <= total:
                onset = began
        sums.append(total)
    recent = scored[-RECENT:]
    slope = linear_regression(range(len(recent)), recent).slope if len(recent) > 1 else None
    return Followed(sums, fmean(recent) if recent else None, slope, onset)
