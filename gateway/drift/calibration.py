"""From scores to beliefs and to p values that mean the same for every persona."""

import math
from collections.abc import Sequence

import numpy as np

from gateway.drift.features import Floats

PRIOR = 0.05
"""How often a turn is taken to be out of character before anything is known of it."""
USUAL = 4
"""How many scores of a persona's own the usual ones count for."""
BREADTH = 1.35
"""How far each score is spread, beside what Silverman's rule says."""


def belief(log_odds: float) -> float:
    """The posterior at the stated prior, from how much more likely drift makes what was seen."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds + math.log(PRIOR / (1 - PRIOR))))))


def either(one: float, other: float) -> float:
    """The log odds that one or the other of two explanations holds, each as likely beforehand."""
    high, low = max(one, other), min(one, other)
    return high + math.log1p(math.exp(low - high)) - math.log(2) if low > -math.inf else high - math.log(2)


def exceeded(quantiles: Floats, score: float) -> float:
    """How large a share of the distribution lies at or above the score; quantiles ascend from 0 to 1."""
    steps = len(quantiles) - 1
    if score > quantiles[-1]:
        # Beyond all that was seen the tail is taken to fall as an exponential does.
        tail = float(quantiles[-1] - quantiles[-1 - steps // 10]) or 1.0
        return max(1e-6, math.exp(-(score - float(quantiles[-1])) / tail * 2.3) / (2 * steps))
    return max(1 / (2 * steps), 1 - float(np.interp(score, quantiles, np.linspace(0, 1, steps + 1))))


def p_value(own: Sequence[float], quantiles: Floats, score: float) -> float:
    """How often a turn in character scores at least this much.

    `own` are scores of the persona's own lines and earlier turns, each made without itself: split conformal
    prediction (Vovk et al. 2005), with each score spread by a logistic kernel since there are few of them,
    and mixed with the usual scores, which is all there is to go by where the persona has none.
    """
    usual = exceeded(quantiles, score)
    if not own:
        return usual
    number = len(own)
    mean, spread = sum(own) / number, float(quantiles.std())
    deviation = math.sqrt((sum((one - mean) ** 2 for one in own) + USUAL * spread**2) / (number + USUAL))
    width = BREADTH * 1.06 * deviation * number**-0.2 / 1.7
    above = sum(1 / (1 + math.exp(min(60.0, (score - one) / width))) for one in own)
    return (above + USUAL * usual) / (number + USUAL)
