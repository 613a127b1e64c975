"""Stylometry measures one text: its hashed words and the marks of its typography."""

import re
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.drift.text import LONGEST

Codes = NDArray[np.uint32]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

BITS = 16
"""Hashes are cut to so many bits, which number the buckets of the weights."""
BUCKETS = 1 << BITS

_BASE = 0x01000193
_ROOM = 2 * LONGEST + 8
_POWERS = np.cumprod(np.full(_ROOM, _BASE, np.uint32), dtype=np.uint32)
_INVERSE = np.cumprod(np.full(_ROOM, pow(_BASE, -1, 2**32), np.uint32), dtype=np.uint32)


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
_ONE, _FIRST_SHIFT, _FIRST_FACTOR, _SECOND_SHIFT, _SECOND_FACTOR, _DOWN, _OF_WORD, _OF_PAIR, _OF_NEIGHBOUR = (
    np.array(number, np.uint32)
    for number in (1, 15, 0x2C1B3C6D, 12, 0x297A2D39, 32 - BITS, 0x1234567, 0x85EBCA6B, 0xC2B2AE35)
)
_SPACE = np.array(2, np.uint8)
"""Numbers by which hashes are told apart; each is an array, which is quicker to count with than a number."""


class Measures(NamedTuple):
    """One text as numbers."""

    tokens: Codes
    """Buckets of its words and pairs of words, or of n-grams of characters; each once, ascending."""
    counts: Floats
    """The count of each."""
    marks: Floats
    """Square roots of the rates of MARKS, capital letters, list items and bold type."""
    length: int
    """Characters."""
    own: Flags | None = None
    """Marks of the tokens that the text beside it does not have; `None` where it was read alone."""


def window(text: str) -> str:
    """Cut the middle out of a long text."""
    half = LONGEST // 2
    return text if len(text) <= LONGEST else text[:half] + text[-half:]


def measure(text: str, *, unspaced: bool, beside: str = "") -> Measures:
    """Measure a text; the other one is only looked at for which words they share."""
    shown = window(text)
    both = f" {shown}  {window(beside)} " if beside else f" {shown} "
    if both.isascii():
        codes = np.frombuffer(both.encode(), np.uint8).astype(np.intp)
    else:
        codes = np.frombuffer(both.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.intp)
        np.minimum(codes, 0xFFFF, out=codes)
    end = len(shown) + 2
    tokens, counts, own = _tokens(codes, end, unspaced=unspaced)
    return Measures(tokens, counts, _marks(shown, codes[:end]), len(text), own if beside else None)


def _tokens(codes: Places, end: int, *, unspaced: bool) -> tuple[Codes, Floats, Flags]:
    """The buckets of the words before the end, each once and ascending, how often each is there, and
    whether none behind the end is the same.

    `codes` are code points, those beyond the basic plane all one.
    """
    hashes = _tables().lower.take(codes)
    hashes *= _POWERS[: len(codes)]
    sums = np.add.accumulate(hashes, dtype=np.uint32, out=hashes)
    tokens = _grams(sums, end) if unspaced else _words(codes, sums, end)
    tokens.sort()
    first, number = firsts(tokens), len(tokens)
    tokens = tokens.take(first)
    buckets = tokens >> _ONE
    ours = (tokens & _ONE).nonzero()[0]
    # A bucket that both texts have stands there twice, the other text's before ours.
    own = differing(buckets)
    counts = np.empty(len(first), np.float32)
    np.subtract(first[1:], first[:-1], out=counts[:-1], casting="unsafe")
    counts[-1:] = number - first[-1:]
    return buckets.take(ours), counts.take(ours), own.take(ours)


def firsts(ascending: Codes) -> Places:
    """Find where each value stands for the first time."""
    return differing(ascending).nonzero()[0]


def differing(values: Codes) -> Flags:
    """Tell which of them are not the same as the one before."""
    # The array is not made by `ones`, which is written in Python and takes twice as long.
    found = np.empty(len(values), bool)
    found[:1] = True
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def _marks(text: str, codes: Places) -> Floats:
    """Measure how the text is set: square roots of rates for a hundred characters."""
    rates = np.bincount(_tables().marks.take(codes), minlength=MARK_COUNT + 1)[:MARK_COUNT].astype(np.float32)
    rates[-2] = 10 * len(_LIST.findall(text)) if "\n" in text else 0
    rates[-1] = 10 * text.count("**")
    scaled: Floats = rates * np.float32(100 / (len(text) + 10))
    return np.sqrt(scaled)


def _mixed(hashes: Codes) -> Codes:
    """The bucket of each hash, doubled: two rounds of multiply and xor-shift."""
    mixed = hashes >> _FIRST_SHIFT
    mixed ^= hashes
    mixed *= _FIRST_FACTOR
    mixed ^= mixed >> _SECOND_SHIFT
    mixed *= _SECOND_FACTOR
    mixed >>= _DOWN
    mixed <<= _ONE
    return mixed


def _grams(sums: Codes, end: int) -> Codes:
    """Doubled buckets of all runs of one to three characters, those that begin and end before `end` one more.

    Their hashes are differences of prefix sums (Rabin and Karp 1987).
    """
    before = np.concatenate((np.zeros(1, np.uint32), sums))
    found = []
    for order in (1, 2, 3):
        count = max(0, len(before) - order)
        salt = np.uint32(order * _SALT & 0xFFFFFFFF)
        grams = _mixed((before[order:] - before[:count]) * _INVERSE[:count] + salt)
        ours = max(0, end - order + 1)
        found += [grams[:ours] | np.uint32(1), grams[end:]]
    return np.concatenate(found)


def _words(codes: Places, sums: Codes, end: int) -> Codes:
    """Doubled buckets of words, punctuation marks and pairs of neighbours, those before `end` one more.

    The text begins and ends with a space, so that every word has borders.
    """
    kinds = _tables().kinds.take(codes)
    behind = kinds[1:]
    # A border lies before each mark and space, and behind it; what is kept is the place before the border.
    borders = (behind | kinds[:-1]).nonzero()[0]
    before = sums.take(borders)
    borders = borders[:-1]
    at = (behind.take(borders) != _SPACE).nonzero()[0]
    borders = borders.take(at)
    hashes = (before[1:] - before[:-1]).take(at)
    hashes *= _INVERSE[1:].take(borders)
    number = len(hashes)
    ours = int(borders.searchsorted(end - 1))
    both = np.empty((2, number), np.uint32)
    np.add(hashes, _OF_WORD, out=both[0])
    pairs, neighbours = np.multiply(hashes, _OF_PAIR, out=both[1]), hashes * _OF_NEIGHBOUR
    # The last word before the end has no neighbour behind it.
    neighbours[max(0, ours - 1) : ours] = 0
    pairs[1:] += neighbours[:-1]
    tokens = _mixed(both)
    tokens[:, :ours] |= _ONE
    return tokens.ravel()


class _Tables(NamedTuple):
    """Tables for each code point of the basic plane."""

    lower: Codes
    """The code point in lower case, and 17 more, so that none counts for nothing."""
    kinds: NDArray[np.uint8]
    """0 within a word, 1 a mark by itself, 2 white space."""
    marks: NDArray[np.uint8]
    """The place of its rate, capitals behind MARKS; MARK_COUNT where it has none."""


UNASSIGNED = range(0xD800, 0xF900)
"""Halves of pairs and characters for private use, which are no letters."""
LETTERED = range(0x4E00), range(0xA000, 0xAC00), range(0xD7A4, 0xD800), range(0xF900, 0x10000)
"""The other code points that are not all letters without case, as Chinese and Korean ones are."""


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    lower = np.arange(0x10000, dtype=np.uint32)
    kinds = np.zeros(0x10000, np.uint8)
    marks = np.full(0x10000, MARK_COUNT, np.uint8)
    for code in chain(*LETTERED):
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
    kinds[UNASSIGNED.start : UNASSIGNED.stop] = 1
    for place, group in enumerate(MARKS):
        marks[[ord(mark) for mark in group]] = place
    return _Tables(lower + np.uint32(17), kinds, marks)
