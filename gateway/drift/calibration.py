"""Scores become beliefs and p values that mean the same for every persona."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from statistics import pstdev

PRIOR = 0.05
"""The share of turns taken to be out of character before anything is known of them."""
_PRIOR_ODDS = math.log(PRIOR / (1 - PRIOR))
USUAL = 4
"""The usual scores count for as many of a persona's own."""
BREADTH = 1.35
"""The spread of each score, as a multiple of Silverman's rule."""


def belief(log_odds: float) -> float:
    """Give the posterior at the stated prior, from how much more likely drift makes what was seen."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds + _PRIOR_ODDS))))


def either(one: float, other: float) -> float:
    """Give the log odds that one or the other of two explanations holds, each as likely beforehand."""
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high)) - math.log(2) if low > -math.inf else high - math.log(2)


class Usual:
    """The scores of turns in character over all personas: quantiles in equal steps from 0 to 1."""

    def __init__(self, quantiles: Sequence[float]) -> None:
        self._quantiles = list(quantiles)
        self._steps = len(self._quantiles) - 1
        self.spread = pstdev(self._quantiles)
        # Beyond all that was seen the tail is taken to fall as an exponential does, a tenth for each length.
        self._tail = self._quantiles[-1] - self._quantiles[-1 - self._steps // 10] or 1.0

    def exceeded(self, score: float) -> float:
        """Give the share of the distribution that lies at or above the score."""
        quantiles, steps = self._quantiles, self._steps
        at = bisect_right(quantiles, score)
        if at > steps:
            beyond: float = 0.1 ** ((score - quantiles[-1]) / self._tail)
            return max(1e-6, beyond / (2 * steps))
        if at == 0:
            return 1.0
        low, high = quantiles[at - 1], quantiles[at]
        return max(1 / (2 * steps), 1 - (at - 1 + (score - low) / (high - low)) / steps)


def p_value(own: Sequence[float], usual: Usual, score: float) -> float:
    """Estimate how often a turn in character scores at least this much.

    `own` are scores of the persona's own lines and earlier turns, each made without itself: split conformal
    prediction (Vovk et al. 2005), with each score spread by a logistic kernel since there are few of them,
    and mixed with the usual scores, which is all there is to go by where the persona has none.
    """
    exceeded = usual.exceeded(score)
    if not own:
        return exceeded
    number = len(own)
    mean = sum(own) / number
    squares = sum([(one - mean) ** 2 for one in own]) + USUAL * usual.spread**2
    deviation = math.sqrt(squares / (number + USUAL))
    width = BREADTH * 1.06 * deviation * number**-0.2 / 1.7
    exp = math.exp
    above = sum([1 / (1 + exp(x if (x := (score - one) / width) < 60.0 else 60.0)) for one in own])
    return (above + USUAL * exceeded) / (number + USUAL)
