"""Which language each part of a text is written in: naive Bayes over hashed character n-grams."""

import re
from collections.abc import Sequence, Set
from functools import lru_cache
from importlib import resources
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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

SCRIPTS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("greek", 0x370, 0x3FF, ("el",)),
    ("cyrillic", 0x400, 0x52F, ("ru", "uk", "bg", "sr", "be", "mk", "kk", "mn", "ky")),
    ("armenian", 0x530, 0x58F, ("hy",)),
    ("hebrew", 0x590, 0x5FF, ("he", "yi")),
    ("arabic", 0x600, 0x77F, ("ar", "fa", "ur", "ps")),
    ("devanagari", 0x900, 0x97F, ("hi", "mr", "ne")),
    ("bengali", 0x980, 0x9FF, ("bn", "as")),
    ("tamil", 0xB80, 0xBFF, ("ta",)),
    ("telugu", 0xC00, 0xC7F, ("te",)),
    ("thai", 0xE00, 0xE7F, ("th",)),
    ("georgian", 0x10A0, 0x10FF, ("ka",)),
    ("hangul", 0x1100, 0x11FF, ("ko",)),
    ("kana", 0x3040, 0x30FF, ("ja",)),
    ("han", 0x3400, 0x9FFF, ("zh", "ja")),
    ("hangul", 0xAC00, 0xD7A3, ("ko",)),
)
"""Scripts other than Latin: first and last letter, and the languages that are written in them."""
CYRILLIC = frozenset({"ru", "uk", "bg", "sr"})
"""Languages of the model that are not written in Latin letters."""
NEAR: tuple[frozenset[str], ...] = (
    frozenset({"nb", "no", "nn", "da"}),
    frozenset({"hr", "bs", "sr-latn", "sl"}),
    frozenset({"id", "ms"}),
    frozenset({"es", "gl"}),
)
"""Languages that a short text cannot be told apart in."""


class Model(NamedTuple):
    """What was learnt."""

    languages: tuple[str, ...]
    weights: Weights
    """By bucket and language."""


@lru_cache(maxsize=1)
def packaged() -> Model:
    """The weights that come with the gateway."""
    data = resources.files("gateway.drift.rules").joinpath("identify.npz").read_bytes()
    with np.load(BytesIO(data)) as file:
        return Model(tuple(str(file["languages"]).split()), np.ascontiguousarray(file["weights"]))


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


def log_odds(model: Model, parts: Sequence[str]) -> NDArray[np.float32]:
    """By part and language: how much likelier the language makes the part than languages do on average.

    A part is words in lower case with one blank between two of them.
    """
    summed = np.zeros((len(parts), len(model.languages)), np.float32)
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
        taken = model.weights.take(np.concatenate(rows), axis=0)
        summed[filled] = np.add.reduceat(taken, firsts, axis=0, dtype=np.int32)
        summed /= np.float32(SCALE)
    return summed


def script(text: str) -> str | None:
    """The script of most letters: `latin`, another one's name, or `None` where there are too few."""
    sample = text[:400]
    if sample.isascii() or max(sample) < "\u0250":
        return "latin" if sum(map(str.isalpha, sample)) >= 4 else None
    counts: dict[str, int] = {}
    for letter in sample:
        code = ord(letter)
        if code < 0x250:
            if letter.isalpha():
                counts["latin"] = counts.get("latin", 0) + 1
            continue
        for name, first, last, _ in SCRIPTS:
            if first <= code <= last:
                counts[name] = counts.get(name, 0) + 1
                break
    if not counts:
        return None
    if counts.get("kana", 0) * 8 > counts.get("han", 0):
        counts["kana"] = counts.get("kana", 0) + counts.pop("han", 0)
    name = max(counts, key=lambda one: counts[one])
    return name if counts[name] >= 4 else None


def scripts_of(languages: Set[str]) -> frozenset[str]:
    """The scripts that texts in these languages are written in."""
    found = {name for name, _, _, some in SCRIPTS if not languages.isdisjoint(some)}
    others = {one for _, _, _, some in SCRIPTS for one in some}
    return frozenset(found | ({"latin"} if languages - others or "sr" in languages else set()))


def language_of(text: str, preferred: Sequence[str] = ()) -> str:
    """The language that most of a text is written in; one of those preferred where it cannot be told."""
    written = script(text)
    some = {one for name, _, _, codes in SCRIPTS if name == written for one in codes}
    if written is not None and written not in ("latin", "cyrillic"):
        return next(
            (one for one in preferred if one in some), next(c[0] for n, _, _, c in SCRIPTS if n == written)
        )
    model, seen = packaged(), plain(text[:LONGEST])
    if written is None or not seen.strip():
        return next(iter(preferred), "en")
    (row,) = log_odds(model, [" ".join(seen.split())])
    fits = [
        written == "cyrillic" if language in CYRILLIC else written == "latin" for language in model.languages
    ]
    scores = np.where(fits, row, -np.inf)
    return model.languages[int(scores.argmax())]
