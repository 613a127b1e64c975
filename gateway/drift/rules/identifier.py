"""An identifier tells which language a text is in: naive Bayes over hashed character n-grams."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.drift.language import DEFAULT, Languages
from gateway.drift.scripts import LATIN, leading

BITS = 15
"""Hashes of n-grams are cut to so many bits."""
ORDERS = (3, 4, 5)
"""Lengths of the n-grams; the blanks around a word belong to them, so that short words are whole ones."""
LONGEST = 6_000
"""Characters that are looked at, the first."""
SCALE = 16.0
"""Weights are log odds times this, in one byte each."""

_BASE = 0x01000193
_ROOM = LONGEST + 8
_POWERS = np.cumprod(np.full(_ROOM, _BASE, np.uint32), dtype=np.uint32)
_INVERSE = np.cumprod(np.full(_ROOM, pow(_BASE, -1, 2**32), np.uint32), dtype=np.uint32)
_SALTS = [np.uint32(order * 0x9E3779B9 & 0xFFFFFFFF) for order in ORDERS]
_15, _13, _MIX, _DOWN = np.uint32(15), np.uint32(13), np.uint32(0x2C1B3C6D), np.uint32(32 - BITS)
_NO_WORD = re.compile(r"[^\w\s]|[\d_]")

Codes = NDArray[np.uint32]
Weights = NDArray[np.int8]


class Identifier(NamedTuple):
    """Weights that were learnt."""

    languages: tuple[str, ...]
    weights: Weights
    """By bucket and language."""


@lru_cache(maxsize=1)
def packaged() -> Identifier:
    """The weights that come with the gateway."""
    data = resources.files("gateway.drift").joinpath("data/languages.npz").read_bytes()
    with np.load(BytesIO(data)) as file:
        return Identifier(tuple(str(file["languages"]).split()), np.ascontiguousarray(file["weights"]))


def plain(text: str) -> str:
    """The text in lower case with blanks for all that is no letter."""
    return _NO_WORD.sub(" ", text.lower())


def buckets(plain: str) -> list[Codes]:
    """The bucket of every n-gram, one array for each order; the n-gram at place i begins with letter i."""
    codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.uint32)
    length = len(codes)
    sums = np.zeros(length + 1, np.uint32)
    np.cumsum((codes + np.uint32(17)) * _POWERS[:length], dtype=np.uint32, out=sums[1:])
    found = []
    for order, salt in zip(ORDERS, _SALTS, strict=True):
        count = max(0, length + 1 - order)
        hashes = (sums[order:] - sums[:count]) * _INVERSE[:count] + salt
        hashes = (hashes ^ (hashes >> _15)) * _MIX
        found.append((hashes ^ (hashes >> _13)) >> _DOWN)
    return found


def log_odds(identifier: Identifier, parts: Sequence[str]) -> NDArray[np.float32]:
    """By part and language: how much likelier the language makes the part than languages do on average.

    A part is words in lower case with one blank between two of them.
    """
    summed = np.zeros((len(parts), len(identifier.languages)), np.float32)
    text = f" {' '.join(parts)} "[: LONGEST + 1]
    found = buckets(text)
    rows, firsts, filled, start, size = [], [], [], 0, 0
    for number, part in enumerate(parts):
        # The blanks around a part belong to it.
        end = min(start + len(part) + 2, len(text))
        counts = [max(0, end - order + 1 - start) for order in ORDERS]
        if sum(counts):
            rows += [some[start : start + count] for some, count in zip(found, counts, strict=True)]
            firsts.append(size)
            filled.append(number)
            size += sum(counts)
        start = end - 1
    if filled:
        taken = identifier.weights.take(np.concatenate(rows), axis=0)
        summed[filled] = np.add.reduceat(taken, firsts, axis=0, dtype=np.int32)
        summed /= np.float32(SCALE)
    return summed


def language_of(text: str, preferred: Sequence[str], languages: Languages) -> str:
    """The language that most of a text is written in; one of those preferred where it cannot be told."""
    written = leading(text)
    if written is not None and written not in (LATIN, "cyrillic"):
        some = languages.written[written]
        return next((one for one in preferred if one in some), languages.standing_for(written) or DEFAULT)
    identifier, seen = packaged(), plain(text[:LONGEST])
    if written is None or not seen.strip():
        return next(iter(preferred), DEFAULT)
    (row,) = log_odds(identifier, [" ".join(seen.split())])
    fits = [languages.script(language) == written for language in identifier.languages]
    scores = np.where(fits, row, -np.inf)
    return identifier.languages[int(scores.argmax())]
