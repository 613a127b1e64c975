"""Opening hours say on which days and between which times somebody is there, by what is stored."""

import re
from collections.abc import Iterable
from itertools import pairwise

from gateway.drift.values.figures import TIME, WEEKDAY, Figure, sentence_of
from gateway.drift.values.heard import Heard
from gateway.drift.values.reader import Reader
from gateway.drift.values.stated import Stated

_DAY = 1440
"""Minutes."""
_BEFORE, _BEHIND = 16, 14
"""Characters beside a time that may say that it is when the doors open or shut."""
_BREAK = re.compile(r"[.,;:!?。，、；！？\n]")


class Opening:
    """The days and hours in which somebody is there, and the days on which nobody is."""

    def __init__(self, reader: Reader, stated: Iterable[Stated]) -> None:
        self._reader = reader
        stated = list(stated)
        self._named = {one.figure.value for one in stated if one.figure.kind == WEEKDAY}
        self._open: set[float | str] = set()
        """The days within stored ranges."""
        self._closed: set[float | str] = set()
        shut = {id(one) for one in stated if one.figure.kind == WEEKDAY and self._is_shut(one)}
        self._closed.update(one.figure.value for one in stated if id(one) in shut)
        for one, other in pairwise(one for one in stated if one.figure.kind == WEEKDAY):
            if _is_pair(one, other):
                days = _days(one.figure, other.figure)
                (self._closed if id(one) in shut else self._open).update(days)
        self._closed -= {one.figure.value for one in stated if id(one) not in shut}
        self._hours = [
            (_minutes(one.figure), _minutes(other.figure))
            for one, other in pairwise(one for one in stated if one.figure.kind == TIME)
            if _is_pair(one, other)
        ]

    def is_off(self, figure: Figure, heard: Heard) -> bool:
        """Tell whether somebody is said to be there on a day that is stored as closed or as none."""
        is_known = figure.value in self._open or figure.value in self._named
        if figure.value not in self._closed and (is_known or not self._open):
            return False
        start, end = sentence_of(heard.lower, figure)
        if any(start <= at < end for at in heard.denied) or heard.text[end : end + 1] in ("?", "？"):
            return False
        said = heard.lower[start:end]
        return self._reader.there.search(said) is not None and self._reader.away.search(said) is None

    def is_within(self, figure: Figure, heard: Heard) -> bool:
        """Tell whether a time lies between opening and closing, and is not said to be one of these."""
        value = figure.value
        if isinstance(value, str):
            return False
        # An hour that something leads up to may be one of the afternoon: "às quatro".
        is_led = value <= _DAY / 2 and " " in heard.text[figure.start : figure.end]
        meant = (value, value + _DAY / 2) if is_led else (value,)
        if not any(_lies(one, *hours) for one in meant for hours in self._hours):
            return False
        before = heard.lower[max(0, figure.start - _BEFORE) : figure.start]
        behind = heard.lower[figure.end : figure.end + _BEHIND]
        beside = _BREAK.split(before)[-1], _BREAK.split(behind)[0]
        return not any(self._reader.hours.search(words) for words in beside)

    def _is_shut(self, day: Stated) -> bool:
        """Tell whether nobody is there on a day, by its clause or the part of it that the day stands in."""
        parts = self._reader.beside.split(day.about)
        return self._tells_shut(day.about) or any(day.said in one and self._tells_shut(one) for one in parts)

    def _tells_shut(self, words: str) -> bool:
        lower = words.lower()
        rest = self._reader.closed.sub(" ", lower)
        return rest != lower and self._reader.there.search(rest) is None


def _is_pair(one: Stated, other: Stated) -> bool:
    return one.figure.is_range and other.figure.is_range and one.basis == other.basis


def _days(first: Figure, last: Figure) -> set[float | str]:
    """Give the days from one to another, also over the end of a week."""
    start, end = int(first.value), int(last.value)
    return {(day - 1) % 7 + 1 for day in range(start, end + 1 + 7 * (end < start))}


def _minutes(figure: Figure) -> float:
    return float(figure.value)


def _lies(value: float, start: float, end: float) -> bool:
    return start <= value <= end if start <= end else value >= start or value <= end
