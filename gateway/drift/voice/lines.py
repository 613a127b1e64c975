"""Lines that a persona is known to have said are summed up, so that an answer is held against all at once."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gateway.drift.voice.model import Vocabulary
from gateway.drift.voice.stylometry import MARK_COUNT, Codes, Floats, Measures, Places, firsts

USUAL_LIKENESS, USUAL_SPREAD, USUAL_WEIGHT = 0.06, 0.03, 4
"""The usual likeness between lines of one persona, as if so many lines had shown it."""


class Lines(NamedTuple):
    """The sum of a persona's lines; adding one gives a new value."""

    tokens: Codes
    """Buckets of everything known, ascending; the next four have a value for each."""
    counts: Floats
    """The counts in the lines."""
    others: Floats
    """The counts in the prompt and the fields."""
    mean: Floats
    """The sum of the lines' vectors, each of length 1."""
    pooled: Floats
    """One vector for all that is known, of length 1."""
    total: float
    """Words in the lines, as often as they stand there."""
    number: int
    marks: Floats
    """Sum over the lines, as is the next."""
    length: float
    """The sum of the logarithms of their lengths in characters."""
    likeness: tuple[float, ...]
    """The likeness of each line to the others: the cosine of their vectors, on average."""
    spread: tuple[float, float]
    """Mean and standard deviation of that, drawn to the usual ones while lines are few."""


def spread(likeness: tuple[float, ...]) -> tuple[float, float]:
    """Give mean and standard deviation of the likeness, drawn to the usual ones while lines are few."""
    number = len(likeness) + USUAL_WEIGHT
    mean = (sum(likeness) + USUAL_WEIGHT * USUAL_LIKENESS) / number
    squares = sum((one - mean) ** 2 for one in likeness) + USUAL_WEIGHT * USUAL_SPREAD**2
    return mean, math.sqrt(squares / number)


def vector(vocabulary: Vocabulary, text: Measures) -> Floats:
    """Weigh the text's words by how much they tell; the vector has length 1."""
    return _unit((1 + np.log(text.counts)) * vocabulary.rarity[text.tokens])


def known(vocabulary: Vocabulary, prompt: Measures, lines: Sequence[Measures]) -> Lines:
    """Sum up a prompt and example lines."""
    zeros = np.zeros(len(prompt.tokens), np.float32)
    pooled = _pooled(vocabulary, prompt.tokens, prompt.counts)
    marks = np.zeros(MARK_COUNT, np.float32)
    out = Lines(prompt.tokens, zeros, prompt.counts, zeros, pooled, 0.0, 0, marks, 0.0, (), spread(()))
    for line in lines:
        out = added(vocabulary, out, line)
    if len(lines) > 1:
        own = [dot(out.tokens, out.mean, line.tokens, vector(vocabulary, line)) for line in lines]
        likeness = tuple((product - 1) / (len(lines) - 1) for product in own)
        out = out._replace(likeness=likeness, spread=spread(likeness))
    return out


def added(vocabulary: Vocabulary, lines: Lines, line: Measures) -> Lines:
    """Add one more line to the sum."""
    own = vector(vocabulary, line)
    tokens = _union(lines.tokens, line.tokens)
    old, new = np.searchsorted(tokens, lines.tokens), np.searchsorted(tokens, line.tokens)
    counts, others, mean = (np.zeros(len(tokens), np.float32) for _ in range(3))
    counts[old], others[old], mean[old] = lines.counts, lines.others, lines.mean
    counts[new] += line.counts
    mean[new] += own
    likeness = lines.likeness
    if lines.number:
        likeness = (*likeness, dot(lines.tokens, lines.mean, line.tokens, own) / lines.number)
    return Lines(
        tokens,
        counts,
        others,
        mean,
        _pooled(vocabulary, tokens, counts + others),
        lines.total + float(line.counts.sum()),
        lines.number + 1,
        lines.marks + line.marks,
        lines.length + math.log(line.length + 5),
        likeness,
        spread(likeness),
    )


def removed(vocabulary: Vocabulary, lines: Lines, line: Measures, at: int) -> Lines:
    """Take a line out of the sum, the one whose likeness stands at this place."""
    counts, mean, places = lines.counts.copy(), lines.mean.copy(), np.searchsorted(lines.tokens, line.tokens)
    likeness = lines.likeness[:at] + lines.likeness[at + 1 :]
    counts[places] -= line.counts
    mean[places] -= vector(vocabulary, line)
    return lines._replace(
        counts=counts,
        mean=mean,
        pooled=_pooled(vocabulary, lines.tokens, counts + lines.others),
        total=lines.total - float(line.counts.sum()),
        number=lines.number - 1,
        marks=lines.marks - line.marks,
        length=lines.length - math.log(line.length + 5),
        likeness=likeness,
        spread=spread(likeness),
    )


def dot(tokens: Codes, values: Floats, others: Codes, theirs: Floats) -> float:
    """Multiply two sparse vectors."""
    if not len(tokens):
        return 0.0
    at = places(tokens, others)
    return float(np.dot(values[at] * (tokens[at] == others), theirs))


def places(tokens: Codes, others: Codes) -> Places:
    """Find where each of the others is or would be."""
    found = tokens.searchsorted(others)
    return np.minimum(found, max(len(tokens) - 1, 0), out=found)


def _pooled(vocabulary: Vocabulary, tokens: Codes, counts: Floats) -> Floats:
    return _unit((1 + np.log(np.maximum(counts, 1))) * vocabulary.rarity[tokens] * (counts > 0))


def _unit(values: Floats) -> Floats:
    return values / (np.sqrt(np.dot(values, values)) or np.float32(1))


def _union(some: Codes, others: Codes) -> Codes:
    """Ascending, each once; numpy's own loads its masked arrays for that, 1 MB."""
    tokens = np.concatenate((some, others))
    tokens.sort()
    return tokens[firsts(tokens)]
