"""Two learnt heads weigh how a turn's manner compares with the persona's."""

import math
from array import array
from operator import mul

import numpy as np

from gateway.drift.voice.lines import COUNTS, MEAN, POOLED, Lines
from gateway.drift.voice.model import ASSISTANT, RARITY, SHARE, Model, Vocabulary
from gateway.drift.voice.stylometry import Floats, Measures

NAMES = ("assistant", "likeness", "likeness-shift", "kinship", "surprise", "typography", "length")
"""The measures in this order; `nan` stands for one that cannot be known without a line of the persona.

assistant: log odds that an assistant that plays nobody wrote it, by its words · likeness: mean cosine to the
persona's lines · likeness-shift: the same in standard deviations of the lines among themselves · kinship:
cosine to everything known of the persona · surprise: mean log likelihood ratio of its words, the persona's
lines against ordinary text · typography and length: distance from the lines.
"""
HEADS = ("assistant", "other")
"""The others who may have spoken: an assistant that plays nobody, or another character."""
SMOOTHING = 100.0
"""Words of ordinary text that a persona's own lines are mixed with."""
DRAWN, FLOOR = 0.8, 0.2
"""The share that these have in what a word is likely by, and what it has at least."""
_ONE = np.array(1.0, np.float32)
"""An array of one number is quicker to count with than the number."""
OWN = 6
"""Words of its own from which on an answer is held against the lines by them alone."""


def compare(vocabulary: Vocabulary, lines: Lines, answer: Measures) -> list[float]:
    """Measure an answer, in the order of NAMES and in single precision, which the heads were learnt in.

    Words that the user had said before are the topic's: only its own are held against the lines.
    """
    tokens, counts = answer.tokens, answer.counts
    words = vocabulary.rows.take(tokens, axis=0)
    weights = np.log(counts)
    weights += _ONE
    weights *= words[:, RARITY]
    at = lines.tokens.searchsorted(tokens)
    is_known = lines.tokens.take(at, mode="clip") == tokens
    # To unpack an array would raise an error at its end, and write it out.
    known = np.multiply(lines.rows.take(at, axis=0, mode="clip").T, is_known, order="C")
    said_so = vocabulary.spoken_so(words[:, ASSISTANT])
    kinship = _cosine(known[POOLED], weights)
    if not lines.number:
        return _single(said_so, math.nan, math.nan, kinship, math.nan, math.nan, math.nan)
    if answer.own is not None and OWN <= len(answer.own.nonzero()[0]) < len(tokens):
        weights, counts = weights * answer.own, counts * answer.own
    likeness = _cosine(known[MEAN], weights) / lines.number
    usual, spread = lines.spread
    shift = (likeness - usual) / spread
    surprise = _surprise(words[:, SHARE], known[COUNTS], lines.total, counts)
    typography = np.add.reduce(np.abs(answer.marks - lines.marks / lines.number)) / len(answer.marks)
    length = abs(math.log(answer.length + 5) - lines.length / lines.number)
    return _single(said_so, likeness, shift, kinship, surprise, typography, length)


def _single(*measured: float) -> list[float]:
    return array("f", measured).tolist()


def log_odds(model: Model, measured: list[float]) -> tuple[float, float]:
    """Give natural logarithms of how much likelier the turn is from each of HEADS than from the persona."""
    standard = [
        (0.0 if value != value else -4.0 if x < -4.0 else 4.0 if x > 4.0 else x)
        for value, centre, scale in zip(measured, model.centre, model.scale, strict=True)
        for x in ((value - centre) / scale,)
    ]
    assistant, other = (sum(map(mul, head, standard), head[-1]) for head in model.heads)
    return assistant, (-math.inf if math.isnan(measured[1]) else other)


def _cosine(values: Floats, weights: Floats) -> float:
    """The product of a known vector of length 1 and the answer's, of which only what is known counts."""
    square = float(np.dot(weights, weights))
    return float(np.dot(values, weights)) / math.sqrt(square) if square else 0.0


def _surprise(usual: Floats, known: Floats, total: float, counts: Floats) -> float:
    """The mean of the logarithms of how much likelier the lines make a word, as ordinary text is mixed in."""
    number = float(np.add.reduce(counts))
    if not number:
        return 0.0
    mixed = DRAWN / (total + SMOOTHING)
    odds = known / usual
    odds *= mixed
    odds += mixed * SMOOTHING + FLOOR
    return float(np.dot(np.log(odds, out=odds), counts)) / number
