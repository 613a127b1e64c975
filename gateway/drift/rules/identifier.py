"""An identifier tells which language a text is in: naive Bayes over hashed character n-grams."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.drift.arrays import mapped
from gateway.drift.language import Languages
from gateway.drift.memory import SLOT, Room, shared, weight
from gateway.drift.scripts import LATIN, leading

BITS = 15
"""Hashes of n-grams are cut to so many bits."""
ORDERS = (3, 4, 5)
"""Lengths of the n-grams; the blanks around a word belong to them, so that short words are whole ones."""
LONGEST = 6_000
"""Characters that are looked at, the first."""
REMEMBERED = 1 << 12
"""Words whose leaning is remembered for each set of languages."""
LONGEST_WORD, AT_ONCE = 32, 128
"""Letters of a word, and words that are weighed together."""
UNTOLD = 1000.0
"""The leaning of every word where one is too long to be any."""
FEW = 4
"""Fewer words than these are no language for certain, and are taken for one of those preferred."""
SCALE = 16.0
"""Weights are log odds times this, in one byte each."""

_SCALE = np.float32(SCALE)
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
    found = mapped(Path(str(resources.files("gateway.drift").joinpath("data/languages.npz"))))
    return Identifier(tuple(str(found["languages"]).split()), found["weights"])


def plain(text: str) -> str:
    """The text in lower case with blanks for all that is no letter."""
    return _NO_WORD.sub(" ", text.lower())


def buckets(plain: str) -> list[Codes]:
    """The bucket of every n-gram, one array for each order; the n-gram at place i begins with letter i."""
    codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.uint32)
    length = len(codes)
    sums = np.zeros(length + 1, np.uint32)
    np.cumsum((codes + np.uint32(17)) * _POWERS[:length], dtype=np.uint32, out=sums[1:])
    counts = [max(0, length + 1 - order) for order in ORDERS]
    hashes = np.empty(sum(counts), np.uint32)
    found, last = [], 0
    for order, salt, count in zip(ORDERS, _SALTS, counts, strict=True):
        first, last = last, last + count
        part = np.subtract(sums[order:], sums[:count], out=hashes[first:last])
        part *= _INVERSE[:count]
        part += salt
        found.append(part)
    # All orders are mixed at once, since for a few words it is the number of steps that costs.
    hashes ^= hashes >> _15
    hashes *= _MIX
    hashes ^= hashes >> _13
    hashes >>= _DOWN
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
        summed /= _SCALE
    return summed


class Weighed(NamedTuple):
    """Holds what words, each by itself, say of the language that they are in."""

    odds: dict[str, float]
    """How much likelier each makes another language than ours."""
    rows: dict[str, bytes]
    """Each has the weights of all languages."""


class Leanings:
    """Knows how much likelier words, each by itself, make another language than ours."""

    def __init__(self, ours: tuple[int, ...], theirs: tuple[int, ...], room: Room | None = None) -> None:
        """Without a `room` it is in that of the process."""
        self._ours, self._theirs = np.array(ours, np.intp), np.array(theirs, np.intp)
        self._known = Weighed({}, {})
        self._room = shared() if room is None else room

    def of(self, tokens: list[str]) -> list[float]:
        """Give the log odds of each, none for numbers; no sum of theirs in any one language is higher."""
        try:
            return list(map(self._known.odds.__getitem__, tokens))
        except KeyError:
            known = self._weighed(tokens)
        return [UNTOLD] * len(tokens) if known is None else list(map(known.odds.get, tokens, repeat(0.0)))

    def together(self, tokens: Sequence[str]) -> float:
        """Give the log odds of one other language over all these words, of which none is too long for one."""
        known = self._weighed(tokens) or Weighed({}, {})
        rows = b"".join([known.rows[token] for token in tokens if token in known.rows])
        sums = np.add.reduce(
            np.frombuffer(rows, np.int16).reshape(-1, len(packaged().languages)), axis=0, dtype=np.int32
        )
        theirs, ours = sums.take(self._theirs), sums.take(self._ours)
        return float(np.maximum.reduce(theirs) - np.maximum.reduce(ours)) / SCALE

    def clear(self) -> None:
        """Forget every word, but not for those who look some up at this moment."""
        self._known = Weighed({}, {})

    def _weighed(self, tokens: Sequence[str]) -> Weighed | None:
        """Give what is known of words, of numbers nothing; `None` where one of them is too long to be any."""
        known = self._known
        unknown = set(tokens).difference(known.odds)
        if not unknown:
            return known
        if len(unknown) + len(known.odds) > REMEMBERED:
            self.clear()
            self._room.give(self)
            known, unknown = self._known, set(tokens)
        words = list(filter(str.isalpha, unknown))
        for start in range(0, len(words), AT_ONCE):
            some = words[start : start + AT_ONCE]
            if len(max(some, key=len)) > LONGEST_WORD:
                return None
            self._weigh(known, some)
        numbers = [one for one in unknown if not one.isalpha() and len(one) <= LONGEST_WORD]
        known.odds.update(dict.fromkeys(numbers, 0.0))
        self._room.take(self, (SLOT + LONGEST_WORD) * len(numbers))
        return known

    def _weigh(self, known: Weighed, tokens: list[str]) -> None:
        scores = log_odds(packaged(), ["".join(plain(token).split()) for token in tokens])
        theirs, ours = scores.take(self._theirs, axis=1), scores.take(self._ours, axis=1)
        best = (np.maximum.reduce(theirs, axis=1) - np.maximum.reduce(ours, axis=1)).tolist()
        rows = list(map(np.ndarray.tobytes, np.rint(scores * _SCALE).astype(np.int16)))
        known.rows.update(zip(tokens, rows, strict=True))
        known.odds.update(zip(tokens, best, strict=True))
        self._room.take(self, sum(map(weight, (*tokens, *rows, *best))) + 2 * SLOT * len(tokens))


@lru_cache(maxsize=64)
def leanings(ours: tuple[int, ...], theirs: tuple[int, ...]) -> Leanings:
    """Make the memory that all versions with the same languages share."""
    return Leanings(ours, theirs)


def language_of(text: str, preferred: Sequence[str], languages: Languages) -> str:
    """The language that most of a text is written in; one of those preferred where it cannot be told."""
    written = leading(text)
    if written is not None and written not in (LATIN, "cyrillic"):
        some = languages.written[written]
        return next(
            (one for one in preferred if one in some), languages.standing_for(written) or languages.default
        )
    identifier, seen = packaged(), plain(text[:LONGEST])
    if written is None or not seen.strip():
        return next(iter(preferred), languages.default)
    (row,) = log_odds(identifier, [" ".join(seen.split())])
    is_short = len(seen.split()) < FEW and bool(preferred)
    if is_short and preferred[0] not in identifier.languages:
        return preferred[0]
    fits = [
        languages.script(language) == written and (not is_short or language in preferred)
        for language in identifier.languages
    ]
    if not any(fits):
        return next(iter(preferred), languages.default)
    scores = np.where(fits, row, -np.inf)
    return identifier.languages[int(scores.argmax())]
