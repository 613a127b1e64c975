"""A text taken apart into statements: who is meant, what is affirmed or denied, which values and numbers."""

import re
from typing import NamedTuple

from gateway.drift.lexicon import TOPIC, Lexicon, Mention

_HEAD, _TAIL = 1800, 600
"""Characters looked at where a text is longer: its beginning and its end."""
_MOST = 40
"""Clauses looked at."""
_BREAK = re.compile(
    r"[.!?。！？…\n;；,，~～]+(?=\s|$|[^\x00-\x7f])|[。！？…\n；，～]+"
    r"|\s(?:but|so|because|though|aber|weil|mais|pero|porque|perché|però|ale|но|потому)(?=\s)",
    re.IGNORECASE,
)
_SUBJECT = frozenset({"_self", "_other", "_like", "_dislike"})
"""What a clause begins anew with; without any it goes on as the one before it in the sentence."""
_FELT, _OPENING = frozenset({"_like", "_dislike"}), 8
_RELATIVES = frozenset({"kin", "partner"})
_STOPS = frozenset(".!?。！？…\n;；")
_ASKING = re.compile(r"[?？]|[吗嗎么呢]\s*[~～。!！]*$")
_NEAR, _NEAR_GLYPHS, _AFTER = 24, 5, 8
"""Characters a negation reaches forward, the same in unspaced scripts, and back in Japanese and Korean."""


class Number(NamedTuple):
    """A count with the words it may count."""

    value: int
    units: tuple[str, ...]
    start: int
    end: int


class Statement(NamedTuple):
    """One clause; offsets are characters of the text it was read from."""

    text: str
    start: int
    end: int
    speaker: str
    """`self`, `other` or nothing where no person is named."""
    asks: bool
    values: tuple[Mention, ...]
    marks: tuple[Mention, ...]
    """Its negations, likes, dislikes and persons."""
    topics: frozenset[str]
    """Categories that it names as such, as a question does."""
    stems: dict[str, int]
    """Where each content word stands first."""
    denied: frozenset[str]
    """Those that are denied or disliked."""
    numbers: tuple[Number, ...]
    age: int | None

    def affirms(self, at: int) -> bool:
        """Whether what stands at that offset is said to be so, or liked, and not denied or disliked."""
        denied = disliked = False
        for category, _, start, end in self.marks:
            if category == "_dislike" and start <= at:
                disliked = True
            elif category == "_negations":
                first = self.text[start - self.start] if start >= self.start else ""
                reach = _NEAR_GLYPHS if first > "\u3000" else _NEAR
                back = _AFTER if "\u3040" <= first < "\u3100" or first >= "\uac00" else 0
                denied = denied or start - back <= at <= end + reach
        return denied == disliked

    def feels(self) -> bool:
        """Whether it says what is liked or disliked."""
        return any(mark.category in ("_like", "_dislike") for mark in self.marks)

    def attitudes(self, objects_first: bool) -> dict[str, tuple[int, int]]:
        """What is liked (1) or disliked (-1), by word or by known value, and where it stands."""
        felt = [mark for mark in self.marks if mark.category in _FELT]
        if not felt:
            return {}
        things = [*self.stems.items(), *((f"{m.category}:{m.value}", m.start) for m in self.values)]
        found: dict[str, tuple[int, int]] = {}
        for thing, at in things:
            if objects_first:
                mark = next((mark for mark in felt if mark.start > at), None)
            else:
                mark = next((mark for mark in reversed(felt) if mark.start < at), None)
            if mark is not None:
                found[thing] = (self._feeling(mark, objects_first), at)
        return found

    def _feeling(self, mark: Mention, objects_first: bool) -> int:
        glyphs = mark.start >= self.start and self.text[mark.start - self.start] > "\u3000"
        before, after = (
            (0, _AFTER) if objects_first else (_NEAR_GLYPHS, 0) if glyphs else (_NEAR // 2, _NEAR // 2)
        )
        denied = any(
            other.category == "_negations"
            and mark.start - before <= other.end
            and other.start <= mark.end + after
            for other in self.marks
        )
        return -1 if (mark.category == "_dislike") != denied else 1

    def person(self, at: int) -> str:
        """Whom a value at that offset is said of: the nearest person named before it."""
        nearest = ""
        since = -1
        for category, _, start, _ in self.marks:
            if start > at:
                break
            if category in ("_self", "_other"):
                nearest, since = category[1:], start
        relative = any(since < v.start < at for v in self.values if v.category in _RELATIVES)
        return "other" if relative else nearest


def statements(
    lexicon: Lexicon, text: str, head: int = _HEAD, tail: int = _TAIL, most: int = _MOST
) -> list[Statement]:
    """The clauses of a text in their order; of a very long one those at its beginning and its end."""
    if len(text) <= head + tail:
        return _spans(lexicon, text, 0)[:most]
    first = _spans(lexicon, text[:head], 0)[: most * 3 // 4]
    return first + _spans(lexicon, text[len(text) - tail :], len(text) - tail)[-most // 4 :]


def _spans(lexicon: Lexicon, text: str, offset: int) -> list[Statement]:
    mentions, stems, numbers = lexicon.read(text)
    found: list[Statement] = []
    m = s = n = start = 0
    mood: tuple[Mention, ...] = ()
    for end in [*(match.end() for match in _BREAK.finditer(text)), len(text)]:
        m0, s0, n0 = m, s, n
        while m < len(mentions) and mentions[m].start < end:
            m += 1
        while s < len(stems) and stems[s][1] < end:
            s += 1
        while n < len(numbers) and numbers[n][1] < end:
            n += 1
        if m > m0 or s > s0 or n > n0:
            marks = mentions[m0:m]
            if not any(
                mark.category in _FELT or mark.start < start + _OPENING
                for mark in marks
                if mark[0] in _SUBJECT
            ):
                marks = mood + marks
            parts = marks, stems[s0:s], numbers[n0:n]
            found.append(_statement(lexicon, text[start:end], start, offset, *parts))
            mood = tuple(mark for mark in marks if mark.category in _SUBJECT and mark.category != "_like")
            if not any(mark.category == "_self" for mark in mood):
                mood = tuple(mark for mark in mood if mark.category != "_dislike")
        if text[end - 1 : end] in _STOPS:
            mood = ()
        start = end
    return found


def _statement(
    lexicon: Lexicon,
    clause: str,
    start: int,
    offset: int,
    mentions: tuple[Mention, ...],
    stems: tuple[tuple[str, int, int], ...],
    numbers: tuple[tuple[int, int, int], ...],
) -> Statement:
    values: list[Mention] = []
    marks: list[Mention] = []
    persons = set()
    for category, value, a, b in mentions:
        (marks if category[0] == "_" else values).append(Mention(category, value, a + offset, b + offset))
        if category in ("_self", "_other"):
            persons.add(category)
    conditional = any(mark.category == "_if" for mark in marks)
    places: dict[str, int] = {}
    for stem, at, _ in stems:
        places.setdefault(stem, at + offset)
    topics = frozenset(mention.category for mention in values if mention.value == TOPIC)
    statement = Statement(
        text=clause,
        start=start + offset,
        end=start + len(clause.rstrip()) + offset,
        speaker="self" if "_self" in persons else "other" if persons else "",
        asks=_ASKING.search(clause) is not None or conditional,
        values=tuple(mention for mention in values if mention.value != TOPIC),
        topics=topics,
        marks=tuple(marks),
        stems=places,
        denied=frozenset(),
        numbers=tuple(Number(n, _units(stems, a, b), a + offset, b + offset) for n, a, b in numbers),
        age=next((n for n, a, b in numbers if _is_age(lexicon, clause, a - start, b - start)), None),
    )
    if not any(mark.category in ("_negations", "_dislike") for mark in marks):
        return statement
    return statement._replace(
        denied=frozenset(stem for stem, at in places.items() if not statement.affirms(at))
    )


def _is_age(lexicon: Lexicon, clause: str, start: int, end: int) -> bool:
    """Whether years of life follow the number, or nothing does and somebody is said to be it."""
    if lexicon.patterns["age"].match(clause, end):
        return True
    closed = not clause[end:].strip(" .!。！了呀啊哦")
    return closed and lexicon.patterns["aged"].search(clause[:start]) is not None


def _units(stems: tuple[tuple[str, int, int], ...], start: int, at: int) -> tuple[str, ...]:
    """What a number from `start` to `at` may count: the words after it, and the one right before it."""
    after = [stem for stem, a, _ in stems if at <= a < at + (4 if stem[0] > "\u3000" else 24)]
    before = [stem for stem, _, b in stems if start - 3 <= b <= start]
    return (*after, *before[-1:])
