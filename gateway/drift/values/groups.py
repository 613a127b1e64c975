"""Groups of digits are one figure: a time of day, or the number of a telephone."""

import re
from collections.abc import Callable

from gateway.drift import numerals
from gateway.drift.values.clock import Clock
from gateway.drift.values.figures import PHONE, Figure
from gateway.drift.values.signs import Signs

_PHONE = re.compile(r"\d{2,6}(?:[ \-/]\d{2,6}){1,5}(?!\d)")
_CLOCK = re.compile(r"([01]?\d|2[0-4])[:：]([0-5]\d)(?![\d:])")
_DOTTED = re.compile(r"([01]?\d|2[0-4])\.([0-5]\d)(?![\d.])")
_OF_RANGE = r"([01]?\d|2[0-4])\.([0-5]\d)(?!\d|\.\d)"
_DOTTED_RANGE = re.compile(rf"(?<![\d.]){_OF_RANGE}([^\d.]{{1,6}}){_OF_RANGE}(?! ?%)")
_WHOLE_RANGE = re.compile(rf"\s*{_OF_RANGE}([^\d.]{{1,6}})([01]?\d|2[0-4])(?:\.[0-5]\d)?\s*")
"""A range that is all of a field, as "7.30 to 10" under breakfast."""
_DASHES = frozenset("-–—")
_SPAN = 12
"""Characters of a range before its last figure."""


class Groups:
    """It reads what signs part within a number in one language."""

    def __init__(
        self,
        decimal: str,
        clock: Clock,
        signs: Signs,
        unit: Callable[[str, str, int], tuple[str, int] | None],
        patterns: tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]],
    ) -> None:
        """Make it ready; the patterns are those of an hour, of what parts a range, and of a weekday."""
        self._decimal, self._clock, self._signs, self._unit = decimal, clock, signs, unit
        self._hour, self._to, self._weekday = patterns

    def read(self, text: str, lower: str, start: int) -> Figure | None:
        """Read a time or a telephone number: "18:30", "0808 157 0142"."""
        if match := _CLOCK.match(text, start):
            return self._clock.time(lower, start, match.end(), int(match[1]) * 60 + int(match[2]))
        is_phone = (match := _PHONE.match(text, start)) is not None and numerals.is_phone(match[0])
        if match is not None and is_phone and not self._signs.behind(text, match.end()):
            return Figure(PHONE, re.sub(r"\D", "", match[0]), start, match.end())
        if match := _DOTTED.match(text, start):
            is_oclock = bool(
                self._clock.oclock.match(lower, match.end()) or self._hour.match(lower, match.end())
            )
            is_time = is_oclock or (self._decimal == "," and not self._unit(text, lower, match.end()))
            if is_time and not self._signs.before(text, start):
                return self._clock.time(lower, start, match.end(), int(match[1]) * 60 + int(match[2]))
        return self._spanned(lower, start) if self._decimal == "." else None

    def _spanned(self, lower: str, start: int) -> Figure | None:
        """Read an end of opening hours: "open 9.30 to 4.30 on Fridays"."""
        whole = _WHOLE_RANGE.fullmatch(lower) if start < _SPAN else None
        if whole is not None and whole.start(1) == start and self._to.fullmatch(whole[3]) is not None:
            end = whole.end(2)
            figure = self._clock.time(lower, start, end, int(whole[1]) * 60 + int(whole[2]))
            return figure._replace(stop=end)
        for match in _DOTTED_RANGE.finditer(lower, max(0, start - _SPAN), start + 2 * _SPAN):
            if match.start() > start:
                return None
            group = 1 if match.start() == start else 4
            is_range = match[3].strip() in _DASHES or self._to.fullmatch(match[3]) is not None
            is_told = self._clock.hours.search(lower) is not None or self._weekday.search(lower) is not None
            if match.start(group) == start and is_range and is_told:
                end = match.end(group + 1)
                figure = self._clock.time(lower, start, end, int(match[group]) * 60 + int(match[group + 1]))
                return figure._replace(stop=end)
        return None
