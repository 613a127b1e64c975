"""A reckoning tells whether a figure follows from what is stored and what both texts say."""

from collections.abc import Iterable, Sequence, Set

from gateway.drift.values import sums
from gateway.drift.values.figures import DATE, NUMBER, PERCENT, TIME, WEEKDAY, YEAR, Figure, with_unit
from gateway.drift.values.ledger import Ledger

_SUMMED = 8
"""Figures that are added up."""
_FEW, _LIFE = 4, 120
"""Years that are too few to be reckoned, and as many as a life has at most."""
_UNSUMMED = frozenset({TIME, YEAR, DATE, WEEKDAY})
"""Kinds of which nothing is added up."""


def follows(
    ledger: Ledger,
    figure: Figure,
    said: Iterable[Figure],
    asked: Iterable[Figure],
    named: frozenset[str],
    shares: Set[float],
) -> bool:
    """Tell whether it follows from stored ones and what is counted or `named`: three at eight euros.

    What follows so may be counted on: so much a month is so much a year. `shares` are percentages that
    either text names as fractions.
    """
    said, asked = [one for one in said if one.start != figure.start], list(asked)

    def comes(one: Figure) -> bool:
        return _comes_of(ledger, one, said, asked, named, shares)

    if any(map(comes, _priced(ledger, figure, said))):
        return True
    if figure.kind == NUMBER and _is_factor(ledger, figure, said, shares):
        return True
    if _is_below(ledger, figure) or comes(figure):
        return True
    if isinstance(figure.value, str) or figure.kind in _UNSUMMED:
        return False
    if figure.length is not None and any(one.length == figure.length and comes(one) for one in said):
        return True
    others = _alike(figure, said)[:_SUMMED]
    derived = _values(one for one in others if not ledger.knows(one) and comes(one))
    right = derived | _values(one for one in others if ledger.knows(one))
    return bool(right) and _is_reckoned(ledger, figure, said, asked, derived, right)


def _is_below(ledger: Ledger, figure: Figure) -> bool:
    """Tell whether it is an age below one up to which something holds: "free up to twelve"."""
    return figure.kind == "year" and any(
        float(figure.value) <= float(one.figure.value) and ledger.reader.bound.search(one.source.lower())
        for one in ledger.by_kind["year"]
    )


def _is_reckoned(
    ledger: Ledger,
    figure: Figure,
    said: Sequence[Figure],
    asked: Sequence[Figure],
    derived: Set[float],
    right: Set[float],
) -> bool:
    """Tell whether it follows from right values beside it, of which some are derived from stored ones."""
    value = float(figure.value)
    others = _values([*_alike(figure, said)[:_SUMMED], *_alike(figure, asked)])
    # "£2.20, thirty pence more than the others"
    is_price = figure.kind in ledger.reader.currencies
    priced = _values(one for one in said if is_price and one.kind == figure.kind) & right
    counts = sums.counted(said) | sums.counted(asked)
    return (
        sums.follows_from(value, right, counts)
        or sums.is_difference(value, right, others)
        or sums.is_difference(value, derived | priced, ledger.numbers_of(figure.kind))
    )


def _priced(ledger: Ledger, figure: Figure, said: Iterable[Figure]) -> list[Figure]:
    """Give a number without a unit as the prices that it may be: "two of them are thirty-six".

    One that could be a year is a price only beside another: "1428 lira, and 1788 for two".
    """
    if figure.kind not in (NUMBER, YEAR):
        return []
    kinds = {one.figure.kind for one in ledger.amounts}
    if figure.kind == YEAR:
        kinds &= {one.kind for one in said}
    return [figure._replace(kind=kind) for kind in sorted(kinds)]


def _is_factor(ledger: Ledger, figure: Figure, said: Iterable[Figure], shares: Set[float]) -> bool:
    """Tell whether a price beside it is a stored one so many times, and a named fraction more."""
    factors = sums.mixed(sums.counted([figure]), shares)
    prices = ((one.figure.kind, float(one.figure.value) * k) for one in ledger.amounts for k in factors)
    told = {(one.kind, round(float(one.value), 2)) for one in said if one.kind in ledger.reader.currencies}
    return any((kind, round(price, 2)) in told for kind, price in prices)


def _comes_of(
    ledger: Ledger,
    figure: Figure,
    said: Sequence[Figure],
    asked: Sequence[Figure],
    named: frozenset[str],
    shares: Set[float],
) -> bool:
    """Tell whether it follows from stored ones alone."""
    value = figure.value
    if isinstance(value, str):
        return False
    values = ledger.numbers_of(figure.kind)
    if figure.length is not None:
        # "Three runs a week" counts no weeks.
        values.discard(1)
    if figure.kind == TIME:
        lengths = [seconds / 60 for unit, seconds in ledger.lengths if unit == "s"]
        return any(value + length in values or value - length in values for length in lengths)
    if figure.kind in (YEAR, "year") and _is_in_years(ledger, figure, said, asked):
        return True
    if figure.kind in _UNSUMMED:
        return False
    ranged = [one.figure.value for one in ledger.by_kind.get(figure.kind, ()) if one.figure.is_range]
    if ranged and min(ranged) <= value <= max(ranged):  # type: ignore[operator]
        return True
    if sums.follows(float(value), _terms(ledger, figure, values, said, asked, shares)):
        return True
    wanted = [one for one in ledger.by_kind.get(figure.kind, ()) if one.keys & named]
    priced = [(float(one.figure.value), one.keys) for one in wanted if not isinstance(one.figure.value, str)]
    return sums.is_sum_of_named(float(value), priced[:_SUMMED], named)


def _terms(
    ledger: Ledger,
    figure: Figure,
    values: Set[float],
    said: Sequence[Figure],
    asked: Sequence[Figure],
    shares: Set[float],
) -> sums.Terms:
    """Give what a figure may be reckoned from; `values` are the stored ones of its kind."""
    asked_counts = sums.counted(asked)
    return sums.Terms(
        values,
        ledger.numbers,
        ledger.numbers_of(PERCENT),
        shares | {float(one.value) for one in asked if one.kind == PERCENT},
        _values(_alike(figure, said)),
        _values(_alike(figure, asked)),
        sums.counted(said) | asked_counts,
        asked_counts,
    )


def _is_in_years(ledger: Ledger, figure: Figure, said: Sequence[Figure], asked: Sequence[Figure]) -> bool:
    """Tell whether it is a year so many years from another one, or as many years as lie between two.

    A birthday may lie between them.
    """
    value = float(figure.value)
    others = [*said, *asked]
    told = _values(one for one in others if one.kind == YEAR)
    years = told | ledger.numbers_of(YEAR)
    if figure.kind != YEAR:
        return value > _FEW and any(abs(abs(a - b) - value) <= 1 for a in years for b in years)
    counts = {n for n in sums.counted(others) | ledger.numbers_of("year") if _FEW < n <= _LIFE}
    return any(abs(abs(year - value) - n) <= 1 for year in years for n in counts)


def _alike(figure: Figure, others: Iterable[Figure]) -> list[Figure]:
    """Give the other figures of its kind, and numbers without a unit, which are of that kind beside it.

    "Three at £11 is thirty-three."
    """
    told = (one if one.kind == figure.kind else with_unit(one, figure.kind) for one in others)
    return [one for one in told if one is not None and not isinstance(one.value, str)]


def _values(figures: Iterable[Figure]) -> set[float]:
    return {float(one.value) for one in figures if not isinstance(one.value, str)}
