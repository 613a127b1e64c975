"""A quantity stands before what it counts, in digits or in words: `twenty-five words`, 百二十文字."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.drift import numerals
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.words import fold

_DIGITS = re.compile(r"\d{1,4}")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
RANGE = 8
"""Characters between two numbers up to which they are the ends of a range."""


class Number(NamedTuple):
    """Holds a number that stands before something, and where; of a range, its higher end."""

    value: int
    start: int
    is_range: bool


def number_before(reading: Marked, start: int, end: int) -> Number | None:
    """Find the last number there."""
    text = reading.text
    found = [(match.start(), match.end(), int(match[0])) for match in _DIGITS.finditer(text, start, end)]
    found += (
        _in_characters(reading, start, end) if reading.phrasebook.glyphs else _in_words(reading, start, end)
    )
    if not found:
        return None
    found.sort()
    last = found[-1]
    first = found[-2] if len(found) > 1 and last[0] - found[-2][1] < RANGE else last
    return Number(last[2], first[0], first is not last)


def _in_words(reading: Marked, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield numbers that are put together of words, each as a whole: `one hundred and ten`."""
    book, upto = reading.phrasebook, start
    # Of a dotted capital I two letters would become, and no place would be what it was.
    lower = reading.text[start:end].replace("İ", "i").lower()
    for word in _WORD.finditer(lower):
        at = start + word.start()
        if at < upto:
            continue
        value, last = book.numerals.spoken(lower, word.start()) if book.numerals is not None else (0, 0)
        if value and last > word.start():
            upto = start + last
            yield at, upto, int(value)
        elif (known := book.numbers.get(fold(word[0]))) is not None:
            yield at, at + len(word[0]), known


def _in_characters(reading: Marked, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield numbers in runs of characters, 百二十, and the words of a language that is written so."""
    text = reading.text
    for run in numerals.HAN.finditer(text, start, end):
        yield *run.span(), int(numerals.han(run[0]))
    for word, value in reading.phrasebook.numbers.items():
        if word[0] not in numerals.HAN_DIGITS and word not in "十百千万":
            at = text.find(word, start, end)
            while at >= 0:
                yield at, at + len(word), value
                at = text.find(word, at + 1, end)
