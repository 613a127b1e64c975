"""A figure is excused where it is the user's, is denied, follows from others or counts nothing."""

from collections.abc import Iterable
from itertools import pairwise

from gateway.drift.values import reckoning
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.figures import (
    NOUN,
    PHONE,
    SECONDS,
    TIME,
    WEEKDAY,
    Figure,
    numbers,
)
from gateway.drift.values.heard import STOPS, Heard
from gateway.drift.values.ledger import NONE, Ledger

_DENIED = 24
"""Characters before a figure in which its denial stands."""
_DAY, _WEEK = 1440, 7
"""Minutes of a day, and days."""


def is_excused(ledger: Ledger, evidence: Evidence, figure: Figure, heard: Heard) -> bool:
    """Tell whether the figure is the user's, denied, asked, within a range, or follows from others."""
    value = figure.value
    if figure.kind == PHONE and str(value) in "".join(filter(str.isdecimal, heard.earlier)):
        return True
    theirs = numbers(heard.asked_figures)
    if is_classified(figure) and value == 1:
        # "一间" is any one of them.
        return True
    if _is_idle(figure, heard) or _between(figure, (*heard.figures, *heard.asked_figures)):
        return True
    if figure.length is not None and _is_theirs(figure, heard.asked_figures):
        return True
    if value in theirs:
        return True
    if figure.kind == TIME and not theirs.isdisjoint(_hours(float(value))):
        return True
    if any(figure.start - _DENIED <= at <= figure.start for at in heard.denied):
        return True
    if figure.kind == TIME and (ledger.opening.is_within(figure, heard) or _is_inside(ledger, figure, heard)):
        return True
    if figure.kind == TIME and f"{float(figure.value) % 60:g}" in ledger.minutes:
        return True
    if _is_until(ledger, figure, heard.asked_figures) or _is_day_beside(ledger, figure, heard.asked_figures):
        return True
    return reckoning.follows(
        ledger, figure, heard.figures, heard.asked_figures, heard.asked_stems, evidence.shares
    )


def _is_theirs(figure: Figure, asked: Iterable[Figure]) -> bool:
    """Tell whether the user has said the same stretch of time in other words: a month is four weeks."""
    told = {one.length for one in asked}
    weeks = {("s", k * 28 * SECONDS["day"]) for unit, k in filter(None, told) if unit == "m"}
    return figure.length in told or figure.length in weeks


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


def _hours(minutes: float) -> set[float]:
    """Give a time of day as the user may have said it: 16:00 is four, and in the afternoon."""
    return {minutes / 60, minutes + _DAY / 2, minutes - _DAY / 2, minutes / 60 + 12, minutes / 60 - 12}


def _is_inside(ledger: Ledger, figure: Figure, heard: Heard) -> bool:
    """Tell whether it lies between two right times that are said right before it."""
    pairs = [(one, other) for one, other in pairwise(heard.figures) if one.kind == other.kind == TIME]
    return any(
        one.is_range
        and other.is_range
        and other.end < figure.start
        and ledger.holds(one)
        and ledger.holds(other)
        for one, other in pairs
        if float(one.value) <= float(figure.value) <= float(other.value)
    )


def _is_until(ledger: Ledger, figure: Figure, asked: Iterable[Figure]) -> bool:
    """Tell whether so many hours lie between a time of the user's and a stored one of any day."""
    if figure.kind != "hour" or isinstance(figure.value, str):
        return False
    since = [float(one.value) for one in asked if one.kind == TIME and not isinstance(one.value, str)]
    until = [float(value) for value in ledger.values.get(TIME, NONE) if not isinstance(value, str)]
    return any((b - a - 60 * figure.value) % (_DAY / 2) == 0 for a in since for b in until)


def _is_day_beside(ledger: Ledger, figure: Figure, asked: Iterable[Figure]) -> bool:
    """Tell whether it is the day before or after the user's, or so many days from it as are stored."""
    if figure.kind != WEEKDAY or isinstance(figure.value, str):
        return False
    told = [float(one.value) for one in asked if one.kind == WEEKDAY and not isinstance(one.value, str)]
    away = {1.0, *(float(days) for days in ledger.values.get("day", NONE) if not isinstance(days, str))}
    apart = {(figure.value - one) % _WEEK for one in told}
    return any(days % _WEEK in apart or -days % _WEEK in apart for days in away)


def is_classified(figure: Figure) -> bool:
    """Tell whether a letter behind the number only says of what kind the things are: 二回, 一枚."""
    noun = figure.kind.removeprefix(NOUN)
    return figure.kind.startswith(NOUN) and len(noun) == 1 and noun > "\u2e80"
