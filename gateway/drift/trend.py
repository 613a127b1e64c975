"""Slow drift shows in a conversation's sum of what exceeds a baseline that is frozen early."""

import math
from typing import NamedTuple

FROZEN = 8
"""Accepted turns after which the baseline does not change any more."""
SLACK = 0.3
"""Standard deviations by which a turn may exceed the baseline without adding to the sum."""
CLIP = 1.5
"""The most that one turn counts for, so that one odd turn makes no trend."""
LIMIT = 6.0
"""The sum at which a conversation is believed to have drifted as likely as not."""
LIKENESS_SPREAD, ODDS_SPREAD = 0.02, 0.7
"""Spread among turns in character, as far as two of them would show it."""
WEIGHT = 1.0
"""The weight of the log odds beside the likeness."""


class Trend(NamedTuple):
    """The baseline and the sum (Page 1954)."""

    likeness: tuple[float, ...] = ()
    odds: tuple[float, ...] = ()
    accepted: int = 0
    total: float = 0.0

    @property
    def is_frozen(self) -> bool:
        return self.accepted >= FROZEN

    @property
    def belief(self) -> float:
        """The belief from 0 to 1 that there is a trend: a half at LIMIT."""
        return self.total / (self.total + LIMIT)


def followed(trend: Trend, likeness: float, odds: float) -> Trend:
    """Follow the trend by a turn, which counts once the baseline is frozen."""
    if not trend.is_frozen:
        return trend
    return trend._replace(total=max(0.0, trend.total + exceeds(trend, likeness, odds) - SLACK))


def learnt(trend: Trend, likeness: float, odds: float) -> Trend:
    """Put an accepted turn into the baseline."""
    likenesses = trend.likeness if math.isnan(likeness) else (*trend.likeness, likeness)
    return trend._replace(likeness=likenesses, odds=(*trend.odds, odds), accepted=trend.accepted + 1)


def exceeds(trend: Trend, likeness: float, odds: float) -> float:
    """Measure how far a turn is from the baseline, in standard deviations, within ±CLIP."""
    one = -_standard(trend.likeness, likeness, LIKENESS_SPREAD)
    other = _standard(trend.odds, odds, ODDS_SPREAD)
    return max(-CLIP, min(CLIP, (one + WEIGHT * other) / math.hypot(1, WEIGHT)))


def _standard(values: tuple[float, ...], value: float, spread: float) -> float:
    if not values or not math.isfinite(value):
        return 0.0
    mean = sum(values) / len(values)
    squares = sum((one - mean) ** 2 for one in values) + 2 * spread**2
    return (value - mean) / math.sqrt(squares / (len(values) + 2))
