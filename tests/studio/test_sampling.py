"""Attributes are drawn by quotas and under constraints, and the same seed draws the same ones."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.studio import sampling
from gateway.studio.crowd import Member
from gateway.studio.marginals import OTHER, measure
from gateway.studio.sampling import SamplingError, draw, quotas
from tests.studio.crowds import plan


def test_quotas_are_kept_by_the_largest_remainder() -> None:
    assert quotas({"a": 0.5, "b": 0.3, "c": 0.2}, 10) == {"a": 5, "b": 3, "c": 2}
    assert quotas({"a": 0.5, "b": 0.26, "c": 0.24}, 3) == {"a": 1, "b": 1, "c": 1}


@given(st.lists(st.floats(0.01, 9), min_size=1, max_size=9), st.integers(0, 200))
def test_quotas_add_up_and_stay_within_one_of_their_share(weights: list[float], count: int) -> None:
    shares = {str(at): weight / sum(weights) for at, weight in enumerate(weights)}
    given_ = quotas(shares, count)
    assert sum(given_.values()) == count
    assert all(abs(given_[name] - share * count) < 1 + 1e-6 for name, share in shares.items())


def test_a_population_keeps_quotas_and_constraints_and_follows_from_its_seed() -> None:
    people = draw(plan(), 200, 7)
    assert people == draw(plan(), 200, 7) != draw(plan(), 200, 8)
    assert Counter(each["skill"] for each in people) == {"low": 40, "medium": 100, "high": 60}
    for each in people:
        age = int(each["age"])
        assert 18 <= age <= 67
        assert each["role"] != "retired" or age >= 60
        assert not (each["role"] == "student" and age > 40)


def test_normal_numbers_gather_around_their_mean() -> None:
    normal = {
        "name": "height",
        "type": "number",
        "distribution": {"min": 140, "max": 210, "mean": 170, "sd": 8},
    }
    drawn = [float(each["height"]) for each in draw(plan(fields=[normal], constraints=[]), 200, 1)]
    assert abs(sum(drawn) / 200 - 170) < 2
    assert sum(162 <= each <= 178 for each in drawn) > 110


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("number", 20_000, 90_000),
        ("number", 1000.5, 1000.6),
        ("number", 1e12 - 1e7, 1e12),
        ("number", 0, 1e-9),
        ("integer", 1_000_000, 1_000_009),
        ("integer", 0.2, 1.8),
        ("integer", 10**12 - 1, 10**12),
        ("number", 5, 5),
    ],
)
def test_numbers_stay_within_their_bounds_and_bins(kind: str, low: float, high: float) -> None:
    field = {"name": "x", "type": kind, "distribution": {"min": low, "max": high}}
    made = plan(fields=[field], constraints=[])
    drawn = draw(made, 100, 1)
    assert all(low <= float(each["x"]) <= high for each in drawn)
    assert high < 1 or not any("e" in each["x"] for each in drawn)
    people = [
        Member(persona_id=str(at), fields=each, system_prompt="", markdown="")
        for at, each in enumerate(drawn)
    ]
    (found,) = measure(people, made)
    assert (found.passed, OTHER in found.observed) == (True, False)


def test_constraints_that_hardly_anybody_meets_are_looked_at_so_often_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = {"name": "n", "type": "integer", "distribution": {"min": 0, "max": 9999}}
    rare = plan(fields=[number], constraints=["n >= 0"] * 39 + ["n % 50 == 0"])
    assert all(int(each["n"]) % 50 == 0 for each in draw(rare, 20, 1))
    monkeypatch.setattr(sampling, "ASKED", 5000)
    with pytest.raises(SamplingError):
        draw(rare, 20, 1)


def test_constraints_that_nobody_can_meet_end_within_a_bound() -> None:
    with pytest.raises(SamplingError):
        draw(plan(constraints=["age > 100"]), 5, 1)
