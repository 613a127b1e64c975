"""A text is taken apart into clauses."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Set
from operator import itemgetter
from typing import NamedTuple

from gateway.drift.glance import TURNING
from gateway.drift.sentences import where
from gateway.drift.text import Stretch, Text
from gateway.drift.values.clause import FELT, Clause
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.values.reading import Mention, Reading
from gateway.drift.values.wordlist import PAUSES

_HEAD, _TAIL = 1800, 600
"""Characters looked at where a text is longer: its beginning and its end."""
MOST = 40
"""Clauses looked at."""
_SUBJECT = frozenset({"_self", "_other", "_like", "_dislike"})
"""Marks that a clause begins anew with; one without any goes on as the one before it in the sentence."""
_SILENT = (_SUBJECT - {"_self"}) | {"_negations", "_not_negations", "_if"}
"""Marks that by themselves touch nothing stored."""
_KIND = itemgetter(0)
_TAKEN_OVER = _SUBJECT - {"_like"}
_OPENING = 8
"""Characters at the beginning of a clause that its subject stands in."""
_STOPS = frozenset(".!?。！？…\n;；")


class Piece(NamedTuple):
    """A text, or one end of a long one, that has been read; its places are those in the whole text."""

    stretch: Stretch
    reading: Reading


def pieces(lexicon: Lexicon, text: Text, head: int = _HEAD, tail: int = _TAIL) -> list[Piece]:
    """Read the text: of a very long one its beginning and its end."""
    length = len(text)
    if length <= head + tail:
        return [piece(lexicon, text.stretch(0, length))]
    return [piece(lexicon, text.stretch(0, head)), piece(lexicon, text.stretch(length - tail, length))]


def piece(lexicon: Lexicon, stretch: Stretch) -> Piece:
    """Read one part of a text."""
    return Piece(stretch, lexicon.read(stretch))


def segment(lexicon: Lexicon, text: Text, head: int = _HEAD, most: int = MOST) -> list[Clause]:
    """Take a text apart; of a very long one only the clauses at its beginning and its end are given."""
    return clauses(lexicon, pieces(lexicon, text, head), None, most)


def clauses(
    lexicon: Lexicon,
    pieces: list[Piece],
    known: Set[str] | None = None,
    most: int = MOST,
    *,
    counts: bool = True,
) -> list[Clause]:
    """Give the clauses of what has been read; where `known` is given only those that may touch it.

    Such a clause says something of its speaker, or has a value, one of the known content words, or a number
    where it `counts`.
    """
    if len(pieces) == 1:
        return _clauses(lexicon, pieces[0], known, most, counts=counts)
    first = _clauses(lexicon, pieces[0], known, most * 3 // 4, counts=counts)
    return (
        first + _clauses(lexicon, pieces[1], known, len(pieces[1].stretch.text), counts=counts)[-most // 4 :]
    )


def _clauses(
    lexicon: Lexicon, piece: Piece, known: Set[str] | None, most: int, *, counts: bool
) -> list[Clause]:
    stretch, reading = piece
    text, offset, mentions, words = stretch.text, stretch.offset, reading.mentions, reading.columns
    numbers = reading.numbers if counts else ()
    found: list[Clause] = []
    names, places, until = words
    if known is not None and not numbers and not _touches(mentions, names, known):
        return found
    m = w = n = number = 0
    start = offset
    last_m, last_n = len(mentions), len(numbers)
    mood: tuple[Mention, ...] = ()
    for end in _ends(lexicon, stretch):
        m0, w0, n0 = m, w, n
        while m < last_m and mentions[m][2] < end:
            m += 1
        w = bisect_left(places, end, w)
        while n < last_n and numbers[n][1] < end:
            n += 1
        if m > m0 or w > w0 or n > n0:
            marks, some = mentions[m0:m], names[w0:w]
            if mood and not (marks and _has_subject(marks, start + _OPENING)):
                marks = mood + marks
            if n > n0 or known is None or _touches(marks, some, known):
                words_of = text[start - offset : end - offset]
                held = some, places[w0:w], until[w0:w]
                found.append(Clause(lexicon, words_of, start, marks, held, numbers[n0:n], number))
                if len(found) >= most:
                    break
            number += 1
            if m > m0:
                mood = _mood(marks)
        if mood and text[end - offset - 1] in _STOPS:
            mood = ()
        start = end
    return found


def _ends(lexicon: Lexicon, stretch: Stretch) -> list[int]:
    """Find where clauses end, in the whole text."""
    text, offset, shared = stretch.text, stretch.offset, lexicon.shared
    may_turn = stretch.notes & TURNING
    turns = [turn for turn in shared.turns if turn in stretch.lower] if may_turn else []
    is_plain = bool(turns) and len(text) == len(stretch.lower) and text.isprintable()
    if turns and not is_plain:
        ends = [match.end() + offset for match in shared.turning.finditer(text)]
    else:
        ends = _pauses(text, offset, shared.pausing)
    if turns and is_plain:
        # No white space but blanks: to look for the words by themselves is quicker.
        ends += [at + offset for turn in turns for at in _behind(turn, stretch.lower)]
        ends.sort()
    ends.append(len(text) + offset)
    return ends


def _pauses(text: str, offset: int, pausing: re.Pattern[str]) -> list[int]:
    """Find where pauses end, by the pattern where no blank stands right behind their first sign."""
    ends: list[int] = []
    past = 0
    for at in where(text, PAUSES):
        if at >= past:
            if text[at + 1 : at + 2] == " ":
                past = at + 1
            elif match := pausing.match(text, at):
                past = match.end()
            else:
                continue
            ends.append(past + offset)
    return ends


def _behind(turn: str, lower: str) -> Iterator[int]:
    """Yield the places where a word with blanks around it ends."""
    at = lower.find(turn)
    while at >= 0:
        yield at + len(turn) - 1
        at = lower.find(turn, at + len(turn) - 1)


def _has_subject(marks: tuple[Mention, ...], opening: int) -> bool:
    if _SUBJECT.isdisjoint(map(_KIND, marks)):
        return False
    return any(mark[0] in _SUBJECT and (mark[2] < opening or mark[0] in FELT) for mark in marks)


def _touches(marks: tuple[Mention, ...], names: list[str], known: Set[str]) -> bool:
    return not known.isdisjoint(names) or not _SILENT.issuperset(map(_KIND, marks))


def _mood(marks: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """Keep what a clause that names no subject takes over from the one before it."""
    if _TAKEN_OVER.isdisjoint(map(_KIND, marks)):
        return ()
    kept = [mark for mark in marks if mark[0] in _TAKEN_OVER]
    for mark in kept:
        if mark[0] == "_self":
            return tuple(kept)
    return tuple([mark for mark in kept if mark[0] != "_dislike"])
