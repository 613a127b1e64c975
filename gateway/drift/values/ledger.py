"""A ledger is all figures that are stored of a persona, each with what it belongs to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from gateway.drift import emergency
from gateway.drift.values import sums
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.figures import (
    DATE,
    LABEL,
    LONGEST,
    NOUN,
    NUMBER,
    PHONE,
    SECONDS,
    TIME,
    WEEKDAY,
    YEAR,
    Figure,
    numbers,
    sentence_of,
)
from gateway.drift.values.heard import STOPS, Heard
from gateway.drift.values.opening import Opening
from gateway.drift.values.reader import Reader
from gateway.drift.values.stated import Stated, telling

MOST = 400
"""Stored figures that are kept."""
MEANT = 0.9
"""The shared words, a telling one counts 1, from which on a sentence is about what a figure belongs to."""
_ASKED = 0.8
"""The same of a word that only the question has."""
_NEAR = 90
"""Characters before a figure that say what it is about."""
_DENIED = 24
_SUMMED = 8
"""Stored figures of what the user has named that are added up."""
_BARE = 1.5
"""The same of a number without a unit."""
_SURE, _LIKELY, _MAYBE = 0.9, 0.75, 0.6
_APART = 24
"""So many times as long is another stretch of time: a day and an hour."""
_CODE = 4
"""Digits before a telephone number that are a country's."""
_DAY = 1440
"""Minutes."""
_WORKED = 5
"""Days of a week on which most people work."""
_ALIKE = {one: pair for pair in (("day", "week"), ("minute", "hour")) for one in pair}
"""Units in which the same stretch of time is told."""
UNSUMMED = frozenset({TIME, YEAR, DATE, WEEKDAY})
"""Kinds of which nothing is added up."""
_NONE: frozenset[float | str] = frozenset()


class Ledger:
    """Stored figures by their kind."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.stated: list[Stated] = []
        self.by_kind: dict[str, list[Stated]] = defaultdict(list)
        self.values: dict[str, set[float | str]] = defaultdict(set)
        self.numbers: set[float | str] = set()
        """All values, of whatever kind."""
        self._lengths: set[tuple[str, float]] = set()
        self._weights: dict[str, dict[str, float]] = {}
        self._amounts: list[Stated] = []
        self._opening = Opening(reader, ())
        self._glyphs: list[str] = []
        """Keys of a single character, which no pair of characters is: 望."""

    def add(self, stated: Stated) -> None:
        """Keep one more; its own unit says nothing of what it belongs to."""
        if len(self.stated) < MOST:
            self.stated.append(stated)
            kind = stated.figure.kind
            self.by_kind[kind].append(stated)
            self.values[kind].add(stated.figure.value)
            self.numbers.add(stated.figure.value)
            if length := stated.figure.length:
                self._lengths.add(length)

    def acquit(self, figure: Figure) -> None:
        """Take a figure of the persona's lines for right wherever it is said; it accuses nothing."""
        self.values[figure.kind].add(figure.value)
        self.numbers.add(figure.value)

    def close(self) -> None:
        """Weigh the words of each kind, once all figures are there: those of one field tell most."""
        for kind, some in self.by_kind.items():
            fields: dict[str, set[tuple[str, str]]] = defaultdict(set)
            for one in some:
                for key in one.keys:
                    fields[key].add((one.basis.rpartition("[")[0] or one.basis, one.about))
            self._weights[kind] = {key: telling(held) for key, held in fields.items()}
        self._glyphs = [key for key in {key for one in self.stated for key in one.keys} if len(key) == 1]
        self._opening = Opening(self.reader, self.stated)
        self._amounts = [one for one in self.stated if one.figure.kind in self.reader.currencies]

    def weigh(self, evidence: Evidence, heard: Heard) -> None:
        """Add what the figures of an answer say: what is stored anywhere acquits, then its field accuses."""
        for figure in heard.figures:
            if figure.kind == NUMBER:
                self._weigh_bare(evidence, figure, heard)
                continue
            held = self._held(figure)
            if not held:
                continue
            if figure.kind == WEEKDAY and self._opening.is_off(figure, heard):
                span = (figure.start, figure.end)
                evidence.accuse("figure", "number-clash", _LIKELY, span, held[0].called)
            elif self.knows(figure):
                evidence.support("figure_same", 1.0, held[0].basis)
            elif not self._excused(figure, heard) and not _is_help(figure, held):
                # What is said right beside it is not what it stands in place of.
                left = [one for one in held if not _is_said(one.figure, figure, heard.figures)]
                strength, stated = self._accused(evidence, figure, left, heard) if left else (0.0, held[0])
                if strength:
                    span = (figure.start, figure.end)
                    evidence.accuse("figure", "number-clash", strength, span, stated.called)

    def _held(self, figure: Figure) -> list[Stated]:
        """Give the stored figures that this one may be held against: months are years, too."""
        if figure.length is None:
            return self.by_kind.get(figure.kind, [])
        unit, long = figure.length
        held = []
        for one in self.stated:
            length = one.figure.length
            # What takes half a minute is nothing that half an hour is stored of.
            if length is not None and length[0] == unit and long <= _APART * length[1] <= _APART**2 * long:
                held.append(one)
        return held

    def _weigh_bare(self, evidence: Evidence, figure: Figure, heard: Heard) -> None:
        """Hold a number without a unit against amounts of money: "forty a day plus expenses"."""
        if not self._amounts or self.holds(figure) or self._is_spoken(figure, heard):
            return
        near, _ = self._context(figure, heard)
        for one in self._amounts:
            weights = self._weights[one.figure.kind]
            if sum([weights[key] for key in one.keys & near]) >= _BARE and not self._excused(figure, heard):
                span = (figure.start, figure.end)
                evidence.accuse("figure", "number-clash", _LIKELY, span, one.called)
                return

    def _is_spoken(self, figure: Figure, heard: Heard) -> bool:
        """Tell whether it is part of a price in two numbers that is stored: "one ninety"."""
        prices = {one.figure.value for one in self._amounts}
        for one, other in pairwise(heard.figures):
            if figure not in (one, other) or heard.text[one.end : other.start] not in (" ", "-"):
                continue
            if isinstance(one.value, str) or isinstance(other.value, str) or other.value >= 100:
                continue
            if round(one.value + other.value / 100, 2) in prices:
                return True
        return False

    def knows(self, figure: Figure) -> bool:
        """Tell whether the figure is stored, of whatever it may be said, or the same stretch of time."""
        values = self.values.get(figure.kind, ())
        if figure.value in values or figure.length in self._lengths:
            return True
        if isinstance(figure.value, str):
            return self._is_written(figure)
        if figure.kind == "week" and ("s", figure.value * _WORKED * SECONDS["day"]) in self._lengths:
            # Five working days are a week.
            return True
        if figure.kind == "hour":
            # Whoever says "at ten hours" may mean the time of day.
            return figure.value * 60 in self.values.get(TIME, ())
        return figure.kind == TIME and not {figure.value + 720, figure.value - 720}.isdisjoint(values)

    def _is_written(self, figure: Figure) -> bool:
        """Tell whether a number or label is stored as another kind of figure, or with a country's digits."""
        value = str(figure.value)
        if figure.kind.startswith(LABEL):
            return value in self.numbers or (value.isdecimal() and float(value[:LONGEST]) in self.numbers)
        stored = (str(one).lstrip("0") for one in self.values.get(figure.kind, ()))
        return figure.kind == PHONE and any(
            one and value.endswith(one) and len(value) - len(one) <= _CODE for one in stored
        )

    def holds(self, figure: Figure) -> bool:
        """Tell whether the figure is stored, or its number, as what it may stand for without a unit."""
        if self.knows(figure):
            return True
        value = figure.value
        if isinstance(value, str) or figure.kind not in (NUMBER, "hour"):
            return False
        return (
            value in self.numbers
            or f"{value:g}" in self.numbers
            or not self.values.get(TIME, _NONE).isdisjoint({value * 60, value * 60 + 720})
        )

    def _excused(self, figure: Figure, heard: Heard) -> bool:
        """Tell whether the figure is the user's, denied, asked, within a range, or follows from others."""
        value = figure.value
        if figure.kind == PHONE and str(value) in "".join(filter(str.isdecimal, heard.earlier)):
            return True
        theirs = numbers(heard.asked_figures)
        if _is_idle(figure, heard) or _between(figure, (*heard.figures, *heard.asked_figures)):
            return True
        if figure.length is not None and _is_theirs(figure, heard.asked_figures):
            return True
        if value in theirs or (figure.kind == TIME and isinstance(value, float) and value / 60 in theirs):
            return True
        if any(figure.start - _DENIED <= at <= figure.start for at in heard.denied):
            return True
        if figure.kind == TIME and self._opening.is_within(figure, heard):
            return True
        return self.follows(figure, heard.figures, heard.asked_figures, heard.asked_stems)

    def follows(
        self, figure: Figure, said: Iterable[Figure], asked: Iterable[Figure], named: frozenset[str]
    ) -> bool:
        """Tell whether it follows from stored ones and what is counted or `named`: three at eight euros.

        What follows so may be counted on: so much a month is so much a year.
        """
        said, asked = list(said), list(asked)
        if self._comes_of(figure, said, asked, named):
            return True
        if isinstance(figure.value, str) or figure.kind in UNSUMMED:
            return False
        others = [one for one in said if one.kind == figure.kind and one.start != figure.start]
        right = {
            float(one.value)
            for one in others[:_SUMMED]
            if not isinstance(one.value, str) and (self.knows(one) or self._comes_of(one, said, asked, named))
        }
        if figure.length is not None and any(
            one.length == figure.length and one.start != figure.start
            for one in said
            if self._comes_of(one, said, asked, named)
        ):
            return True
        counts = sums.counted(said) | sums.counted(asked)
        return bool(right) and sums.follows_from(float(figure.value), right, counts)

    def _comes_of(
        self, figure: Figure, said: Sequence[Figure], asked: Sequence[Figure], named: frozenset[str]
    ) -> bool:
        """Tell whether it follows from stored ones alone."""
        value = figure.value
        if isinstance(value, str):
            return False
        values = {v for v in self.values.get(figure.kind, ()) if not isinstance(v, str)}
        if figure.kind == TIME:
            lengths = [seconds / 60 for unit, seconds in self._lengths if unit == "s"]
            return any(value + length in values or value - length in values for length in lengths)
        if figure.kind in UNSUMMED:
            return False
        ranged = [one.figure.value for one in self.by_kind.get(figure.kind, ()) if one.figure.is_range]
        if ranged and min(ranged) <= value <= max(ranged):  # type: ignore[operator]
            return True
        if sums.follows(float(value), values, self.numbers, sums.counted(said), sums.counted(asked)):
            return True
        wanted = [one for one in self.by_kind.get(figure.kind, ()) if one.keys & named]
        priced = [
            (float(one.figure.value), one.keys) for one in wanted if not isinstance(one.figure.value, str)
        ]
        return sums.is_sum_of_named(float(value), priced[:_SUMMED], named)

    def _accused(
        self, evidence: Evidence, figure: Figure, held: list[Stated], heard: Heard
    ) -> tuple[float, Stated]:
        """Say how sure it is that another figure is stored of what this one is said of."""
        near, question = self._context(figure, heard)
        best, stated = 0.0, held[0]
        for one in held:
            weights = self._weights[one.figure.kind]
            shared = sum([weights[key] for key in one.keys & near])
            shared += _ASKED * sum([weights[key] for key in (one.keys & question) - near])
            if shared > best:
                best, stated = shared, one
        if figure.kind == WEEKDAY and (any(one.figure.is_range for one in held) or self._has_day(heard)):
            # The other days may be named as those on which nobody is there.
            return 0.0, stated
        if best >= MEANT:
            return _SURE, stated
        if figure.kind in (TIME, WEEKDAY) and self._asks_hours(figure, heard):
            return _LIKELY, stated
        if figure.kind == PHONE or best >= MEANT * 0.6:
            return _LIKELY if figure.kind != YEAR else 0.0, stated
        if figure.kind.startswith(LABEL):
            return _MAYBE, stated
        if self._is_only(figure, held):
            if evidence.facts.lexicon.patterns["count"].search(heard.asked):
                return _LIKELY, stated
            if figure.kind.startswith(NOUN):
                return _MAYBE, stated
        return 0.0, stated

    def _is_only(self, figure: Figure, held: list[Stated]) -> bool:
        """Tell whether but one value of this kind is stored, or one stretch of time of about this length."""
        alike = [one.figure for one in held if one.figure.kind in _ALIKE.get(figure.kind, (figure.kind,))]
        values = {one.length or one.value for one in alike}
        acquitted = self.values.get(figure.kind, _NONE) - {one.value for one in alike}
        return len(values) == 1 and not acquitted

    def _has_day(self, heard: Heard) -> bool:
        """Tell whether the answer names a day that is stored, beside which another one replaces nothing."""
        return any(one.kind == WEEKDAY and one.value in self.values[WEEKDAY] for one in heard.figures)

    def _asks_hours(self, figure: Figure, heard: Heard) -> bool:
        pattern = self.reader.hours
        start = max(0, figure.start - 40)
        near = heard.lower[start : figure.end + 12]
        return pattern.search(heard.asked) is not None and pattern.search(near) is not None

    def _context(self, figure: Figure, heard: Heard) -> tuple[set[str], frozenset[str]]:
        """Give the content words around a figure, and those of the question."""
        start, end = sentence_of(heard.lower, figure)
        low, high = max(start, figure.start - _NEAR), min(end, figure.end + _NEAR // 2)
        inside = {s for s, a, _ in heard.stems if low <= a < high and not (figure.start <= a < figure.end)}
        inside.update(glyph for glyph in self._glyphs if glyph in heard.text[low:high])
        return inside, heard.asked_stems


def _is_theirs(figure: Figure, asked: Iterable[Figure]) -> bool:
    """Tell whether the user has said the same stretch of time in other words: a month is four weeks."""
    told = {one.length for one in asked}
    weeks = {("s", k * 28 * SECONDS["day"]) for unit, k in filter(None, told) if unit == "m"}
    return figure.length in told or figure.length in weeks


def _is_help(figure: Figure, held: Iterable[Stated]) -> bool:
    """Tell whether a number calls for help, and so do those that are stored of its kind, if any."""
    value = str(figure.value)
    return value in emergency.NUMBERS and all(str(one.figure.value) in emergency.NUMBERS for one in held)


def _is_said(stated: Figure, figure: Figure, said: Iterable[Figure]) -> bool:
    """Tell whether the stored figure is said, too, so that the other one does not stand in its place."""
    return any(
        one.start != figure.start
        and (
            (one.kind in (stated.kind, NUMBER) and one.value == stated.value)
            or (one.length or 0) == stated.length
        )
        for one in said
    )


def _is_idle(figure: Figure, heard: Heard) -> bool:
    """Tell whether it only says some time or other: "One day, let him play it"."""
    begins = not heard.text[: figure.start].rstrip() or heard.text[: figure.start].rstrip()[-1] in STOPS
    return (
        figure.kind == "day"
        and figure.value == 1
        and begins
        and heard.text[figure.end : figure.end + 1] in (",", "，", "、")
    )


def _between(figure: Figure, figures: Iterable[Figure]) -> bool:
    """Tell whether it is the time between two times that are said, or its hours, or its minutes."""
    times = [float(one.value) for one in figures if one.kind == TIME and not isinstance(one.value, str)]
    if figure.kind not in ("hour", "minute") or isinstance(figure.value, str):
        return False
    spans = {(b - a) % _DAY for a in times for b in times if a != b}
    value = figure.value
    if figure.kind == "hour":
        return any(value in (span / 60, span // 60) for span in spans)
    return any(value in (span, span % 60) for span in spans)
