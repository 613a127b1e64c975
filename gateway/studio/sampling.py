"""The attributes of a population are drawn here, and not by a model: by quotas, and under the constraints.

Each field gets as many of each value as its distribution says of the count, by the largest remainder; then
these are dealt out. Where a persona breaks a constraint, one of its values is exchanged with another
persona's, so that the quotas stay; what cannot be put right so within a bound is drawn anew by itself.
"""

import math
import random
from collections.abc import Mapping, Sequence
from itertools import pairwise

from gateway.studio import expression
from gateway.studio.blueprint import Blueprint, Distribution, Field
from gateway.studio.marginals import bins, shares
from gateway.studio.nodes import NotApplicableError

SWAPS = 300
"""Exchanges that are tried for each persona that breaks a constraint."""
DRAWS = 400
"""Draws of a persona by itself, after which no constraints can be met."""

ASKED = 500_000
"""Constraints that are looked at for one population: a minute or two of the dearest ones."""

Drawn = dict[str, str]


class SamplingError(Exception):
    """The constraints leave no room for what the distributions say."""


class _Rules:
    """The constraints of a blueprint, which are looked at so often at most."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._all = [expression.parse(each.expression) for each in blueprint.constraints]
        self._orders = blueprint.orders
        self._left = ASKED

    def hold(self, person: Drawn) -> bool:
        """Raises SamplingError where too much has been tried."""
        if self._left <= 0:
            raise SamplingError
        for rule in self._all:
            self._left -= 1
            try:
                if not rule(person, self._orders):
                    return False
            except NotApplicableError:
                # It asks for a field that the model has yet to write.
                continue
        return True


def draw(blueprint: Blueprint, count: int, seed: int) -> list[Drawn]:
    """Draw the attributes of so many personas; the same seed gives the same ones. Raises SamplingError."""
    dice = random.Random(seed)  # noqa: S311 - it has to be repeatable, and is no secret
    fields = blueprint.sampled
    columns = {field.name: _column(field, count, dice) for field in fields}
    people = [{name: column[at] for name, column in columns.items()} for at in range(count)]
    rules = _Rules(blueprint)
    for at in range(count):
        if not rules.hold(people[at]):
            _mend(people, at, fields, rules, dice)
    return people


def quotas(declared: Mapping[str, float], count: int) -> dict[str, int]:
    """Divide a count by shares, by the largest remainder; of equal ones the first gets it."""
    exact = {value: share * count for value, share in declared.items()}
    given = {value: math.floor(part + 1e-9) for value, part in exact.items()}
    left = count - sum(given.values())
    for value in sorted(exact, key=lambda value: given[value] - exact[value])[:left]:
        given[value] += 1
    return given


def _column(field: Field, count: int, dice: random.Random) -> list[str]:
    spread = field.distribution
    assert spread is not None  # noqa: S101 - only fields with one are drawn
    given = quotas(shares(field), count)
    if spread.weights:
        column = [value for value, number in given.items() for _ in range(number)]
    else:
        edges = bins(spread, field.type)
        low_high = list(pairwise(edges)) or [(edges[0], edges[0])]
        pairs = zip(low_high, given.values(), strict=True)
        column = [
            _within(low, high, field.type, dice) for (low, high), number in pairs for _ in range(number)
        ]
    dice.shuffle(column)
    return column


def _within(low: float, high: float, kind: str, dice: random.Random) -> str:
    if kind == "integer":
        return str(dice.randint(math.ceil(low), math.floor(high)))
    if low == high:
        return f"{low:.15g}"
    # Three digits tell the numbers of a bin apart; what they would put beyond it keeps all of its own.
    drawn = dice.uniform(low, high)
    rounded = round(drawn, max(0, 2 - math.floor(math.log10(high - low))))
    return f"{rounded if low <= rounded < high else drawn:.15g}"


def _mend(people: list[Drawn], at: int, fields: Sequence[Field], rules: _Rules, dice: random.Random) -> None:
    for _ in range(SWAPS):
        other, name = dice.randrange(len(people)), dice.choice(fields).name
        mine = {**people[at], name: people[other][name]}
        theirs = {**people[other], name: people[at][name]}
        # Whoever comes later is looked at later.
        if rules.hold(mine) and (other > at or rules.hold(theirs)):
            people[at], people[other] = mine, theirs
            return
    for _ in range(DRAWS):
        alone = {field.name: _one(field, dice) for field in fields}
        if rules.hold(alone):
            people[at] = alone
            return
    raise SamplingError


def _one(field: Field, dice: random.Random) -> str:
    spread: Distribution | None = field.distribution
    assert spread is not None  # noqa: S101 - only fields with one are drawn
    declared = shares(field)
    value = dice.choices([*declared], [*declared.values()])[0]
    if spread.weights:
        return value
    edges = bins(spread, field.type)
    place = [*declared].index(value)
    low, high = (edges[place], edges[place + 1]) if len(edges) > 1 else (edges[0], edges[0])
    return _within(low, high, field.type, dice)
