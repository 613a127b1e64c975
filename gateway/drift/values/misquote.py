"""A figure of an answer misquotes the stored one in whose place it is said."""

from collections.abc import Iterable
from itertools import pairwise

from gateway.drift import emergency
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.figures import (
    LABEL,
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
from gateway.drift.values.ledger import NONE, Ledger
from gateway.drift.values.stated import Stated

_MEANT = 0.9
"""The shared words, a telling one counts 1, from which on a sentence is about what a figure belongs to."""
_BARE = 1.5
"""The same of a number without a unit."""
_ASKED = 0.8
"""So much counts a word that only the question has."""
_NEAR = 90
"""Characters before a figure that say what it is about."""
_DENIED = 24
_SURE, _LIKELY, _MAYBE = 0.9, 0.75, 0.6
_DAY = 1440
"""Minutes."""
_ALIKE = {one: pair for pair in (("day", "week"), ("minute", "hour")) for one in pair}
"""Units in which the same stretch of time is told."""


def weigh(ledger: Ledger, evidence: Evidence, heard: Heard) -> None:
    """Add what the figures of an answer say: what is stored anywhere acquits, then its field accuses."""
    for figure in heard.figures:
        if figure.kind == NUMBER:
            _weigh_bare(ledger, evidence, figure, heard)
            continue
        held = ledger.held(figure)
        if not held:
            continue
        if figure.kind == WEEKDAY and ledger.opening.is_off(figure, heard):
            span = (figure.start, figure.end)
            evidence.accuse("figure", "number-clash", _LIKELY, span, held[0].called)
        elif ledger.knows(figure):
            evidence.support("figure_same", 1.0, held[0].basis)
        elif not _excused(ledger, figure, heard) and not _is_help(figure, held):
            # What is said right beside it is not what it stands in place of.
            left = [one for one in held if not _is_said(one.figure, figure, heard.figures)]
            strength, stated = _accused(ledger, evidence, figure, left, heard) if left else (0.0, held[0])
            if strength:
                span = (figure.start, figure.end)
                evidence.accuse("figure", "number-clash", strength, span, stated.called)


def _weigh_bare(ledger: Ledger, evidence: Evidence, figure: Figure, heard: Heard) -> None:
    """Hold a number without a unit against amounts of money: "forty a day plus expenses"."""
    if not ledger.amounts or ledger.holds(figure) or _is_spoken(ledger, figure, heard):
        return
    near, _ = _context(ledger, figure, heard)
    for one in ledger.amounts:
        weights = ledger.weights[one.figure.kind]
        if sum([weights[key] for key in one.keys & near]) >= _BARE and not _excused(ledger, figure, heard):
            span = (figure.start, figure.end)
            evidence.accuse("figure", "number-clash", _LIKELY, span, one.called)
            return


def _is_spoken(ledger: Ledger, figure: Figure, heard: Heard) -> bool:
    """Tell whether it is part of a price in two numbers that is stored: "one ninety"."""
    prices = {one.figure.value for one in ledger.amounts}
    for one, other in pairwise(heard.figures):
        if figure not in (one, other) or heard.text[one.end : other.start] not in (" ", "-"):
            continue
        if isinstance(one.value, str) or isinstance(other.value, str) or other.value >= 100:
            continue
        if round(one.value + other.value / 100, 2) in prices:
            return True
    return False


def _excused(ledger: Ledger, figure: Figure, heard: Heard) -> bool:
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
    if figure.kind == TIME and ledger.opening.is_within(figure, heard):
        return True
    return ledger.follows(figure, heard.figures, heard.asked_figures, heard.asked_stems)


def _accused(
    ledger: Ledger, evidence: Evidence, figure: Figure, held: list[Stated], heard: Heard
) -> tuple[float, Stated]:
    """Say how sure it is that another figure is stored of what this one is said of."""
    near, question = _context(ledger, figure, heard)
    best, stated = 0.0, held[0]
    for one in held:
        weights = ledger.weights[one.figure.kind]
        shared = sum([weights[key] for key in one.keys & near])
        shared += _ASKED * sum([weights[key] for key in (one.keys & question) - near])
        if shared > best:
            best, stated = shared, one
    if figure.kind == WEEKDAY and (any(one.figure.is_range for one in held) or _has_day(ledger, heard)):
        # The other days may be named as those on which nobody is there.
        return 0.0, stated
    if best >= _MEANT:
        return _SURE, stated
    if figure.kind in (TIME, WEEKDAY) and _asks_hours(ledger, figure, heard):
        return _LIKELY, stated
    if figure.kind == PHONE or best >= _MEANT * 0.6:
        return _LIKELY if figure.kind != YEAR else 0.0, stated
    if figure.kind.startswith(LABEL):
        return _MAYBE, stated
    if _is_only(ledger, figure, held):
        if evidence.facts.lexicon.patterns["count"].search(heard.asked):
            return _LIKELY, stated
        if figure.kind.startswith(NOUN):
            return _MAYBE, stated
    return 0.0, stated


def _is_only(ledger: Ledger, figure: Figure, held: list[Stated]) -> bool:
    """Tell whether but one value of this kind is stored, or one stretch of time of about this length."""
    alike = [one.figure for one in held if one.figure.kind in _ALIKE.get(figure.kind, (figure.kind,))]
    values = {one.length or one.value for one in alike}
    acquitted = ledger.values.get(figure.kind, NONE) - {one.value for one in alike}
    return len(values) == 1 and not acquitted


def _has_day(ledger: Ledger, heard: Heard) -> bool:
    """Tell whether the answer names a day that is stored, beside which another one replaces nothing."""
    return any(one.kind == WEEKDAY and one.value in ledger.values[WEEKDAY] for one in heard.figures)


def _asks_hours(ledger: Ledger, figure: Figure, heard: Heard) -> bool:
    pattern = ledger.reader.hours
    start = max(0, figure.start - 40)
    near = heard.lower[start : figure.end + 12]
    return pattern.search(heard.asked) is not None and pattern.search(near) is not None


def _context(ledger: Ledger, figure: Figure, heard: Heard) -> tuple[set[str], frozenset[str]]:
    """Give the content words around a figure, and those of the question."""
    start, end = sentence_of(heard.lower, figure)
    low, high = max(start, figure.start - _NEAR), min(end, figure.end + _NEAR // 2)
    inside = {s for s, a, _ in heard.stems if low <= a < high and not (figure.start <= a < figure.end)}
    inside.update(glyph for glyph in ledger.glyphs if glyph in heard.text[low:high])
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
