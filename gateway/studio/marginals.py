"""A crowd is held against what its blueprint declares, field by field: the total variation distance.

The distance is half the sum of |observed - declared| over all values. A sample strays by chance alone: the
expected distance of n draws is about half the sum of sqrt(2 p (1 - p) / (pi n)), which is told beside it.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from gateway.studio.blueprint import Blueprint, Distribution, Field
from gateway.studio.crowd import Member
from gateway.studio.gates import Gate

BINS = 10
LEEWAY = 0.05
"""The distance that is never held against a crowd."""
TIMES = 2.5
"""The sampling error may be exceeded this often."""
OTHER = "(other)"


class Marginal(msgspec.Struct, frozen=True, kw_only=True):
    """Compares one field as it is declared with what it is."""

    field: str
    count: int
    """Personas that have a value there."""
    distance: float
    """The total variation distance, 0 to 1."""
    sampling_error: float
    """The distance that chance alone would give, on average."""
    tolerance: float
    passed: bool
    declared: dict[str, float]
    observed: dict[str, float]


def measure(members: Sequence[Member], blueprint: Blueprint) -> list[Marginal]:
    return [_of_field(members, field) for field in blueprint.sampled]


def gates(found: Sequence[Marginal]) -> list[Gate]:
    """Make one gate of all fields."""
    far = [each for each in found if not each.passed]
    told = ", ".join(
        f"`{each.field}` by {each.distance:.3f}, more than {each.tolerance:.3f}" for each in far[:10]
    )
    return [Gate(name="marginal_fidelity", passed=not far, detail=f"Strays: {told}." if far else "")]


def shares(field: Field) -> dict[str, float]:
    """Give what is declared: by value, or by bins of equal width where the field is a number."""
    spread = field.distribution
    assert spread is not None  # noqa: S101 - only fields that are sampled are measured
    if spread.weights:
        total = sum(spread.weights.values())
        return {value: weight / total for value, weight in spread.weights.items()}
    edges = bins(spread, field.type)
    if len(edges) == 1:
        return {_label(edges[0], edges[0]): 1.0}
    whole = _below(spread, edges[-1], edges) - _below(spread, edges[0], edges)
    return {
        _label(low, high): (_below(spread, high, edges) - _below(spread, low, edges)) / whole
        for low, high in pairwise(edges)
    }


def bins(spread: Distribution, kind: str) -> list[float]:
    """Give the edges of the bins; those of whole numbers stand between two of these."""
    low, high = float(spread.min or 0), float(spread.max or 0)
    if kind == "integer":
        low, high = math.ceil(low) - 0.5, math.floor(high) + 0.5
        count = min(BINS, round(high - low))
        steps = [round((high - low) * step / count) for step in range(count + 1)]
        return [low + step for step in steps]
    if low == high:
        return [low]
    return [low + (high - low) * step / BINS for step in range(BINS + 1)]


def label_of(value: float, edges: Sequence[float]) -> str | None:
    """Name the bin of a number; `None` where it is in none."""
    if len(edges) == 1:
        return _label(edges[0], edges[0]) if value == edges[0] else None
    for low, high in pairwise(edges):
        if low <= value < high or (high == edges[-1] and value == high):
            return _label(low, high)
    return None


def _below(spread: Distribution, edge: float, edges: Sequence[float]) -> float:
    if spread.mean is None or spread.sd is None:
        return (edge - edges[0]) / (edges[-1] - edges[0])
    found = 0.5 * (1 + math.erf((edge - spread.mean) / (spread.sd * math.sqrt(2))))
    # A normal one far from its own bounds leaves nothing between them; it is even then.
    reach = [
        0.5 * (1 + math.erf((end - spread.mean) / (spread.sd * math.sqrt(2))))
        for end in (edges[0], edges[-1])
    ]
    return found if reach[1] - reach[0] > 1e-9 else (edge - edges[0]) / (edges[-1] - edges[0])


def _of_field(members: Sequence[Member], field: Field) -> Marginal:
    declared, seen = shares(field), Counter[str]()
    spread = field.distribution
    assert spread is not None  # noqa: S101 - only fields that are sampled are measured
    names: Mapping[str, str] = {value.strip().casefold(): value for value in declared}
    edges = [] if spread.weights else bins(spread, field.type)
    for member in members:
        value = member.fields.get(field.name, "").strip()
        if value:
            seen[_place(value, names, edges)] += 1
    count = seen.total()
    observed = (
        {value: seen[value] / count for value in [*declared, OTHER] if seen[value] or value != OTHER}
        if count
        else {}
    )
    distance = sum(abs(observed.get(name, 0) - declared.get(name, 0)) for name in {*declared, *observed}) / 2
    error = sum(math.sqrt(2 * p * (1 - p) / (math.pi * max(count, 1))) for p in declared.values()) / 2
    tolerance = max(LEEWAY, TIMES * error)
    return Marginal(
        field=field.name,
        count=count,
        distance=round(distance, 4),
        sampling_error=round(error, 4),
        tolerance=round(tolerance, 4),
        passed=distance <= tolerance,
        declared={name: round(share, 4) for name, share in declared.items()},
        observed={name: round(share, 4) for name, share in observed.items()},
    )


def _place(value: str, names: Mapping[str, str], edges: Sequence[float]) -> str:
    if not edges:
        return names.get(value.casefold(), OTHER)
    try:
        return label_of(float(value), edges) or OTHER
    except ValueError:
        return OTHER


def _label(low: float, high: float) -> str:
    return f"{low:.15g} to {high:.15g}"
