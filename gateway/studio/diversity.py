"""The mean distance of all pairs, over fields and words, and the nearest pair say how varied a crowd is.

The distance of two personas is the mean of two parts, each in [0, 1]: the share of fields in which they
differ, and one minus the cosine of the words of their prompts and longer fields. The mean over all pairs
follows from counts and from one sum of vectors; only the nearest pair needs every pair, in blocks.
"""

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from gateway.studio.crowd import FIELDS, Member
from gateway.studio.gates import SHORT, Gate

WIDTH = 256
"""Places that words fall into by their hash."""
BLOCK = 1024
FLOOR = 0.2
"""A crowd whose mean distance is below this is one persona told again and again."""
NEAREST = 0.02
"""Two personas that are nearer than this are the same one in other words."""
WORD = re.compile(r"\w+")

Codes = npt.NDArray[np.int32]
Vectors = npt.NDArray[np.float32]


class Pair(msgspec.Struct, frozen=True):
    """Two personas that are nearest to each other."""

    a: str
    b: str
    distance: float


class Diversity(msgspec.Struct, frozen=True, kw_only=True):
    """It tells how varied a crowd is; every figure is in [0, 1]."""

    mean_distance: float
    fields_distance: float
    words_distance: float
    floor: float = FLOOR
    nearest: Pair


def measure(members: Sequence[Member]) -> Diversity | None:
    """Measure a crowd; `None` for a single persona, which is not varied."""
    if len(members) < 2:
        return None
    columns = _columns(members)
    codes = _codes(members, columns)
    words = _words(members)
    count = len(members)
    pairs = count * (count - 1) / 2
    matched = sum(
        sum(n * (n - 1) / 2 for n in Counter(codes[:, at].tolist()).values()) for at in range(len(columns))
    )
    fields_distance = 1 - matched / (pairs * len(columns)) if columns else 0.0
    total = words.sum(axis=0, dtype=np.float64)
    cosine = (float(total @ total) - count) / (count * (count - 1))
    words_distance = min(1.0, max(0.0, 1 - cosine))
    first, second, distance = _nearest(codes, words)
    mean = (fields_distance + words_distance) / 2 if columns else words_distance
    return Diversity(
        mean_distance=round(mean, 4),
        fields_distance=round(fields_distance, 4),
        words_distance=round(words_distance, 4),
        nearest=Pair(members[first].persona_id, members[second].persona_id, round(distance, 4)),
    )


def gates(found: Diversity) -> list[Gate]:
    is_varied, is_apart = found.mean_distance >= FLOOR, found.nearest.distance >= NEAREST
    mean = f"The mean distance is {found.mean_distance:.3f}, below {FLOOR:g}."
    pair = found.nearest
    near = f"`{pair.a}` and `{pair.b}` are {pair.distance:.3f} apart, below {NEAREST:g}."
    return [
        Gate(name="diversity_floor", passed=is_varied, detail="" if is_varied else mean),
        Gate(name="nearest_pair", passed=is_apart, detail="" if is_apart else near),
    ]


def _columns(members: Sequence[Member]) -> list[str]:
    """Choose the fields that are compared: those that most personas have, since each takes all pairs."""
    held = Counter(name for member in members for name, value in member.fields.items() if len(value) <= SHORT)
    return sorted(sorted(held, key=lambda name: (-held[name], name))[:FIELDS])


def _codes(
    members: Sequence[Member], columns: Sequence[str]
) -> "np.ndarray[tuple[int, int], np.dtype[np.int32]]":
    """Number the values of each field; one that is missing has a number of its own."""
    codes = np.zeros((len(members), len(columns)), np.int32)
    for at, name in enumerate(columns):
        known: dict[str, int] = {}
        for row, member in enumerate(members):
            value = member.fields.get(name, "").strip().casefold()
            codes[row, at] = known.setdefault(value, len(known))
    return codes


class _Places(dict[str, int]):
    """Remembers the place of each word, which it works out once; a loop over a million words has no time."""

    def __missing__(self, word: str) -> int:
        place = self[word] = zlib.crc32(word.encode("utf-8", "surrogatepass")) % WIDTH
        return place


def _words(members: Sequence[Member]) -> Vectors:
    """Make a vector of length 1 of each persona's words; a word that stands often counts by its root."""
    vectors = np.zeros((len(members), WIDTH), np.float32)
    places = _Places()
    for row, member in enumerate(members):
        texts = [member.system_prompt, *(text for text in member.fields.values() if len(text) > SHORT)]
        counts = Counter(WORD.findall(" ".join(texts).casefold()))
        if counts:
            found = np.fromiter(map(places.__getitem__, counts), np.intp, len(counts))
            weights = np.sqrt(np.fromiter(counts.values(), np.float64, len(counts)))
            vectors[row] = np.bincount(found, weights, WIDTH)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    unit: Vectors = vectors / lengths
    return unit


def _nearest(codes: Codes, words: Vectors) -> tuple[int, int, float]:
    """Find the nearest pair, the first one of several: products of blocks, and exact fields for the best."""
    count, best = len(words), (0, 1, 2.0)
    for start in range(0, count, BLOCK):
        rows = words[start : start + BLOCK]
        for other in range(start, count, BLOCK):
            apart = 1 - rows @ words[other : other + BLOCK].T
            if codes.shape[1]:
                differ = np.zeros(apart.shape, np.float32)
                for at in range(codes.shape[1]):
                    differ += codes[start : start + BLOCK, at, None] != codes[None, other : other + BLOCK, at]
                apart = (apart + differ / codes.shape[1]) / 2
            if start == other:
                apart[np.tril_indices(len(rows), 0, apart.shape[1])] = 2
            place = int(apart.argmin())
            row, column = divmod(place, apart.shape[1])
            if float(apart[row, column]) < best[2] - 1e-9:
                best = (start + row, other + column, float(apart[row, column]))
    return best[0], best[1], max(0.0, best[2])
