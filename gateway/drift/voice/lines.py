"""Lines that a persona is known to have said are summed up, so that an answer is held against all at once."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gateway.drift.voice.model import RARITY, Vocabulary
from gateway.drift.voice.stylometry import MARK_COUNT, Codes, Floats, Measures, firsts

COUNTS, OTHERS, MEAN, POOLED, COLUMNS = range(5)
"""Columns of what is known of a word: its counts in the lines, and in the prompt and the fields; the sum of
the lines' vectors, each of length 1; one vector for all that is known, of length 1."""
USUAL_LIKENESS, USUAL_SPREAD, USUAL_WEIGHT = 0.06, 0.03, 4
"""The usual likeness between lines of one persona, as if so many lines had shown it."""


class Lines(NamedTuple):
    """The sum of a persona's lines; adding one gives a new value."""

    tokens: Codes
    """Buckets of everything known, ascending."""
    rows: Floats
    """What is known of each."""
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
    return _unit((1 + np.log(text.counts)) * vocabulary.rows[text.tokens, RARITY])


def known(vocabulary: Vocabulary, prompt: Measures, lines: Sequence[Measures]) -> Lines:
    """Sum up a prompt and example lines."""
    rows = np.zeros((len(prompt.tokens), COLUMNS), np.float32)
    rows[:, OTHERS] = prompt.counts
    rows[:, POOLED] = _pooled(vocabulary, prompt.tokens, prompt.counts)
    marks = np.zeros(MARK_COUNT, np.float32)
    out = Lines(prompt.tokens, rows, 0.0, 0, marks, 0.0, (), spread(()))
    for line in lines:
        out = added(vocabulary, out, line)
    if len(lines) > 1:
        own = [dot(out.tokens, out.rows[:, MEAN], line.tokens, vector(vocabulary, line)) for line in lines]
        likeness = tuple((product - 1) / (len(lines) - 1) for product in own)
        out = out._replace(likeness=likeness, spread=spread(likeness))
    return out


def added(vocabulary: Vocabulary, lines: Lines, line: Measures) -> Lines:
    """Add one more line to the sum."""
    own = vector(vocabulary, line)
    tokens = _union(lines.tokens, line.tokens)
    old, new = np.searchsorted(tokens, lines.tokens), np.searchsorted(tokens, line.tokens)
    rows = np.zeros((len(tokens), COLUMNS), np.float32)
    rows[old] = lines.rows
    rows[new, COUNTS] += line.counts
    rows[new, MEAN] += own
    rows[:, POOLED] = _pooled(vocabulary, tokens, rows[:, COUNTS] + rows[:, OTHERS])
    likeness = lines.likeness
    if lines.number:
        likeness = (*likeness, dot(lines.tokens, lines.rows[:, MEAN], line.tokens, own) / lines.number)
    return Lines(
        tokens,
        rows,
        lines.total + float(line.counts.sum()),
        lines.number + 1,
        lines.marks + line.marks,
        lines.length + math.log(line.length + 5),
        likeness,
        spread(likeness),
    )


def removed(vocabulary: Vocabulary, lines: Lines, line: Measures, at: int) -> Lines:
    """Take a line out of the sum, the one whose likeness stands at this place."""
    rows, places = lines.rows.copy(), np.searchsorted(lines.tokens, line.tokens)
    likeness = lines.likeness[:at] + lines.likeness[at + 1 :]
    rows[places, COUNTS] -= line.counts
    rows[places, MEAN] -= vector(vocabulary, line)
    rows[:, POOLED] = _pooled(vocabulary, lines.tokens, rows[:, COUNTS] + rows[:, OTHERS])
    return lines._replace(
        rows=rows,
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
    at = np.minimum(tokens.searchsorted(others), len(tokens) - 1)
    return float(np.dot(values[at] * (tokens[at] == others), theirs))


def _pooled(vocabulary: Vocabulary, tokens: Codes, counts: Floats) -> Floats:
    return _unit((1 + np.log(np.maximum(counts, 1))) * vocabulary.rows[tokens, RARITY] * (counts > 0))


def _unit(values: Floats) -> Floats:
    return values / (np.sqrt(np.dot(values, values)) or np.float32(1))


def _union(some: Codes, others: Codes) -> Codes:
    """Ascending, each once; numpy's own loads its masked arrays for that, 1 MB."""
    tokens = np.concatenate((some, others))
    tokens.sort()
    return tokens[firsts(tokens)]
