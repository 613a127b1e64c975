"""Slow drift shows in a conversation's sum of what speaks for another speaker, from turn to turn."""

import math
from typing import NamedTuple

FROZEN = 8
"""Turns after which the baseline does not change any more."""
CLIP, FLOOR = 0.4, 1.0
"""The most that one turn counts for drift, so that one odd turn makes no trend, and the most against it."""
LIMIT = 2.25
"""The sum at which a conversation is believed to have drifted as likely as not."""
OTHER, PLAIN, SERVING = 0.75, 0.25, 0.2
"""The weights of the log odds of another character, of words that are less the persona's than in its first
turns, and of an assistant's voice that is more than there."""
SPREADS = (0.6, 3.0)
"""The usual spreads of the latter two in one conversation …"""
WEIGHT = 4
"""… as far as so many turns would show them."""


class Manner(NamedTuple):
    """Holds what a trend goes by of one turn's manner."""

    other: float
    """The log odds that another character spoke."""
    surprise: float
    """The lines make its words so much likelier than ordinary text does; `nan`: no line is known."""
    assistant: float
    """The log odds that an assistant spoke."""


class Trend(NamedTuple):
    """The baseline and the sum (Page 1954)."""

    surprise: tuple[float, ...] = ()
    assistant: tuple[float, ...] = ()
    turns: int = 0
    total: float = 0.0

    @property
    def belief(self) -> float:
        """The belief from 0 to 1 that there is a trend: a half at LIMIT."""
        return self.total / (self.total + LIMIT)


def followed(trend: Trend, manner: Manner) -> Trend:
    """Follow the trend by a turn: the first ones are its baseline, and later ones count.

    Turns that are not accepted are among the first, too: how a conversation begins is what it may leave.
    """
    if trend.turns >= FROZEN:
        return trend._replace(turns=trend.turns + 1, total=max(0.0, trend.total + exceeds(trend, manner)))
    known = () if math.isnan(manner.surprise) else (manner.surprise,)
    return trend._replace(
        surprise=(*trend.surprise, *known),
        assistant=(*trend.assistant, manner.assistant),
        turns=trend.turns + 1,
    )


def exceeds(trend: Trend, manner: Manner) -> float:
    """Weigh what speaks for another speaker, and how far the turn is from the baseline.

    The log odds of another character are a likelihood ratio already, which a sum takes as it is: where they
    were held against a baseline, too, a persona whose turns are hardly known by their words had none left.
    """
    plain = -_standard(trend.surprise, manner.surprise, SPREADS[0])
    serving = _standard(trend.assistant, manner.assistant, SPREADS[1])
    other = manner.other if math.isfinite(manner.other) else 0.0
    return max(-FLOOR, min(CLIP, OTHER * other + PLAIN * plain + SERVING * serving))


def _standard(values: tuple[float, ...], value: float, spread: float) -> float:
    if not values or not math.isfinite(value):
        return 0.0
    mean = sum(values) / len(values)
    squares = sum((one - mean) ** 2 for one in values) + WEIGHT * spread**2
    return (value - mean) / math.sqrt(squares / (len(values) + WEIGHT))
