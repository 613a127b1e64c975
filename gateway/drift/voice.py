"""A turn's manner against the persona's: what is measured, and the learnt heads that weigh it."""

import math

import numpy as np

from gateway.drift.features import Floats, Text
from gateway.drift.lines import Lines, dot, found, vector, without
from gateway.drift.weights import Tongue, Weights

NAMES = ("assistant", "likeness", "likeness-shift", "kinship", "surprise", "typography", "length")
"""What is measured, in this order; `nan` stands for what cannot be known without a line of the persona.

assistant: log odds that an assistant that plays nobody wrote it, by its words · likeness: mean cosine to the
persona's lines · likeness-shift: the same in standard deviations of the lines among themselves · kinship:
cosine to everything known of the persona · surprise: mean log likelihood ratio of its words, the persona's
lines against ordinary text · typography and length: distance from the lines.
"""
HEADS = ("assistant", "other")
"""Who else may have spoken: an assistant that plays nobody, or another character."""
SMOOTHING = 100.0
"""Words of ordinary text that a persona's own lines are mixed with."""
_LINES_NEEDED = [1, 2, 4, 5, 6]


def measure(tongue: Tongue, lines: Lines, answer: Text, user: Text | None) -> Floats:
    """The features of an answer, as NAMES has them."""
    out = np.empty(len(NAMES), np.float32)
    whole = vector(tongue, answer)
    out[0] = tongue.assistance(answer)
    out[3] = dot(lines.tokens, lines.pooled, answer.tokens, whole)
    if not lines.number:
        out[_LINES_NEEDED] = np.nan
        return out
    own = answer if user is None else without(answer, user)
    likeness = dot(lines.tokens, lines.mean, own.tokens, whole if own is answer else vector(tongue, own))
    usual, spread = lines.spread()
    out[1] = likeness / lines.number
    out[2] = (likeness / lines.number - usual) / spread
    out[4] = _surprise(tongue, lines, own)
    out[5] = np.abs(answer.marks - lines.marks / lines.number).mean()
    out[6] = abs(math.log(answer.length + 5) - lines.length / lines.number)
    return out


def log_odds(weights: Weights, measured: Floats) -> tuple[float, float]:
    """How much more likely the turn is from each of HEADS than from the persona, as natural logarithms."""
    standard = np.nan_to_num(np.clip((measured - weights.centre) / weights.scale, -4, 4))
    assistant, other = weights.heads[:, :-1] @ standard + weights.heads[:, -1]
    return float(assistant), (float(other) if not math.isnan(measured[1]) else -math.inf)


def _surprise(tongue: Tongue, lines: Lines, own: Text) -> float:
    if not len(own.tokens):
        return 0.0
    usual = tongue.share[own.tokens]
    total = float(lines.counts.sum())
    counts = found(lines.tokens, lines.counts, own.tokens)
    share = (counts + SMOOTHING * usual) / (total + SMOOTHING)
    return float(np.dot(np.log(0.2 + 0.8 * share / usual), own.counts) / own.counts.sum())
