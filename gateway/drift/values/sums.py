"""A figure follows from stored ones by a multiple, a sum or what is left, and is then no other figure."""

from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import combinations, pairwise, permutations
from typing import NamedTuple

from gateway.drift.numerals import LONGEST
from gateway.drift.values.figures import LABEL, TIME, Figure

_MULTIPLES = 31
_SUMMED = 24
"""Stored values of one kind that sums are made of."""
_AGAIN = (2, 3)
"""So many times one part of a total may count without being said again."""
_PARTED = (2, 3, 4)
"""Something is told to be a half, a third or a quarter of what the user has said."""
_LARGE, _CENT = 24, 0.005
"""Large numbers, such as units that were used, that a stored price is multiplied with; half a hundredth."""
_PERIODS = frozenset({12.0})
"""So many months are a year, whether or not anybody says so."""
_DIGITS = 4
_PARTS = 6
"""Numbers of an answer that a total is looked for in."""


def counted(figures: Iterable[Figure]) -> set[float]:
    """Give what is counted; "две ночи" are two nights, and may be read as two at night."""
    found: set[float] = set()
    for one in figures:
        value = one.value
        if not isinstance(value, str):
            found.add(float(value) / 60 if one.kind == TIME else float(value))
        elif one.kind.startswith(LABEL) and (value := value.replace(",", "")).isdecimal():
            # In "the first 28, the seat 9" a word names what the number is the price of.
            found.add(float(value[:LONGEST]))
    return found


class Terms(NamedTuple):
    """What a value of one kind may be reckoned from."""

    stored: Set[float]
    """Stored values of its kind."""
    every: Set[float | str]
    """All that is stored, of whatever kind."""
    shares: Set[float]
    """Percentages that are stored."""
    told: Set[float]
    """Percentages that are named as fractions, or the user's."""
    said: Set[float]
    """What the answer says of its kind, or without a unit, beside the value itself."""
    asked: Set[float]
    """What the user says so."""
    counts: Set[float]
    """Numbers of whatever kind in both texts."""
    asked_counts: Set[float]
    """Those in the user's."""


def follows(value: float, terms: Terms) -> bool:
    """Tell whether a value follows from stored ones of its kind and what both texts say."""
    values, amounts = terms.stored, (terms.said | terms.asked) - {value}
    if any(abs(value - part) < _CENT for k in amounts if k > 1 for part in _shared(k, terms.shares)):
        return True
    if any(_is_about(value, part) for k in amounts | values if k > 1 for part in _shared(k, terms.told)):
        return True
    for k in terms.counts - {value}:
        # There and back is twice as much, and nobody says the number.
        if not 1 < k <= _MULTIPLES or k != int(k):
            continue
        each = {round(value / k, _DIGITS), round(value / k / 2, _DIGITS)}
        if not values.isdisjoint(each):
            return True
    if any(abs(one * k - value) < _CENT for k in mixed(terms.counts, terms.told) for one in values):
        return True
    if _is_product(value, values, terms.counts - {value}):
        return True
    if _is_total(value, terms.said, terms.every):
        return True
    if any(round(value - one, _DIGITS) in amounts and value != 2 * one for one in amounts if one in values):
        return True
    if any(round(abs(one - held), _DIGITS) == value for one in terms.asked - {value} for held in values):
        # So much is left: "two pounds more", to whoever has said thirty-eight.
        return True
    return _is_sum(value, values, terms.asked_counts)


def mixed(counts: Set[float], told: Set[float]) -> set[float]:
    """Give the numbers that have a fraction of those that are named: "three and a half times as much"."""
    some = {k for k in counts if 1 <= k <= _MULTIPLES}
    halves = {k for k in some if k != int(k) and 2 * k == int(2 * k)}
    return halves | {k + one / 100 for k in some - halves for one in told if one < 100}


def _shared(whole: float, shares: Set[float]) -> Iterator[float]:
    """Give each percentage of a whole, and the whole with it taken off or added."""
    for one in shares:
        part = whole * one / 100
        yield from (part, whole - part, whole + part)


def _is_about(value: float, reckoned: float) -> bool:
    """Tell whether a value is the reckoned one, or the same without its cents: "knapp 24 Euro"."""
    if abs(value - reckoned) < _CENT:
        return True
    return value == int(value) and reckoned != int(reckoned) and value > 1 and abs(value - reckoned) < 1


def _is_product(value: float, values: Set[float], numbers: Set[float]) -> bool:
    """Tell whether it is a stored value a year instead of a month, or times a large number that is said."""
    large = sorted(k for k in numbers if k > _MULTIPLES)[:_LARGE]
    return any(abs(one * k - value) < _CENT for k in (*_PERIODS, *large) for one in values)


def follows_from(value: float, others: Set[float], counts: Set[float]) -> bool:
    """Tell whether a value is another one so many times, or a part of it, or what several others come to.

    One of them may count twice or three times: "two adults are 700, and 150 for each child".
    """
    several = _several(counts | _PERIODS)
    if any(value in (round(one * k, _DIGITS), round(one / k, _DIGITS)) for one in others for k in several):
        return True
    some = sorted(others)[:_PARTS]
    if any(round(a + k * b, _DIGITS) == value for a, b in permutations(some, 2) for k in _AGAIN):
        return True
    return _come_to(value, some)


def is_difference(value: float, right: Set[float], others: Set[float]) -> bool:
    """Tell whether it is what is left between a right value and another one, both said beside it."""
    return any(_is_about(value, abs(one - other)) for one in right for other in others if one != other)


def _is_total(value: float, said: Set[float], every: Set[float | str]) -> bool:
    """Tell whether it is what several stored numbers come to that the answer adds up: 28, 45 and 9."""
    parts = [one for one in said if one in every and 0 < one < value]
    return len(parts) <= _PARTS and _come_to(value, parts)


def _come_to(value: float, parts: Sequence[float]) -> bool:
    """Tell whether two or more of these come to it."""
    return any(
        round(sum(some), _DIGITS) == value
        for many in range(2, len(parts) + 1)
        for some in combinations(parts, many)
    )


def _several(counts: Set[float]) -> set[float]:
    """Give those of the numbers by which something may be counted several times."""
    return {k for k in counts if 1 < k <= _MULTIPLES and k == int(k)}


def _is_sum(value: float, values: Set[float], counts: Set[float]) -> bool:
    """Tell whether it is a stored value and several of another one: a bed and two bowls of stew."""
    several = _several(counts)
    if not several or len(values) > _SUMMED:
        return False
    many = {round(one * k, _DIGITS) for one in values for k in several}
    return any(round(value - one, _DIGITS) in many for one in values | many)


def is_sum_of_named(value: float, priced: Sequence[tuple[float, Set[str]]], named: Set[str]) -> bool:
    """Tell whether it is what two or three things come to, each of which is named by a word of its own.

    `priced` are values with the words of what they belong to.
    """
    return any(
        round(sum(one for one, _ in some), _DIGITS) == value
        and _are_apart([keys & named for _, keys in some])
        for many in (2, 3)
        for some in combinations(priced, many)
    )


def _are_apart(words: Sequence[Set[str]]) -> bool:
    return all(one - {word for other in words if other is not one for word in other} for one in words)


def is_half_of(prices: Set[float | str], figure: Figure, text: str, said: Iterable[Figure]) -> bool:
    """Tell whether it and the one beside it are a price together."""
    for one, other in pairwise(said):
        if figure not in (one, other) or text[one.end : other.start] not in (" ", "-"):
            continue
        if isinstance(one.value, str) or isinstance(other.value, str) or other.value >= 100:
            continue
        if round(one.value + other.value / 100, 2) in prices:
            return True
    return False
