"""A text is taken apart into clauses."""

from collections.abc import Set
from typing import NamedTuple

from gateway.drift.values.clause import FELT, Clause, Words
from gateway.drift.values.lexicon import Lexicon, Mention, Reading

_HEAD, _TAIL = 1800, 600
"""Characters looked at where a text is longer: its beginning and its end."""
_MOST = 40
"""Clauses looked at."""
_SUBJECT = frozenset({"_self", "_other", "_like", "_dislike"})
"""What a clause begins anew with; without any it goes on as the one before it in the sentence."""
_TAKEN_OVER = _SUBJECT - {"_like"}
_OPENING = 8
"""Characters at the beginning of a clause that its subject stands in."""
_STOPS = frozenset(".!?。！？…\n;；")


class Piece(NamedTuple):
    """A text, or one end of a long one, that has been read; its places are those in the whole text."""

    text: str
    offset: int
    reading: Reading


def pieces(lexicon: Lexicon, text: str, head: int = _HEAD, tail: int = _TAIL) -> list[Piece]:
    """The text as it is read: of a very long one its beginning and its end."""
    if len(text) <= head + tail:
        return [Piece(text, 0, lexicon.read(text))]
    at = len(text) - tail
    first, last = text[:head], text[at:]
    return [Piece(first, 0, lexicon.read(first)), Piece(last, at, lexicon.read(last, at))]


def segment(lexicon: Lexicon, text: str, head: int = _HEAD, most: int = _MOST) -> list[Clause]:
    """The clauses of a text in their order; of a very long one those at its beginning and its end."""
    return clauses(lexicon, pieces(lexicon, text, head), None, most)


def clauses(
    lexicon: Lexicon, pieces: list[Piece], known: Set[str] | None = None, most: int = _MOST
) -> list[Clause]:
    """The clauses of what has been read; where `known` is given only those that may touch something known.

    Such a clause says something of its speaker, or has a value, a number or one of the known content words.
    """
    if len(pieces) == 1:
        return _clauses(lexicon, pieces[0], known, most)
    first = _clauses(lexicon, pieces[0], known, most * 3 // 4)
    return first + _clauses(lexicon, pieces[1], known, len(pieces[1].text))[-most // 4 :]


def _clauses(lexicon: Lexicon, piece: Piece, known: Set[str] | None, most: int) -> list[Clause]:
    text, offset, (mentions, words, counts) = piece
    found: list[Clause] = []
    if known is not None and not counts and not _touches(mentions, words, known):
        return found
    m = w = n = 0
    start = offset
    last_m, last_w, last_n = len(mentions), len(words), len(counts)
    mood: tuple[Mention, ...] = ()
    for end in _ends(lexicon, text, offset):
        m0, w0, n0 = m, w, n
        while m < last_m and mentions[m][2] < end:
            m += 1
        while w < last_w and words[w][1] < end:
            w += 1
        while n < last_n and counts[n][1] < end:
            n += 1
        if m > m0 or w > w0 or n > n0:
            marks, some = mentions[m0:m], words[w0:w]
            if mood and not (marks and _has_subject(marks, start + _OPENING)):
                marks = mood + marks
            if n > n0 or known is None or _touches(marks, some, known):
                words_of = text[start - offset : end - offset]
                found.append(Clause(lexicon, words_of, start, marks, some, counts[n0:n]))
                if len(found) >= most:
                    break
            if m > m0:
                mood = _mood(marks)
        if mood and text[end - offset - 1] in _STOPS:
            mood = ()
        start = end
    return found


def _ends(lexicon: Lexicon, text: str, offset: int) -> list[int]:
    """Where clauses end, counted from the offset."""
    shared = lexicon.shared
    has_turns = any(map(text.lower().__contains__, shared.turns))
    ends = [
        match.end() + offset for match in (shared.turning if has_turns else shared.pausing).finditer(text)
    ]
    ends.append(len(text) + offset)
    return ends


def _has_subject(marks: tuple[Mention, ...], opening: int) -> bool:
    subjects = [mark for mark in marks if mark[0] in _SUBJECT]
    return bool(subjects) and any(mark[2] < opening or mark[0] in FELT for mark in subjects)


def _touches(marks: tuple[Mention, ...], words: Words, known: Set[str]) -> bool:
    for word in words:
        if word[0] in known:
            return True
    return any(mark[0][0] != "_" or mark[0] == "_self" for mark in marks)


def _mood(marks: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """What a clause that names no subject takes over from the one before it."""
    kept = [mark for mark in marks if mark[0] in _TAKEN_OVER]
    for mark in kept:
        if mark[0] == "_self":
            return tuple(kept)
    return tuple([mark for mark in kept if mark[0] != "_dislike"])
