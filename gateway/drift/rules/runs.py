"""A run is so many words or letters of an instruction, in their order."""

import re
from collections.abc import Iterator

from gateway.drift.text import Stretch

RUN = 6
"""Words in the order of an instruction that are hardly there by chance."""
GLYPHS, DENSE = 14, 9
"""The same in letters, in languages without blanks: with syllables among them, and with words alone."""
DIGITS = 3
"""Digits of such a run beyond which it is a number, which is given and not recited."""
_KANA = re.compile("[\u3041-\u30ff]")
_ALL = b"\1" * RUN


def letters(text: str) -> int:
    """Say how many letters a run of a text without blanks has."""
    return GLYPHS if _KANA.search(text) else DENSE


def runs(text: str, size: int) -> frozenset[str]:
    """Give every run of a text."""
    return frozenset(run for run, _ in placed(Stretch(text), size, None))


def may_recite(read: Stretch, known: frozenset[str], least: int) -> bool:
    """Tell whether so many known words stand behind each other, and `least` of them differ."""
    return len(known & read.distinct) >= least and bytes(map(known.__contains__, read.runs)).find(_ALL) >= 0


def placed(read: Stretch, size: int, known: frozenset[str] | None) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every run of so many words, or of `size` letters, with its place; if they are given, of known words."""
    if size:
        text = read.text
        letters = [at for at, letter in enumerate(text) if letter.isalnum()]
        joined = "".join(text[at] for at in letters)
        for at in range(len(letters) - size + 1):
            run = joined[at : at + size]
            if sum(map(str.isdigit, run)) <= DIGITS:
                yield run, (letters[at], letters[at + size - 1] + 1)
        return
    words, borders = read.runs, read.borders
    since = 0
    for at, word in enumerate(words):
        if word.isdigit() or (known is not None and word not in known):
            since = at + 1
        elif at - since + 1 >= RUN:
            first = at - RUN + 1
            yield " ".join(words[first : at + 1]), (borders[2 * first], borders[2 * at + 1])
