"""Runs are what letters and digits stand in a row; borders tell where each begins and ends, in turn."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import numpy as np

_JOINS = {False: "'’-", True: "-"}
_ASCII = bytes(range(0x80))
_BLANKS = bytes(code if code > 0x7F or chr(code).isalnum() else 0x20 for code in range(0x100))
_BLANK = 0x20
_SIGNS = 24
"""Kinds of signs beyond ASCII; fewer are sooner replaced in turn than looked for at each character."""


def beyond_ascii(text: str) -> str:
    """Give the characters of a text that are not of ASCII."""
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def places(text: str, part: str) -> Iterator[int]:
    """Yield where a part of a text stands."""
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def bare(text: str) -> str:
    """Give a text with a blank for each character that is neither a letter nor a digit."""
    blanked = text.encode("utf-8", "surrogatepass").translate(_BLANKS)
    found = blanked.decode("utf-8", "surrogatepass")
    if not found.isascii():
        signs = [one for one in set(beyond_ascii(found)) if not one.isalnum()]
        if len(signs) > _SIGNS:
            return "".join([one if one.isalnum() else " " for one in found])
        for sign in signs:
            found = found.replace(sign, " ")
    return found


def borders(bare: str) -> list[int]:
    """Give the place where each run begins and ends, in turn."""
    padded = f" {bare} "
    codes = (
        np.frombuffer(padded.encode(), np.uint8)
        if bare.isascii()
        else np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), np.uint32)
    )
    is_run = codes != _BLANK
    found: list[int] = (is_run[1:] != is_run[:-1]).nonzero()[0].tolist()
    return found


def cut(runs: list[str], borders: list[int], start: int, end: int) -> tuple[list[str], list[int]]:
    """Give the runs between two places with their borders, as they are counted from the first place."""
    if start >= end:
        return [], []
    before, until = bisect_right(borders, start), bisect_left(borders, end)
    first, last = before // 2, (until + 1) // 2
    some, places = runs[first:last], [place - start for place in borders[2 * first : 2 * last]]
    # The end first, so that one run that is cut at both ends keeps its beginning until then.
    if until % 2:
        some[-1] = some[-1][: end - borders[until - 1]]
        places[-1] = end - start
    if before % 2:
        some[0] = some[0][start - borders[before - 1] :]
        places[0] = 0
    return some, places


def joined(
    text: str, runs: list[str], borders: list[int], *, elides: bool
) -> tuple[list[str], list[int], list[int]]:
    """Make one word of what a hyphen or an apostrophe joins, and tell which runs are joined to the next."""
    joints = sorted(at for sign in _JOINS[elides] if sign in text for at in places(text, sign))
    if not joints:
        return runs, borders, []
    lefts: list[int] = []
    words, ends = runs.copy(), borders.copy()
    # From the end on, so that no place moves that is still to be looked at.
    for at in reversed(joints):
        border = bisect_left(borders, at)
        if borders[border : border + 2] != [at, at + 1]:
            continue
        left = border // 2
        if not (runs[left + 1][0].isdecimal() or runs[left][-1].isdecimal()):
            words[left : left + 2] = (words[left] + text[at] + words[left + 1],)
            del ends[border : border + 2]
            lefts.append(left)
    return words, ends, lefts[::-1]
