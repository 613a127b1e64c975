"""A figure of an answer misquotes the stored one in whose place it is said."""

from collections.abc import Iterable

from gateway.drift import emergency
from gateway.drift.values.aside import TOUCHED
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.excuse import is_classified, is_excused
from gateway.drift.values.figures import (
    LABEL,
    NOUN,
    NUMBER,
    PHONE,
    TIME,
    UNCOUNTED,
    WEEKDAY,
    YEAR,
    Figure,
    sentence_of,
    with_unit,
)
from gateway.drift.values.heard import Heard
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
_FIRST = 60
"""Characters of an answer in which the number stands that it was asked for."""
_SOON = 90
"""The same of a day of the week."""
_SURE, _LIKELY = 0.9, 0.75
_ALIKE = {one: pair for pair in (("day", "week"), ("minute", "hour")) for one in pair}
"""Units in which the same stretch of time is told."""


def weigh(ledger: Ledger, evidence: Evidence, heard: Heard) -> None:
    """Add what the figures of an answer say: what is stored anywhere acquits, then its field accuses."""
    _weigh_asked(ledger, evidence, heard)
    for figure in heard.figures:
        if figure.kind == NUMBER:
            _weigh_bare(ledger, evidence, figure, heard)
            continue
        held = [
            one for one in ledger.held(figure) if not (is_classified(one.figure) and one.figure.value == 1)
        ]
        if not held:
            continue
        if figure.kind == WEEKDAY and ledger.opening.is_off(figure, heard):
            span = (figure.start, figure.end)
            evidence.accuse("figure", "number-clash", _LIKELY, span, held[0].called)
        elif ledger.knows(figure):
            evidence.support("figure_same", 1.0, held[0].basis)
        elif not is_excused(ledger, evidence, figure, heard) and not _is_help(figure, held):
            # What is said right beside it is not what it stands in place of.
            left = [one for one in held if not _is_said(one.figure, figure, heard.figures)]
            strength, stated = _accused(ledger, evidence, figure, left, heard) if left else (0.0, held[0])
            if strength and not (figure.length and _is_told_so(ledger, figure, heard)):
                span = (figure.start, figure.end)
                evidence.accuse("figure", "number-clash", strength, span, stated.called)


def _weigh_asked(ledger: Ledger, evidence: Evidence, heard: Heard) -> None:
    """Hold the first number of an answer to "how many coats?" against the coats that are stored."""
    asked = [kind for stem in heard.asked_stems if (kind := NOUN + stem) in ledger.by_kind]
    if len(asked) != 1 or not evidence.asks_count:
        return
    held = ledger.by_kind[asked[0]]
    figure = next((one for one in heard.figures if not isinstance(one.value, str)), heard.figures[0])
    is_first = figure.start <= min(_FIRST, sentence_of(heard.text, heard.figures[0])[1])
    is_count = figure.kind == NUMBER or (figure.kind.startswith(NOUN) and figure.kind not in ledger.by_kind)
    if not is_first or not is_count or len({one.figure.value for one in held}) > 1:
        return
    meant = figure._replace(kind=asked[0])
    if not (ledger.holds(figure) or ledger.holds(meant) or is_excused(ledger, evidence, meant, heard)):
        span = (figure.start, figure.end)
        evidence.accuse("figure", "number-clash", _LIKELY, span, held[0].called)


def _weigh_bare(ledger: Ledger, evidence: Evidence, figure: Figure, heard: Heard) -> None:
    """Hold a number without a unit against amounts of money: "forty a day plus expenses"."""
    if not ledger.amounts or ledger.holds(figure) or ledger.is_spoken(figure, heard.text, heard.figures):
        return
    near, _ = _context(ledger, figure, heard)
    for one in ledger.amounts:
        weights = ledger.weights[one.figure.kind]
        if sum([weights[key] for key in one.keys & near]) >= _BARE and not is_excused(
            ledger, evidence, figure, heard
        ):
            span = (figure.start, figure.end)
            evidence.accuse("figure", "number-clash", _LIKELY, span, one.called)
            return


def _accused(
    ledger: Ledger, evidence: Evidence, figure: Figure, held: list[Stated], heard: Heard
) -> tuple[float, Stated]:
    """Say how sure it is that another figure is stored of what this one is said of."""
    near, question = _context(ledger, figure, heard)
    best, stated = 0.0, held[0]
    if figure.kind == WEEKDAY:
        # Opening says on which days somebody is there; what is on only some day may be on another one.
        held = [one for one in held if not ledger.opening.tells(one.figure)]
        if not held or _has_day(ledger, heard) or figure.start > _SOON:
            return 0.0, stated
    for one in held:
        weights = ledger.weights[one.figure.kind]
        shared = sum([weights[key] for key in one.keys & near])
        shared += _ASKED * sum([weights[key] for key in (one.keys & question) - near])
        if shared > best:
            best, stated = shared, one
    if figure.kind == YEAR and best < _BARE and not evidence.asks_date:
        # A sentence about anything may name some year of it.
        return (TOUCHED if best >= _MEANT else 0.0), stated
    if best >= _MEANT:
        return _SURE, stated
    if figure.length is not None and evidence.asks_price:
        # "Some day" and "in a week" answer no question for so many euros.
        return 0.0, stated
    if figure.kind in (TIME, WEEKDAY) and _asks_hours(ledger, figure, heard):
        return _LIKELY, stated
    if figure.kind == PHONE or best >= _MEANT * 0.6:
        return _LIKELY, stated
    if figure.kind.startswith(LABEL):
        return TOUCHED, stated
    if _is_asked(ledger, figure, heard, asks_count=evidence.asks_count):
        return _LIKELY, stated
    if figure.length is not None and _asks_length(evidence, figure, heard):
        return _LIKELY, stated
    if _is_only(ledger, figure, held):
        if evidence.asks_count:
            return _LIKELY, stated
        if figure.kind.startswith(NOUN) and not is_classified(figure):
            # It may be some others of the same kind, which is worth a look.
            return TOUCHED, stated
    return 0.0, stated


def _is_asked(ledger: Ledger, figure: Figure, heard: Heard, *, asks_count: bool) -> bool:
    """Tell whether it is the answer to how much or how many it is: the first figure, where that was asked.

    Whoever names a price with a question mark asks for the right one: "A hundred pounds?"
    """
    if figure.kind in UNCOUNTED or figure.kind == YEAR:
        return False
    if any(one.start < figure.start for one in heard.figures):
        return False
    is_price = figure.kind in ledger.reader.currencies and heard.asked.rstrip()[-1:] in ("?", "？")
    return asks_count or (is_price and any(one.kind == figure.kind for one in heard.asked_figures))


def _asks_length(evidence: Evidence, figure: Figure, heard: Heard) -> bool:
    """Tell whether an answer begins with how long something takes, to whoever asks for that."""
    currencies = evidence.facts.lexicon.reader.currencies
    end = sentence_of(heard.text, heard.figures[0])[1]
    prices = (one.start < end and one.kind in currencies for one in heard.figures)
    if figure.start > min(_FIRST, end) or any(prices):
        # "Twelve months come to £90" says what they cost.
        return False
    return (evidence.asks_count or evidence.asks_date) and not heard.asked_figures


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


def _is_told_so(ledger: Ledger, figure: Figure, heard: Heard) -> bool:
    """Tell whether the same number is stored of the same thing, counted otherwise: four runs, four days."""
    near, _ = _context(ledger, figure, heard)
    return any(
        one.figure.value == figure.value and one.figure.kind.startswith(NOUN) and one.keys & near
        for one in ledger.stated
    )


def _context(ledger: Ledger, figure: Figure, heard: Heard) -> tuple[set[str], frozenset[str]]:
    """Give the content words around a figure, and those of the question."""
    start, end = sentence_of(heard.lower, figure)
    low, high = max(start, figure.start - _NEAR), min(end, figure.end + _NEAR // 2)
    inside = {s for s, a, _ in heard.stems if low <= a < high and not (figure.start <= a < figure.end)}
    inside.update(glyph for glyph in ledger.glyphs if glyph in heard.text[low:high])
    return inside, heard.asked_stems


def _is_help(figure: Figure, held: Iterable[Stated]) -> bool:
    """Tell whether a number calls for help, and so do those that are stored of its kind, if any."""
    value = str(figure.value)
    return value in emergency.NUMBERS and all(str(one.figure.value) in emergency.NUMBERS for one in held)


def _is_said(stated: Figure, figure: Figure, said: Iterable[Figure]) -> bool:
    """Tell whether the stored figure is said, too, so that the other one does not stand in its place."""
    return any(
        one.start != figure.start
        and (
            (one.kind == stated.kind and one.value == stated.value)
            or ((meant := with_unit(one, stated.kind)) is not None and meant.value == stated.value)
            or (one.length or 0) == stated.length
            or (stated.kind == "hour" and one.kind == TIME and one.value == 60 * float(stated.value))
        )
        for one in said
    )
