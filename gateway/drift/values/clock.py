"""Times of day as they are spoken in one language."""

import re
from collections.abc import Callable, Mapping

from gateway.drift.lazily import lazily
from gateway.drift.tables import Figures as Words
from gateway.drift.values import frames
from gateway.drift.values.figures import NUMBER, TIME, Figure

_HOURS = 24
_HALF = 720
"""Minutes of half a day."""
_FRACTION = re.compile("[:.]\\d| ?%")
"""Behind a number that is no hour."""
_LED = 4
"""Characters before an hour in which it stands that it is one of the afternoon, where words run on."""
_LEAD = 16
"""Characters before a bare number that make a time of day of it."""


class Clock:
    """It reads "half past nine", "neun Uhr", "a las nueve y media", "twenty to three", "7 pm", "at six"."""

    def __init__(self, own: Words, words: Mapping[str, int], counts: Callable[[str, int], bool]) -> None:
        """Make it ready; `counts` tells whether a unit stands at a place, which is no hour then."""
        self.oclock, self.hours = frames.pattern(own.oclock), frames.pattern(own.hours)
        self._words, self._counts = words, counts
        self._halves = [(minutes, frames.pattern(text, "$")) for text, minutes in own.past.items()]
        self._leads = tuple(own.past) if all(map(frames.is_plain, own.past)) else ("",)
        self._after = [(minutes, frames.pattern(text)) for text, minutes in own.then.items()]
        self._late = re.compile(rf"[ \u00a0](?:{own.late})(?!\w)" if own.late else "(?!)")
        self._later = tuple(own.later.split())
        minutes = rf"[.:]\d\d|{own.hour}" if own.hour else r"[.:]\d\d"
        self.spans = lazily(
            rf"(?<!\d)\d{{1,2}}(?:{minutes})?\s?"
            r"(?:–|-|[^\W\d]{1,5}|[^\W\d_]{2,6} [^\W\d]{1,3}) ?\d{1,2}(?!\d)"
        )
        """It matches what goes from one hour to another, in digits; a price of three digits is none."""
        self._minutes = own.minutes
        self._minutes_to = frames.names(own.minutes, r" (%s) ([^\W\d_]+)")
        self.behind = (self.oclock, self._minutes_to, *(pattern for _, pattern in self._after))
        """Patterns of what may stand behind a number and makes a time of it."""
        self._at = re.compile(rf"(?<!\w)(?:{own.at})\s$", re.IGNORECASE) if own.at else None

    def set(self, lower: str, found: list[Figure]) -> list[Figure]:
        """Take the bare numbers that are told as hours for times where it is told when somebody is there.

        Such as "the doors shut at six".
        """
        hours = [self._is_hour(lower, one) for one in found]
        if not any(hours) or self.hours.search(lower) is None:
            return found
        return [
            one._replace(kind=TIME, value=float(one.value) * 60) if is_hour else one
            for one, is_hour in zip(found, hours, strict=True)
        ]

    def spanned(self, lower: str, found: list[Figure]) -> list[Figure]:
        """Take both ends of a range as they are meant of hours: "open 10–6" is until six in the evening."""
        for i in range(len(found) - 1):
            one, other = found[i], found[i + 1]
            if not (one.is_range and other.is_range) or one.kind != other.kind:
                continue
            first, last = one.value, other.value
            if isinstance(first, str) or isinstance(last, str):
                continue
            if one.kind == NUMBER and self._is_span(lower, one.start, first, last):
                first, last = first * 60.0, last * 60.0
                one, other = one._replace(kind=TIME, value=first), other._replace(kind=TIME, value=last)
            said = lower[other.stop or other.start : other.end].strip()
            if one.kind == TIME and last < first <= _HALF and not said:
                other = other._replace(value=last + _HALF)
            found[i], found[i + 1] = one, other
        return found

    def _is_span(self, lower: str, start: int, first: float, last: float) -> bool:
        """Tell whether two bare numbers are hours, since it was just said that these come."""
        is_hours = 0 < first <= _HOURS and 0 < last <= _HOURS
        return is_hours and self.hours.search(lower, max(0, start - _LEAD), start) is not None

    def _is_hour(self, lower: str, one: Figure) -> bool:
        value = one.value
        if self._at is None or one.kind != NUMBER or isinstance(value, str):
            return False
        if not 0 < value <= _HOURS or value != int(value):
            return False
        return bool(self._at.search(lower, max(0, one.start - _LEAD), one.start))

    def told(self, lower: str, start: int, end: int, value: float, *, is_followed: bool) -> Figure | None:
        """Read "half past nine", "neun Uhr", "a las nueve y media", "twenty to three", "7 pm".

        `is_followed` tells whether one of the patterns `behind` matches.
        """
        if value > 24 or value != int(value):
            return None
        whole = int(value)
        is_led = lower.endswith(self._leads, max(0, start - 20), start)
        led = self._led(lower, start) if is_led else None
        if led and led[1]:
            return self.time(lower, led[0], end, whole * 60 + led[1])
        for minutes, pattern in self._after if is_followed else ():
            if match := pattern.match(lower, end):
                return self.time(lower, start, match.end(), whole * 60 + minutes)
        if led and not _FRACTION.match(lower, end):
            # What only leads up to a time says nothing of its minutes.
            return self.time(lower, led[0], end, whole * 60)
        if not is_followed:
            return None
        if self._minutes and (match := self._minutes_to.match(lower, end)):
            hour = self._words.get(match[2], 99)
            if 0 < whole < 30 and hour <= 12 and not self._counts(lower, match.end()):
                return Figure(TIME, hour * 60 + self._minutes[match[1]] * whole, start, match.end())
        if match := self.oclock.match(lower, end):
            return self.time(lower, start, match.end(), whole * 60, match[0])
        return None

    def _led(self, lower: str, start: int) -> tuple[int, int] | None:
        """Find where what leads up to an hour begins, and the minutes that it tells."""
        for minutes, pattern in self._halves:
            if match := pattern.search(lower, max(0, start - 20), start):
                return match.start(), minutes
        return None

    def time(self, lower: str, start: int, end: int, minutes: int, said: str = "") -> Figure:
        at = end
        said = said or (match[0] if (match := self.oclock.match(lower, end)) else "")
        end = end if not said or lower[:end].endswith(said) else end + len(said)
        is_late = (
            said.strip(" .").startswith("p")
            or self._late.match(lower, at) is not None
            or self._late.match(" " + said.strip()) is not None
            or (bool(self._later) and lower[max(0, start - _LED) : start].rstrip().endswith(self._later))
        )
        if is_late and minutes < 720:
            minutes += 720
        return Figure(TIME, float(minutes), start, end)
