"""A text taken apart into clauses, and each of those into a statement."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Set
from operator import itemgetter
from typing import NamedTuple

from gateway.drift.lexicon import TOPIC, Lexicon, Mention, Reading
from gateway.drift.statements import FELT, Number, Statement

_HEAD, _TAIL = 1800, 600
"""Characters looked at where a text is longer: its beginning and its end."""
_MOST = 40
"""Clauses looked at."""
_FEW = 48
"""Values, numbers, and words of grammar, that one clause is taken to have."""
_PAUSE = (
    # What may be a pause begins with one class of characters, which is quick to search for. A longer run
    # counts as several pauses: to search on from each of its characters to its end would take its square.
    r"[.!?。！？…\n;；,，~～](?:[.!?。！？…\n;；,，~～]{0,16}(?=\s|$|[^\x00-\x7f])"
    r"|(?<=[。！？…\n；，～])[。！？…\n；，～]*)"
)
_TURNS = "but|so|because|though|aber|weil|mais|pero|porque|perché|però|ale|но|потому"
_PADDED = [f" {word} " for word in _TURNS.split("|")]
_BREAK = re.compile(_PAUSE)
_BREAK_OR_TURN = re.compile(rf"{_PAUSE}|\s(?i:{_TURNS})(?=\s)")
_SUBJECT = frozenset({"_self", "_other", "_like", "_dislike"})
"""What a clause begins anew with; without any it goes on as the one before it in the sentence."""
_TAKEN_OVER = _SUBJECT - {"_like"}
_LEAD = 40
"""Characters before a number that may say that it is an age."""
_OPENING = 8
"""Characters at the beginning of a clause that its subject stands in."""
_DENYING = frozenset({"_negations", "_dislike"})
_NONE: frozenset[str] = frozenset()
_STOPS = frozenset(".!?。！？…\n;；")
_ASKING, _AFTER_ASKING = ("吗", "嗎", "么", "呢"), "~～。!！ \t\r\n\u3000"
_Stems = tuple[tuple[str, int, int], ...]
_Numbers = tuple[tuple[int, int, int], ...]


class Piece(NamedTuple):
    """A text, or one end of a long one, that has been read."""

    text: str
    offset: int
    reading: Reading


def pieces(lexicon: Lexicon, text: str, head: int = _HEAD, tail: int = _TAIL) -> list[Piece]:
    """The text as it is read: of a very long one its beginning and its end."""
    if len(text) <= head + tail:
        return [Piece(text, 0, lexicon.read(text))]
    first, last = text[:head], text[len(text) - tail :]
    return [Piece(first, 0, lexicon.read(first)), Piece(last, len(text) - tail, lexicon.read(last))]


def statements(lexicon: Lexicon, text: str, head: int = _HEAD, most: int = _MOST) -> list[Statement]:
    """The clauses of a text in their order; of a very long one those at its beginning and its end."""
    return clauses(lexicon, pieces(lexicon, text, head), None, most)


def clauses(
    lexicon: Lexicon, pieces: list[Piece], known: Set[str] | None = None, most: int = _MOST
) -> list[Statement]:
    """The clauses of what has been read; where `known` is given only those that may touch something known.

    Such a clause says something of its speaker, or has a value, a number or one of the known content words.
    """
    if len(pieces) == 1:
        return _clauses(lexicon, pieces[0], known, most)
    first = _clauses(lexicon, pieces[0], known, most * 3 // 4)
    return first + _clauses(lexicon, pieces[1], known, len(pieces[1].text))[-most // 4 :]


def _clauses(lexicon: Lexicon, piece: Piece, known: Set[str] | None, most: int) -> list[Statement]:
    text, offset, (mentions, stems, numbers) = piece
    found: list[Statement] = []
    m = s = n = start = 0
    last_m, last_s, last_n = len(mentions), len(stems), len(numbers)
    mood: tuple[Mention, ...] = ()
    for end in _ends(text):
        m0, s0, n0 = m, s, n
        while m < last_m and mentions[m][2] < end:
            m += 1
        while s < last_s and stems[s][1] < end:
            s += 1
        while n < last_n and numbers[n][1] < end:
            n += 1
        if m > m0 or s > s0 or n > n0:
            marks, some = mentions[m0:m], stems[s0:s]
            if mood and not (marks and _has_subject(marks, start + _OPENING)):
                marks = mood + marks
            if n > n0 or known is None or _touches(marks, some, known):
                clause = text[start:end]
                found.append(_statement(lexicon, clause, start, offset, marks, some, numbers[n0:n]))
                if len(found) >= most:
                    break
            if m > m0:
                mood = _mood(marks)
        if mood and text[end - 1] in _STOPS:
            mood = ()
        start = end
    return found


def _ends(text: str) -> list[int]:
    turns = any(map(text.lower().__contains__, _PADDED))
    ends = [match.end() for match in (_BREAK_OR_TURN if turns else _BREAK).finditer(text)]
    ends.append(len(text))
    return ends


def _has_subject(marks: tuple[Mention, ...], opening: int) -> bool:
    subjects = [mark for mark in marks if mark[0] in _SUBJECT]
    return bool(subjects) and any(mark[2] < opening or mark[0] in FELT for mark in subjects)


def _touches(marks: tuple[Mention, ...], stems: _Stems, known: Set[str]) -> bool:
    for stem in stems:
        if stem[0] in known:
            return True
    return len([mark for mark in marks if mark[0][0] != "_" or mark[0] == "_self"]) > 0


def _mood(marks: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """What a clause that names no subject takes over from the one before it."""
    kept = [mark for mark in marks if mark[0] in _TAKEN_OVER]
    for mark in kept:
        if mark[0] == "_self":
            return tuple(kept)
    return tuple([mark for mark in kept if mark[0] != "_dislike"])


def _statement(
    lexicon: Lexicon,
    clause: str,
    start: int,
    offset: int,
    mentions: tuple[Mention, ...],
    stems: _Stems,
    numbers: _Numbers,
) -> Statement:
    numbers = numbers[:_FEW]
    values: list[Mention] = []
    marks: list[Mention] = []
    topics = _NONE
    for mention in mentions:
        category, value, a, b = mention
        if category[0] == "_":
            marks.append(Mention(category, value, a + offset, b + offset) if offset else mention)
        elif value == TOPIC:
            topics |= {category}
        else:
            values.append(Mention(category, value, a + offset, b + offset) if offset else mention)
    kinds = {mark[0] for mark in marks} if marks else _NONE
    places: dict[str, int] = {}
    for stem, at, _ in stems:
        places.setdefault(stem, at + offset)
    statement = Statement(
        clause,
        start + offset,
        "self" if "_self" in kinds else "other" if "_other" in kinds else "",
        "?" in clause or "_if" in kinds or (not clause.isascii() and _is_question(clause)),
        tuple(values[:_FEW]),
        tuple(marks[:_FEW]),
        topics,
        places,
        _NONE,
        tuple([Number(n, _units(stems, a, b), a + offset, b + offset) for n, a, b in numbers]),
        next((n for n, a, b in numbers if _is_age(lexicon, clause, a - start, b - start)), None)
        if numbers
        else None,
    )
    if not kinds.isdisjoint(_DENYING):
        statement.denied = frozenset(stem for stem, at in places.items() if not statement.affirms(at))
    return statement


def _is_question(clause: str) -> bool:
    return "？" in clause or clause.rstrip(_AFTER_ASKING).endswith(_ASKING)


def _is_age(lexicon: Lexicon, clause: str, start: int, end: int) -> bool:
    """Whether years of life follow the number, or nothing does and somebody is said to be it."""
    if lexicon.patterns["age"].match(clause, end):
        return True
    closed = not clause[end:].strip(" .!。！了呀啊哦")
    return closed and lexicon.patterns["aged"].search(clause[:start][-_LEAD:]) is not None


def _units(stems: _Stems, start: int, at: int) -> tuple[str, ...]:
    """What a number from `start` to `at` may count: the words after it, and the one right before it."""
    first = bisect_left(stems, at, key=itemgetter(1))
    near = stems[first : bisect_left(stems, at + 24, first, key=itemgetter(1))]
    after = [stem for stem, a, _ in near if a < at + (4 if stem[0] > "\u3000" else 24)]
    last = bisect_right(stems, start, key=itemgetter(2))
    before = [stem for stem, _, b in stems[max(0, last - 1) : last] if b >= start - 3]
    return (*after, *before)
