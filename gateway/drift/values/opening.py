"""Opening hours say on which days and between which times somebody is there, by what is stored."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from gateway.drift.values.figures import TIME, WEEKDAY, Figure, sentence_of
from gateway.drift.values.heard import Heard
from gateway.drift.values.reader import Reader
from gateway.drift.values.stated import Stated

_DAY = 1440
"""Minutes."""
_BEFORE, _BEHIND = 16, 14
"""Characters beside a time that may say that it is when the doors open or shut."""
_AROUND = 300
"""Characters of a sentence on each side of a day that may tell of it."""
_SIGNED = re.compile(r"\d[:：.]\d")
"""Hours and minutes as a clock of 24 hours has them."""
_BREAK = re.compile(r"[.,;:!?。，、；！？\n]")
_PART = re.compile(r"[;()!?。！？、，；\n]|[.,:](?!\d)")
"""It parts what is said of one day from what is said of another; no time of day has it."""
_HOUR = re.compile(r"(?<!\d)\d{1,2}(?:[.:h]\d\d)?(?!\d)")
OPEN, SHUT = "open", "shut"


class Opening:
    """The days and hours in which somebody is there, and the days on which nobody is."""

    def __init__(self, reader: Reader, stated: Iterable[Stated]) -> None:
        self._reader = reader
        stated = list(stated)
        days = [one for one in stated if one.figure.kind == WEEKDAY]
        self._named = {one.figure.value for one in days}
        shut = {id(one) for one in days if self._is_shut(one)}
        self._open: set[float | str] = set()
        """The days within stored ranges."""
        self._closed: set[float | str] = {one.figure.value for one in days if id(one) in shut}
        """The days on which nobody is there."""
        for one, other in _pairs(days, WEEKDAY):
            within = _days(one.figure, other.figure)
            (self._closed if id(one) in shut else self._open).update(within)
        self._closed -= {one.figure.value for one in days if id(one) not in shut}
        self._hours = [(_minutes(one.figure), _minutes(other.figure)) for one, other in _pairs(stated, TIME)]

    def tells(self, day: Figure) -> bool:
        """Tell whether a stored day is one on which somebody, or nobody, is there."""
        return day.is_range or day.value in self._open or day.value in self._closed

    def is_off(self, figure: Figure, heard: Heard) -> bool:
        """Tell whether somebody is said to be there on a day that is stored as closed or as none.

        The other way round, nobody is said to be there on a day that is stored as open.
        """
        start, end = sentence_of(heard.lower, figure)
        if heard.text[end : end + 1] in ("?", "？"):
            return False
        start, end = max(start, figure.start - _AROUND), min(end, figure.end + _AROUND)
        told, low, high = self._told(heard.lower[start:end], figure.start - start)
        if told and _is_supposed(heard, figure.start, start + low, start + high):
            return False
        if told == OPEN:
            is_known = figure.value in self._open or figure.value in self._named
            if figure.value not in self._closed and (is_known or not self._open):
                return False
            return not any(low <= at - start < high for at in heard.denied)
        if told != SHUT or not self._closed or figure.value in self._closed:
            return False
        # Nothing is known of a day that is neither open nor closed, unless it is asked for the closed ones.
        is_open = figure.value in self._open
        return self._reader.closed.search(heard.asked) is not None or (
            is_open and self._reader.hours.search(heard.asked) is not None
        )

    def is_within(self, figure: Figure, heard: Heard) -> bool:
        """Tell whether a time lies between opening and closing, and is not said to be one of these."""
        value = figure.value
        if isinstance(value, str):
            return False
        # An hour that something leads up to may be one of the afternoon: "às quatro".
        is_led = value <= _DAY / 2 and not _SIGNED.search(heard.text, figure.start, figure.end)
        meant = (value, value + _DAY / 2) if is_led else (value,)
        if not any(_lies(one, *hours) for one in meant for hours in self._hours):
            return False
        before = heard.lower[max(0, figure.start - _BEFORE) : figure.start]
        behind = heard.lower[figure.end : figure.end + _BEHIND]
        beside = _BREAK.split(before)[-1], _BREAK.split(behind)[0]
        return not any(self._reader.hours.search(words) for words in beside)

    def _is_shut(self, day: Stated) -> bool:
        """Tell whether nobody is there on a day, by what its sentence or else its field says of it."""
        source = day.source.lower()
        at = source.find(day.said.lower())
        told = self._told(source, at)[0] if at >= 0 else ""
        return told == SHUT or (not told and self._kind(day.about.lower()) == SHUT)

    def _told(self, sentence: str, place: int) -> tuple[str, int, int]:
        """Say what a sentence tells of the day at a place, and which part of it does.

        A part that says nothing but the day goes with the one behind it, or else with the one before.
        """
        borders = [0, *(match.end() for match in _PART.finditer(sentence)), len(sentence)]
        parts = [(low, high) for low, high in pairwise(borders) if low < high]
        at = next((n for n, (low, high) in enumerate(parts) if low <= place < high), 0)
        for low, high in [*parts[at : at + 3], *parts[max(0, at - 2) : at][::-1]]:
            for first, last in self._halves(sentence, low, high, place):
                if kind := self._kind(sentence[first:last]):
                    return kind, low, high
        return "", 0, len(sentence)

    def _halves(self, sentence: str, low: int, high: int, place: int) -> Iterator[tuple[int, int]]:
        """Yield what stands between two words that join things, around the place, and then all of it."""
        joins = [match.span() for match in self._reader.beside.finditer(sentence, low, high)]
        first = max((end for _, end in joins if end <= place), default=low)
        last = min((start for start, _ in joins if start > place), default=high)
        if low <= place < high and (first, last) != (low, high):
            yield first, last
        yield low, high

    def _kind(self, words: str) -> str:
        rest = self._reader.closed.sub(" ", words)
        is_there = self._reader.there.search(rest) is not None
        if rest != words:
            return "" if is_there else SHUT
        is_timed = self._reader.spans.search(words) or self._reader.oclock.search(words)
        return OPEN if is_there or is_timed or self._spans(words) else ""

    def _spans(self, words: str) -> bool:
        """Tell whether an hour in digits goes to one that is named: "8 to noon"."""
        hours = _HOUR.finditer(words)
        return any(self._reader.to.match(words, match.end()) is not None for match in hours)


def _is_supposed(heard: Heard, place: int, low: int, high: int) -> bool:
    """Tell whether a supposition stands in the part of the day at the place, or in the one that tells of it.

    Elsewhere it is but a manner of speaking: `if you like, we open on Monday`.
    """
    return any(
        low <= at < high or not _PART.search(heard.lower, min(at, place), max(at, place))
        for at in heard.supposed
        if abs(at - place) <= _AROUND
    )


def _pairs(stated: Iterable[Stated], kind: str) -> Iterator[tuple[Stated, Stated]]:
    """Yield both ends of each range; the end of one is not the beginning of another."""
    first: Stated | None = None
    for one in stated:
        if one.figure.kind != kind:
            continue
        if not one.figure.is_range:
            first = None
        elif first is not None and first.basis == one.basis:
            yield first, one
            first = None
        else:
            first = one


def _days(first: Figure, last: Figure) -> set[float | str]:
    """Give the days from one to another, also over the end of a week."""
    start, end = int(first.value), int(last.value)
    return {(day - 1) % 7 + 1 for day in range(start, end + 1 + 7 * (end < start))}


def _minutes(figure: Figure) -> float:
    return float(figure.value)


def _lies(value: float, start: float, end: float) -> bool:
    return start <= value <= end if start <= end else value >= start or value <= end
