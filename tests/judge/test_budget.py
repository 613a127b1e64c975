"""Judging has a budget for each hour, and some are judged before others."""

import asyncio

import pytest

from gateway.judge.budget import HOUR, Budget
from gateway.judge.docket import Docket, Rank
from gateway.judge.stakes import Stakes

NOTHING = Stakes(0.0, ())


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_calls_of_any_hour_are_limited_and_half_of_them_are_for_risky_turns() -> None:
    clock = Clock()
    budget = Budget(4, None, clock)
    assert [budget.reserve(0, is_risky=False) is not None for _ in range(3)] == [True, True, False]
    clock.now = HOUR / 2
    assert [budget.reserve(0, is_risky=True) is not None for _ in range(3)] == [True, True, False]
    clock.now = HOUR
    assert [budget.reserve(0, is_risky=True) is not None for _ in range(3)] == [True, True, False]
    clock.now = 1.5 * HOUR
    assert budget.reserve(0, is_risky=False) is None
    assert budget.reserve(0, is_risky=True) is not None


def test_dollars_are_set_aside_before_they_are_spent_and_settled_after() -> None:
    clock = Clock()
    budget = Budget(None, 1.0, clock)
    first = budget.reserve(0.6, is_risky=True)
    assert first is not None
    assert budget.reserve(0.6, is_risky=True) is None
    budget.settle(first, 0.3)
    second = budget.reserve(0.6, is_risky=True)
    assert second is not None
    assert budget.reserve(0.2, is_risky=True) is None
    clock.now = HOUR
    assert budget.reserve(1.0, is_risky=True) is not None
    budget.settle(second, 99.0)
    clock.now = 2 * HOUR
    assert budget.reserve(1.0, is_risky=True) is not None


def test_without_limits_everything_is_affordable() -> None:
    budget = Budget(None, None)
    assert all(budget.reserve(1e6, is_risky=False) for _ in range(1000))


async def test_the_most_telling_comes_first_then_the_cheapest_then_the_oldest() -> None:
    docket: Docket[str] = Docket(10)
    for name, order, level, size in [
        ("sample", 3, 0, 1),
        ("flagged", 2, 0, 1),
        ("large", 0, -4, 900),
        ("small", 0, -4, 100),
        ("later", 0, -4, 100),
        ("riskiest", 0, -9, 5000),
    ]:
        assert await docket.put(Rank(order, level, size, NOTHING), name) is None
    found = [(await docket.take())[1] for _ in range(len(docket))]
    assert found == ["riskiest", "small", "later", "large", "flagged", "sample"]


async def test_of_too_many_the_least_telling_falls_out() -> None:
    docket: Docket[str] = Docket(2)
    for order, name in enumerate(["first", "second"]):
        await docket.put(Rank(order, 0, 1, NOTHING), name)
    assert await docket.put(Rank(0, 0, 1, NOTHING), "third") == "second"
    assert await docket.put(Rank(3, 0, 1, NOTHING), "fourth") == "fourth"
    assert len(docket) == 2


async def test_who_waits_gets_the_next_one() -> None:
    docket: Docket[str] = Docket(2)
    waiting = asyncio.create_task(docket.take())
    await asyncio.sleep(0)
    await docket.put(Rank(0, 0, 1, NOTHING), "only")
    assert (await asyncio.wait_for(waiting, 5))[1] == "only"


@pytest.mark.parametrize("calls", [1, 3])
def test_a_small_budget_is_for_risky_turns_alone(calls: int) -> None:
    budget = Budget(calls, None)
    assert (budget.reserve(0, is_risky=False) is None) == (calls == 1)
    assert budget.reserve(0, is_risky=True) is not None
