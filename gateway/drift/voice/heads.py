"""Two learnt heads weigh how a turn's manner compares with the persona's."""

import math
from array import array
from operator import mul

import numpy as np

from gateway.drift.voice.lines import Lines, places
from gateway.drift.voice.model import Model, Vocabulary
from gateway.drift.voice.stylometry import Floats, Measures, Places

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
_SMOOTHING, _DRAWN, _FLOOR, _ONE = (np.float32(one) for one in (SMOOTHING, 0.8, 0.2, 1.0))
OWN = 6
"""Words of its own from which on an answer is held against the lines by them alone."""


def compare(vocabulary: Vocabulary, lines: Lines, answer: Measures) -> list[float]:
    """Measure an answer, in the order of NAMES and in single precision, which the heads were learnt in.

    Words that the user had said before are the topic's: only its own are held against the lines.
    """
    tokens, counts = answer.tokens, answer.counts
    weights = np.log(counts)
    weights += _ONE
    weights *= vocabulary.rarity.take(tokens)
    at = places(lines.tokens, tokens)
    is_known = lines.tokens.take(at) == tokens if len(lines.tokens) else np.zeros(len(at), bool)
    weights_known = weights * is_known
    assistant = vocabulary.assistance(answer)
    kinship = _cosine(lines.pooled, at, weights_known, weights)
    if not lines.number:
        return _single(assistant, math.nan, math.nan, kinship, math.nan, math.nan, math.nan)
    own = answer.own.nonzero()[0] if answer.own is not None else ()
    if OWN <= len(own) < len(tokens):
        tokens, counts, at = tokens.take(own), counts.take(own), at.take(own)
        is_known, weights = is_known.take(own), weights.take(own)
        weights_known = weights_known.take(own)
    likeness = _cosine(lines.mean, at, weights_known, weights) / lines.number
    usual, spread = lines.spread
    shift = (likeness - usual) / spread
    surprise = _surprise(vocabulary.share.take(tokens), lines.counts.take(at) * is_known, lines.total, counts)
    typography = np.add.reduce(np.abs(answer.marks - lines.marks / lines.number)) / len(answer.marks)
    length = abs(math.log(answer.length + 5) - lines.length / lines.number)
    return _single(assistant, likeness, shift, kinship, surprise, typography, length)


def _single(*measured: float) -> list[float]:
    return array("f", measured).tolist()


def log_odds(model: Model, measured: list[float]) -> tuple[float, float]:
    """Give natural logarithms of how much likelier the turn is from each of HEADS than from the persona."""
    standard = [
        0.0 if value != value else min(4.0, max(-4.0, (value - centre) / scale))
        for value, centre, scale in zip(measured, model.centre, model.scale, strict=True)
    ]
    assistant, other = (sum(map(mul, head, standard), head[-1]) for head in model.heads)
    return assistant, (-math.inf if math.isnan(measured[1]) else other)


def _cosine(values: Floats, at: Places, weights_known: Floats, weights: Floats) -> float:
    """The product of a known vector of length 1 and the answer's, of which only what is known counts."""
    square = float(np.dot(weights, weights))
    return float(np.dot(values.take(at), weights_known)) / math.sqrt(square) if square else 0.0


def _surprise(usual: Floats, known: Floats, total: float, counts: Floats) -> float:
    if not len(counts):
        return 0.0
    share = usual * _SMOOTHING
    share += known
    share /= np.float32(total + SMOOTHING)
    share *= _DRAWN
    share /= usual
    share += _FLOOR
    return float(np.dot(np.log(share, out=share), counts) / np.add.reduce(counts))
