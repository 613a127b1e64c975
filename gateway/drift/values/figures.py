"""A figure is a number with what it counts: a price, a time, a length of time, a label such as "room 412"."""

import re
from collections.abc import Container, Iterable
from typing import NamedTuple

from gateway.drift.numerals import LONGEST

TIME, YEAR, DATE, PHONE, PERCENT, WEEKDAY = "time", "of-the-calendar", "date", "phone", "percent", "weekday"
NUMBER, LABEL, NOUN = "number", "label:", "n:"
UNCOUNTED = frozenset({TIME, DATE, PHONE, WEEKDAY})
"""Kinds that count nothing."""
_STOPS = ".!?。！？\n"
_RANGE = re.compile(r"\s{0,2}[–—~〜～-]\s{0,2}")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
MONTHS = {"month": 1, "year": 12}
FIRST_YEAR, LAST_YEAR = 1200, 2100
MOST = 24
"""Figures of one text that are read."""


class Figure(NamedTuple):
    """One figure and where it stands."""

    kind: str
    """`time` in minutes of a day, `of-the-calendar` for a year, `date` as month and day, `phone`, `percent`,
    `weekday` from 1, a currency, a stretch of time, `label:` or `n:` with the stem of the word, `number`."""
    value: float | str
    start: int
    end: int
    is_range: bool = False
    """It is one end of a range."""
    stop: int = 0
    """The end of the number itself, without what it counts."""

    @property
    def length(self) -> tuple[str, float] | None:
        """Give a stretch of time in seconds or months, so that a week is seven days."""
        if isinstance(self.value, str):
            return None
        if self.kind in SECONDS:
            return "s", self.value * SECONDS[self.kind]
        return ("m", self.value * MONTHS[self.kind]) if self.kind in MONTHS else None


class Number(NamedTuple):
    """A count with the words it may count."""

    value: float
    units: tuple[str, ...]
    start: int
    end: int


def is_year(value: float) -> bool:
    """Tell whether a number is one of the calendar's years, which count nothing: "since 2015"."""
    return FIRST_YEAR <= value <= LAST_YEAR and value == int(value)


def has_unit(figure: Figure) -> bool:
    """Tell whether something is counted or measured, and it says what."""
    is_bare = figure.kind in (NUMBER, YEAR) or figure.kind in UNCOUNTED or figure.kind.startswith(LABEL)
    return not is_bare and not isinstance(figure.value, str)


def with_unit(bare: Figure, kind: str) -> Figure | None:
    """Give a number without a unit this one; `None` where it has a unit of its own."""
    if bare.kind == NUMBER:
        return bare._replace(kind=kind)
    is_number = bare.kind.startswith(LABEL) and isinstance(bare.value, str) and bare.value.isdecimal()
    return bare._replace(kind=kind, value=float(bare.value[:LONGEST])) if is_number else None  # type: ignore[index]


def sentence_of(text: str, figure: Figure) -> tuple[int, int]:
    """Give where the sentence of a figure begins and ends."""
    start = max(text.rfind(stop, 0, figure.start) for stop in _STOPS) + 1
    ends = [at for stop in _STOPS if (at := text.find(stop, figure.end)) >= 0]
    return start, min(ends, default=len(text))


def numbers(found: Iterable[Figure]) -> frozenset[float | str]:
    """Give the values, those of labels as numbers, too: a number behind a word may count something else."""
    values = [figure.value for figure in found]
    told = [int(one[:LONGEST]) for one in values if isinstance(one, str) and one.isdecimal()]
    return frozenset([*values, *told])


def moved(found: list[Figure], offset: int) -> list[Figure]:
    """Give figures of a part of a text their places in the whole one."""
    return [
        one
        if one.stop and not offset
        else one._replace(start=one.start + offset, end=one.end + offset, stop=(one.stop or one.end) + offset)
        for one in found
    ]


def ranged(text: str, found: list[Figure], to: re.Pattern[str], beside: re.Pattern[str]) -> list[Figure]:
    """Give both ends of a range what only the last one says: "9–18 Uhr", "five to seven days"."""
    for i in reversed(range(len(found) - 1)):
        one, other = found[i], found[i + 1]
        gap = text[one.end : other.start]
        # What leads up to a time may be just what stands between the ends: "das 8h *às* 19h".
        led = to.match(text, one.end) if gap == " " else None
        is_range = len(gap) <= 12 and bool(
            _RANGE.fullmatch(gap) or to.fullmatch(gap) or (led and led.end() > other.start)
        )
        if not is_range and not (len(gap) <= 12 and beside.fullmatch(gap)):
            continue
        bare = one.kind == NUMBER or (is_range and one.kind.startswith((NOUN, LABEL)) and _rises(one, other))
        if bare and isinstance(one.value, str) and one.value.isdecimal():
            one = one._replace(value=int(one.value[:LONGEST]))
        if bare and other.kind not in (WEEKDAY, DATE, PHONE) and not isinstance(one.value, str):
            value = one.value * 60 if other.kind == TIME else one.value
            one = one._replace(kind=other.kind, value=value)
        elif other.kind == NUMBER and one.kind == TIME and not isinstance(other.value, str):
            other = other._replace(kind=TIME, value=other.value * 60)
        if one.kind == other.kind and is_range:
            one, other = one._replace(is_range=True), other._replace(is_range=True)
        found[i], found[i + 1] = one, other
    return found


def _rises(one: Figure, other: Figure) -> bool:
    """Tell whether both may be ends of a range: no price goes from "120 Go" to "à 15,90 €"."""
    if isinstance(one.value, str) or isinstance(other.value, str):
        return True
    return one.value <= other.value


def joined(
    text: str, found: list[Figure], currencies: Container[str], joins: re.Pattern[str]
) -> list[Figure]:
    """Put an hour or a price and what stands right behind it together: "dix heures quinze"."""
    out: list[Figure] = []
    for one in found:
        last = out[-1] if out else None
        if last is not None and _is_minutes(text, last, one):
            minutes = float(last.value) * (60 if last.kind == "hour" else 1) + float(one.value)
            out[-1] = Figure(TIME, minutes, last.start, one.end, stop=one.end)
        elif last is not None and _is_longer(text, last, one, joins):
            minutes = float(last.value) * 60 + float(one.value)
            out[-1] = Figure("minute", minutes, last.start, one.end, stop=one.end)
        elif last is not None and last.kind in currencies and _is_cents(text, last, one, joins):
            value, end = float(last.value) + float(one.value) / 100, one.stop or one.end
            out[-1] = Figure(last.kind, value, last.start, end, stop=end)
        elif last is not None and last.kind in currencies and _is_change(text, last, one, joins):
            value = float(last.value) + float(one.value)
            out[-1] = Figure(last.kind, value, last.start, one.end, stop=one.end)
        else:
            out.append(one)
    return out


def _is_minutes(text: str, hour: Figure, one: Figure) -> bool:
    if hour.kind not in ("hour", TIME) or isinstance(hour.value, str) or not _is_rest(text, hour, one):
        return False
    return float(one.value) < 60 and (hour.value <= 24 if hour.kind == "hour" else hour.value % 60 == 0)


def _is_longer(text: str, hours: Figure, one: Figure, joins: re.Pattern[str]) -> bool:
    """Tell whether minutes go on with hours: "an hour and five minutes"."""
    if hours.kind != "hour" or one.kind != "minute" or isinstance(one.value, str):
        return False
    return one.value < 60 and joins.fullmatch(text, hours.end, one.start) is not None


def _is_change(text: str, whole: Figure, one: Figure, joins: re.Pattern[str]) -> bool:
    """Tell whether parts of a currency follow whole ones: "six pounds and forty pence"."""
    if one.kind != whole.kind or isinstance(whole.value, str) or isinstance(one.value, str):
        return False
    return (
        whole.value == int(whole.value)
        and 0 < one.value < 1
        and bool(joins.fullmatch(text, whole.end, one.start))
    )


def _is_cents(text: str, whole: Figure, one: Figure, joins: re.Pattern[str]) -> bool:
    """Tell whether a bare number behind a price are its parts: "15 euro e cinquanta"."""
    if _is_rest(text, whole, one):
        return True
    is_joined = one.kind == NUMBER and joins.fullmatch(text, whole.end, one.start) is not None
    is_whole = not isinstance(whole.value, str) and whole.value == int(whole.value)
    return is_joined and is_whole and not isinstance(one.value, str) and 10 <= one.value < 100


def _is_rest(text: str, whole: Figure, one: Figure) -> bool:
    """Tell whether a number without a unit of its own stands right behind a whole one."""
    if text[whole.end : one.start] != " " or isinstance(whole.value, str) or whole.value != int(whole.value):
        return False
    bare = one.kind == NUMBER or (one.kind.startswith(LABEL) and str(one.value).isdecimal())
    # In "vingt-deux euros quatre-vingt-dix font" the next word is none that is counted.
    bare = bare or (one.kind.startswith(NOUN) and whole.kind not in ("hour", TIME) and float(one.value) >= 10)
    return bare and 0 < float(one.value) < 100
