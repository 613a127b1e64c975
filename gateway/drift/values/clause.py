"""A clause states something: of somebody, affirmed or denied, with values and numbers."""

import math
from bisect import bisect_left, bisect_right
from operator import itemgetter

from gateway.drift.values.figures import Number, is_year
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.values.reading import Columns, Mention
from gateway.drift.values.wordlist import TOPIC

FELT = frozenset({"_like", "_dislike"})
_RELATIVES = frozenset({"kin", "partner"})
_DENYING = frozenset({"_negations", "_dislike"})
_NONE: frozenset[str] = frozenset()
_KIND = itemgetter(0)
_NEAR, _NEAR_GLYPHS, _AFTER = 24, 5, 8
"""Characters a negation reaches forward, the same in runs, and back where it follows what it denies."""
_FEW = 48
"""Values, numbers, and words of grammar, that one clause is taken to have."""
_LEAD = 40
"""Characters before a number that may say that it is an age."""
_BY_ITSELF = tuple(":,.!—–")
"""Characters behind a negation that is an answer by itself."""
_AFTER_ASKING = "~～。!！ \t\r\n\u3000"
"""Characters that may stand behind a word that makes a question of its clause."""

Counts = tuple[tuple[float, int, int], ...]


class Clause:
    """One clause; offsets are characters of the text it was read from.

    What few clauses are asked for is worked out when they are, and kept.
    """

    __slots__ = (
        "_age",
        "_counts",
        "_denied",
        "_lexicon",
        "_numbers",
        "_reach",
        "_words",
        "asks",
        "marks",
        "number",
        "speaker",
        "start",
        "stems",
        "text",
        "topics",
        "values",
    )

    def __init__(
        self,
        lexicon: Lexicon,
        text: str,
        start: int,
        mentions: tuple[Mention, ...],
        words: Columns,
        counts: Counts,
        number: int = 0,
    ) -> None:
        self._lexicon = lexicon
        self._words = words
        self._counts = counts[:_FEW]
        self._denied: frozenset[str] | None = None
        self._numbers: tuple[Number, ...] | None = None
        self._age: float | None = -1
        self._reach: tuple[float, list[tuple[int, int]]] | None = None
        self.text = text
        self.start = start
        self.number = number
        """Its place among all clauses of what was read."""
        names, places, _ = words
        self.stems = dict(zip(names, places, strict=True))
        """The first place of each content word."""
        if len(self.stems) < len(names):
            self.stems.update(zip(reversed(names), reversed(places), strict=True))
        self.speaker = ""
        """`self`, `other` or nothing where no person is named."""
        self.asks = "?" in text or (not text.isascii() and _is_question(text, lexicon.shared.asking))
        self.values: tuple[Mention, ...] = ()
        self.marks: tuple[Mention, ...] = ()
        """Its negations, likes, dislikes and persons."""
        self.topics = _NONE
        """Categories that it names as such, as a question does."""
        if mentions:
            self._take(mentions)

    def _take(self, mentions: tuple[Mention, ...]) -> None:
        values, marks, kinds = [], [], set()
        for mention in mentions:
            category = mention[0]
            if category[0] == "_":
                marks.append(mention)
                kinds.add(category)
            elif mention[1] == TOPIC:
                self.topics |= {category}
            else:
                values.append(mention)
        self.values, self.marks = tuple(values[:_FEW]), tuple(marks[:_FEW])
        self.speaker = "self" if "_self" in kinds else "other" if "_other" in kinds else ""
        self.asks = self.asks or "_if" in kinds

    @property
    def denied(self) -> frozenset[str]:
        """Content words that are denied or disliked."""
        if self._denied is None:
            self._denied = self._deny()
        return self._denied

    def _deny(self) -> frozenset[str]:
        if _DENYING.isdisjoint(map(_KIND, self.marks)):
            return _NONE
        since, ranges = self._reaching()
        found = []
        for stem, at in self.stems.items():
            # It is as `affirms` tells for one place, which takes several times as long for all of them.
            is_reached = False
            for low, high in ranges:
                is_reached = is_reached or low <= at <= high
            if is_reached != (since <= at):
                found.append(stem)
        return frozenset(found)

    @property
    def counts(self) -> int:
        """The number of its numbers."""
        return len(self._counts)

    @property
    def numbers(self) -> tuple[Number, ...]:
        if self._numbers is None:
            self._numbers = tuple([Number(n, self._units(a, b), a, b) for n, a, b in self._counts])
        return self._numbers

    @property
    def age(self) -> float | None:
        """The age that it gives, in years."""
        if self._age == -1:
            ages = (n for n, a, b in self._counts if not is_year(n) and self._is_age(a, b))
            self._age = next(ages, None)
        return self._age

    def _is_age(self, start: int, end: int) -> bool:
        """Tell whether years of life follow the number, or nothing does and somebody is said to be it."""
        start, end = start - self.start, end - self.start
        if match := self._lexicon.patterns["age"].match(self.text, end):
            return self._is_life(start, match.end())
        closed = not self.text[end:].strip(self._lexicon.shared.closing)
        return closed and self._lexicon.patterns["aged"].search(self.text[:start][-_LEAD:]) is not None

    def _is_life(self, start: int, end: int) -> bool:
        """Tell whether years are those of a life, where their word counts any: `ha 61 anni`, `, 61 anni,`."""
        of_age, before = self._lexicon.of_age, self.text[max(0, start - _LEAD) : start]
        if self._lexicon.reader.bounded.search(before):
            return False
        if of_age is None or of_age.search(before):
            return True
        return before.rstrip()[-1:] in ("", ",") and self.text[end:].lstrip()[:1] in ("", ",", ".", ";")

    def _units(self, start: int, at: int) -> tuple[str, ...]:
        """Find what a number from `start` to `at` may count: words after it, and the one right before it."""
        names, places, ends = self._words
        first = bisect_left(places, at)
        near = range(first, bisect_left(places, at + 24, first))
        after = [names[n] for n in near if places[n] < at + (4 if names[n][0] > "\u3000" else 24)]
        last = bisect_right(ends, start)
        before = [names[n] for n in range(max(0, last - 1), last) if ends[n] >= start - 3]
        return (*after, *before)

    @property
    def end(self) -> int:
        return self.start + len(self.text.rstrip())

    def affirms(self, at: int) -> bool:
        """Tell whether what stands there is said to be so, or liked, and not denied or disliked."""
        since, ranges = self._reaching()
        return any(low <= at <= high for low, high in ranges) == (since <= at)

    def _reaching(self) -> tuple[float, list[tuple[int, int]]]:
        """Give the place from which on things are disliked, and those between which they are denied."""
        if self._reach is not None:
            return self._reach
        since, ranges = math.inf, []
        for category, _, start, end in self.marks:
            if category == "_dislike":
                since = min(since, start)
            elif category == "_negations":
                if self.text[end - self.start : end - self.start + 2].strip()[:1] in _BY_ITSELF:
                    # "No: I am the desk" denies what was asked and nothing behind it.
                    continue
                first = self.text[start - self.start] if start >= self.start else ""
                reach = _NEAR_GLYPHS if first > "\u3000" else _NEAR
                back = _AFTER if self._lexicon.shared.denied_behind.match(first) else 0
                ranges.append((start - back, end + reach))
        self._reach = since, ranges
        return self._reach

    def feels(self) -> bool:
        """Tell whether it says what is liked or disliked."""
        return any(mark[0] in FELT for mark in self.marks)

    def attitudes(self, objects_first: bool) -> dict[str, tuple[int, int]]:
        """Find what is liked (1) or disliked (-1), by word or by known value, and where it stands."""
        felt = [mark for mark in self.marks if mark[0] in FELT]
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
        """Find whom a value is said of: the nearest person named before it."""
        nearest = ""
        since = -1
        for category, _, start, _ in self.marks:
            if start > at:
                break
            if category in ("_self", "_other"):
                nearest, since = category[1:], start
        relative = any(since < v.start < at for v in self.values if v.category in _RELATIVES)
        return "other" if relative else nearest


def _is_question(clause: str, asking: tuple[str, ...]) -> bool:
    return "？" in clause or clause.rstrip(_AFTER_ASKING).endswith(asking)
