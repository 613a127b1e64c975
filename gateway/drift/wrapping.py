"""A prompt that was wrapped at a column has the lines of a sentence joined before it is read."""

import re
from itertools import pairwise

from gateway.drift.scripts import is_run

_BLOCK = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*")
"""Lines that no empty line parts."""
_ENDS = re.compile(r"[.!?…:;。！？；：؟۔।|][\"'”’»)\]*_]*\s*$")
"""A line that ends so goes on nowhere."""
_ITEM = re.compile(
    r"\s*(?:[-–—*•·#>|+~]|\d{1,3}[.)]\s|[^\W\d_][.)]\s|```|={3}|\[|<|[^\W\d_][^:\n.,;]{0,30}:(?:\s|$))"
)
"""A line that begins so is an item of a list, a heading, a quotation or a field of its own."""
_WITHIN = re.compile(r"[.!?…؟][\"'”’»)]*\s+\S")
"""A sentence ends within a line, as it does in prose alone."""
_NARROWEST, _WIDEST = 40, 160
"""Characters of the columns that people wrap their lines at."""
_RAGGED = 0.7
"""The share of the widest line that a line has which somebody broke off by hand, before it was full."""


def unwrapped(text: str) -> str:
    """Put a space for each end of a line within a sentence; all else stays where it is.

    A line that begins with a small letter goes on with the one before, where others begin with capitals.
    Before a capital, a number or a sign that is so only in prose whose lines break off where they are full,
    or nearly so.
    """
    return _BLOCK.sub(_join, text) if "\n" in text else text


def _join(block: re.Match[str]) -> str:
    lines = block[0].split("\n")
    widest = max(len(line.rstrip()) for line in lines)
    is_full = _is_full(lines, widest)
    is_prose = any(map(_WITHIN.search, lines)) and (is_full or _is_ragged(lines, widest))
    tells = _first(lines[0]).isupper()
    joined = lines[0]
    for before, line in pairwise(lines):
        first = _first(line)
        if before.rstrip().endswith((":", "：")):
            tells = first.isupper()
        goes_on = is_prose or (first.islower() and (tells or is_full))
        if _ENDS.search(before) or _ITEM.match(line) or (first and is_run(first)):
            goes_on = False
        joined += (" " if goes_on else "\n") + line
    return joined


def _first(line: str) -> str:
    """Give the letter or sign that a line begins with, behind the sign of an item."""
    item = re.match(r"\s*(?:[-–—*•·+]|\d{1,3}[.)])?\s*", line)
    return line[item.end() : item.end() + 1] if item else ""


def _is_full(lines: list[str], widest: int) -> bool:
    """Tell whether no line that breaks off had room for the first word of the next one."""
    if not _NARROWEST <= widest <= _WIDEST:
        return False
    return all(
        len(before.rstrip()) + 1 + len(after.split(maxsplit=1)[0]) > widest
        for before, after in pairwise(lines)
        if not (_ENDS.search(before) or _ITEM.match(after))
    )


def _is_ragged(lines: list[str], widest: int) -> bool:
    """Tell whether lines were broken off by hand: all are nearly full, and in one a sentence ends before."""
    broken = [
        before.rstrip()
        for before, after in pairwise(lines)
        if not (_ENDS.search(before) or _ITEM.match(after))
    ]
    return (
        _NARROWEST <= widest <= _WIDEST
        and all(len(line) >= _RAGGED * widest for line in broken)
        and any(map(_WITHIN.search, broken))
    )
