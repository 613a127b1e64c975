"""What is measured of one text: its hashed words and the marks of its typography."""

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Floats = NDArray[np.float32]

LONGEST = 6_000
"""Characters of a text that are looked at: of a longer one its first and its last half of that."""
BITS = 16
"""Hashes are cut to so many bits, which number the buckets of the weights."""
BUCKETS = 1 << BITS

_BASE = 0x01000193
_POWERS = np.cumprod(np.full(LONGEST + 8, _BASE, np.uint32), dtype=np.uint32)
_INVERSE = np.cumprod(np.full(LONGEST + 8, pow(_BASE, -1, 2**32), np.uint32), dtype=np.uint32)

SCRIPTS = (
    ("el", 0x0370, 0x03FF),
    ("ru", 0x0400, 0x04FF),
    ("he", 0x0590, 0x05FF),
    ("ar", 0x0600, 0x06FF),
    ("hi", 0x0900, 0x097F),
    ("th", 0x0E00, 0x0E7F),
    ("ja", 0x3040, 0x30FF),
    ("zh", 0x4E00, 0x9FFF),
    ("ko", 0xAC00, 0xD7A3),
)
"""Scripts that tell a language, or a group of them, from others; Latin is what is left."""
ALSO_WRITTEN = {
    "uk": "ru",
    "bg": "ru",
    "be": "ru",
    "sr": "ru",
    "mk": "ru",
    "kk": "ru",
    "fa": "ar",
    "ur": "ar",
    "mr": "hi",
}
"""Languages that share the script of another one."""
UNSPACED = frozenset({"zh", "ja", "ko", "th"})
"""Written without spaces, or in words so long that pieces of them say more."""

MARKS = (
    "!！",
    "?？",
    ",，、",
    ";；:：",
    "—–-",
    "…",
    "\"“”„«»「」'’",
    "()（）[]*",
    "\n",
    "0123456789",
    ".。।",
)
"""Characters that are counted together, as a rate of the text."""
MARK_COUNT = len(MARKS) + 3
_LIST = re.compile(r"^[^\S\n]*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_SALT = 0x9E3779B1


class Text(NamedTuple):
    """One text as numbers."""

    tokens: Codes
    """Buckets of its words and pairs of words, or of n-grams of characters; each once, ascending."""
    counts: Floats
    """How often each is there."""
    marks: Floats
    """Square roots of the rates of MARKS, capital letters, list items and bold type."""
    length: int
    """Characters."""


def window(text: str) -> str:
    """What is looked at of the text."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else text[:half] + text[-half:]


def script(text: str) -> str | None:
    """The language that the script of the text stands for; `None` for Latin and for no letters at all."""
    head = text[:400]
    if head.isascii():
        return None
    codes = np.frombuffer(head.encode("utf-32-le", "surrogatepass"), np.uint32)
    counts = {name: int(((codes >= low) & (codes <= high)).sum()) for name, low, high in SCRIPTS}
    # Japanese is written with Chinese characters between its own.
    counts["ja"] *= 4
    name = max(counts, key=lambda key: counts[key])
    return name if counts[name] * 3 > int((codes > ord("@")).sum()) else None


def script_of(language: str) -> str | None:
    """What `script` says of texts in this language."""
    name = ALSO_WRITTEN.get(language, language)
    return name if any(name == known for known, _, _ in SCRIPTS) else None


def read(text: str, *, unspaced: bool) -> Text:
    """Measure a text."""
    shown = window(text)
    codes = _codes(shown)
    tokens, counts = _tokens(codes, unspaced=unspaced)
    return Text(tokens, counts, _marks(shown, codes), len(text))


def words(text: str, *, unspaced: bool) -> Codes:
    """The tokens of a text alone."""
    return _tokens(_codes(window(text)), unspaced=unspaced)[0]


def _codes(text: str) -> Codes:
    """The code points of the text between two spaces; those beyond the basic plane are one."""
    encoded = f" {text} ".encode("utf-32-le", "surrogatepass")
    return np.minimum(np.frombuffer(encoded, np.uint32), np.uint32(0xFFFF))


def _tokens(codes: Codes, *, unspaced: bool) -> tuple[Codes, Floats]:
    """The buckets of the words, each once and ascending, and how often each is there."""
    codes = _tables().lower.take(codes)
    sums = np.zeros(len(codes) + 1, np.uint32)
    np.cumsum((codes + np.uint32(17)) * _POWERS[: len(codes)], out=sums[1:], dtype=np.uint32)
    tokens = _mixed(_grams(sums) if unspaced else _words(codes, sums))
    if not len(tokens):
        return tokens, np.zeros(0, np.float32)
    tokens.sort()
    is_first = np.empty(len(tokens), bool)
    is_first[0] = True
    np.not_equal(tokens[1:], tokens[:-1], out=is_first[1:])
    first = np.flatnonzero(is_first)
    counts = np.empty(len(first), np.float32)
    counts[:-1] = first[1:] - first[:-1]
    counts[-1] = len(tokens) - first[-1]
    return tokens[first], counts


def _marks(text: str, codes: Codes) -> Floats:
    """How the text is set: square roots of rates for a hundred characters."""
    rates = np.bincount(_tables().marks.take(codes), minlength=MARK_COUNT + 1)[:MARK_COUNT].astype(np.float32)
    rates[-2] = 10 * len(_LIST.findall(text)) if "\n" in text else 0
    rates[-1] = 10 * text.count("**")
    scaled: Floats = rates * np.float32(100 / (len(text) + 10))
    return np.sqrt(scaled)


def _mixed(hashes: Codes) -> Codes:
    """The bucket of each hash: two rounds of multiply and xor-shift."""
    hashes = (hashes ^ (hashes >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    hashes = (hashes ^ (hashes >> np.uint32(12))) * np.uint32(0x297A2D39)
    return hashes >> np.uint32(32 - BITS)


def _grams(sums: Codes) -> Codes:
    """Hashes of all runs of one to three characters: differences of prefix sums (Rabin and Karp 1987)."""
    found = []
    for order in (1, 2, 3):
        count = max(0, len(sums) - order)
        salt = np.uint32(order * _SALT & 0xFFFFFFFF)
        found.append((sums[order:] - sums[:count]) * _INVERSE[:count] + salt)
    return np.concatenate(found)


def _words(codes: Codes, sums: Codes) -> Codes:
    """Hashes of words, punctuation marks and pairs of neighbours."""
    kinds = _tables().kinds.take(codes)
    starts = kinds == 1
    is_word = kinds == 0
    starts[1:] |= is_word[1:] & ~is_word[:-1]
    at = np.flatnonzero(starts)
    if not len(at):
        return np.zeros(0, np.uint32)
    borders = np.flatnonzero(starts | (kinds == 2))
    # The text ends with a space, so that every word has a border behind it.
    ends = borders[np.searchsorted(borders, at, side="right")]
    hashes = (sums[ends] - sums[at]) * _INVERSE[at]
    pairs = hashes * np.uint32(0x85EBCA6B)
    pairs[1:] += hashes[:-1] * np.uint32(0xC2B2AE35)
    return np.concatenate((hashes + np.uint32(0x1234567), pairs))


class _Tables(NamedTuple):
    """What is known of each code point of the basic plane."""

    lower: Codes
    kinds: NDArray[np.uint8]
    """0 within a word, 1 a mark by itself, 2 white space."""
    marks: NDArray[np.uint8]
    """The place of its rate, capitals behind MARKS; MARK_COUNT where it has none."""


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    lower = np.arange(0x10000, dtype=np.uint32)
    kinds = np.zeros(0x10000, np.uint8)
    marks = np.full(0x10000, MARK_COUNT, np.uint8)
    for code in range(0x10000):
        character = chr(code)
        if len(character.lower()) == 1:
            lower[code] = ord(character.lower())
        if character.isupper():
            marks[code] = len(MARKS)
        if character == "\n":
            kinds[code] = 1
        elif character.isspace():
            kinds[code] = 2
        elif not character.isalnum() and character not in "'’" and not 0x300 <= code < 0x1000:
            # Between these two stand marks that combine with letters, in many scripts.
            kinds[code] = 1
    for place, group in enumerate(MARKS):
        marks[[ord(mark) for mark in group]] = place
    return _Tables(lower, kinds, marks)
