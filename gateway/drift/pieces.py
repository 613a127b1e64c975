"""Pieces are runs of letters and digits and what stands between them, in turn."""

from bisect import bisect_left, bisect_right
from itertools import compress

_JOINS = {False: frozenset("'’-"), True: frozenset("-")}
_ASCII = bytes(range(0x80))


def beyond_ascii(text: str) -> str:
    """Give the characters of a text that are not of ASCII."""
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def cut(pieces: list[str], borders: list[int], start: int, end: int) -> list[str]:
    """Give the pieces between two places, from one between words to another, whichever may be empty."""
    if start >= end:
        return [""]
    first, last = bisect_right(borders, start), bisect_left(borders, end)
    some = pieces[first : last + 1]
    # The end first, so that one piece that is cut at both ends keeps its beginning until then.
    some[-1] = some[-1][: end - (borders[last - 1] if last else 0)]
    some[0] = some[0][start - (borders[first - 1] if first else 0) :]
    return [*([""] if first % 2 else []), *some, *([""] if last % 2 else [])]


def joined(pieces: list[str], *, elides: bool) -> list[str]:
    """Make one word of what a hyphen or an apostrophe joins."""
    joints, between = _JOINS[elides], pieces[2:-1:2]
    if joints.isdisjoint(between):
        return pieces
    found = pieces.copy()
    # From the end on, so that no place moves that is still to be looked at.
    for at in reversed(list(compress(range(2, len(pieces), 2), map(joints.__contains__, between)))):
        if not (pieces[at + 1][0].isdecimal() or pieces[at - 1][-1].isdecimal()):
            found[at - 1 : at + 2] = ("".join(found[at - 1 : at + 2]),)
    return found
