"""The limiter lets in as many as the bounds leave, and holds what goes on at the same time."""

from typing import Any

import pytest

from gateway.config import Plan
from gateway.errors import Fault, Refusal
from gateway.limits import telling
from gateway.limits.bounds import Bound, Bounds, KeyLimits, of_key, of_plan
from gateway.limits.limiter import Limiter
from gateway.limits.memory import Memory
from gateway.limits.place import HOLD_SECONDS
from gateway.limits.table import Table
from gateway.limits.telling import Header
from tests.limits.test_table import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> Limiter:
    return Limiter(Memory(Table(64, clock)))


async def enter(limiter: Limiter, bounds: Bounds, **more: Any) -> tuple[dict[str, str], bool]:
    """Return the headers, and whether the request was let in."""
    settings = {"spends": False, "is_openai": False} | more
    told, refused = await limiter.enter(bounds, settings.pop("bucket", "chat"), **settings)
    return {name.decode(): value.decode() for name, value in told}, refused is None


async def test_a_bucket_is_shared_by_a_workspace_and_by_nobody_else(limiter: Limiter) -> None:
    plan = Plan(chat_per_minute=2, generations_per_minute=1)
    for _ in range(2):
        assert (await enter(limiter, of_plan(plan, "ws_a")))[1]
    assert not (await enter(limiter, of_plan(plan, "ws_a")))[1]
    assert (await enter(limiter, of_plan(plan, "ws_b")))[1]
    assert (await enter(limiter, of_plan(plan, "ws_a"), bucket="generations"))[1]
    assert not (await enter(limiter, of_plan(plan, "ws_a"), bucket="generations"))[1]


async def test_the_tightest_bound_is_told_and_holds(limiter: Limiter) -> None:
    bounds = Bounds(chat=(Bound("chat", 5, "ws_a"), Bound("chat", 2, "key_a")))
    told = [(await enter(limiter, bounds))[0]["x-ratelimit-remaining"] for _ in range(2)]
    assert told == ["1", "0"]
    headers, is_in = await enter(limiter, bounds)
    assert (headers["x-ratelimit-limit"], is_in) == ("2", False)


async def test_what_one_bound_refuses_is_not_counted_by_another(limiter: Limiter) -> None:
    limits = KeyLimits(chat_per_minute=1)
    bounds = of_key(of_plan(Plan(chat_per_minute=3), "ws_a"), limits, "key_a")
    assert [(await enter(limiter, bounds))[1] for _ in range(5)] == [True] + [False] * 4
    plain = of_plan(Plan(chat_per_minute=3), "ws_a")
    assert [(await enter(limiter, plain))[1] for _ in range(3)] == [True, True, False]


async def test_an_override_takes_the_place_of_the_plan(limiter: Limiter) -> None:
    limits = KeyLimits(chat_per_minute=4, override=True)
    plan = Plan(chat_per_minute=1, generations_per_minute=1)
    bounds = of_key(of_plan(plan, "ws_a"), limits, "key_a")
    assert sum([(await enter(limiter, bounds))[1] for _ in range(6)]) == 4
    assert sum([(await enter(limiter, bounds, bucket="generations"))[1] for _ in range(6)]) == 1
    assert (await enter(limiter, of_plan(plan, "ws_a")))[1]
    assert bounds.is_apart("chat", "ws_a")
    lower = of_key(of_plan(plan, "ws_a"), KeyLimits(chat_per_minute=1), "key_a")
    assert not any(
        each.is_apart("chat", "ws_a") for each in (lower, of_plan(plan, "ws_a"), of_plan(None, "ws_a"))
    )


class Head:
    """Keeps what is told."""

    def tell_in_head(self, headers: list[Header]) -> None:
        self.told = dict(headers)


async def test_a_request_may_turn_out_to_be_a_generation(limiter: Limiter) -> None:
    bounds, head = of_plan(Plan(chat_per_minute=1, generations_per_minute=2), "ws_a"), Head()
    for _ in range(2):
        assert (await enter(limiter, bounds))[1]
        await limiter.recount(bounds, "generations", head)
    assert head.told[b"x-ratelimit-limit"] == b"2"
    assert (await enter(limiter, bounds))[1]
    with pytest.raises(Refusal):
        await limiter.recount(bounds, "generations", head)
    assert (await enter(limiter, bounds))[1], "what was refused does not count as chat either"
    chatting = of_plan(Plan(chat_per_minute=1), "ws_b")
    assert (await enter(limiter, chatting))[1]
    await limiter.recount(chatting, "generations", head)
    assert not (await enter(limiter, chatting))[1], "it stays what it was where generations have no limit"


async def test_what_has_no_limit_is_neither_counted_nor_told(limiter: Limiter) -> None:
    bounds = of_plan(Plan(tokens_per_minute=10), "ws_a")
    for _ in range(3):
        assert await enter(limiter, bounds) == ({}, True)


async def test_tokens_are_charged_beyond_the_limit_and_come_back(limiter: Limiter, clock: Clock) -> None:
    bounds = of_plan(Plan(tokens_per_minute=100), "ws_a")
    limiter.charge(bounds, 5_000_000_000)
    headers, is_in = await enter(limiter, bounds, spends=True, is_openai=True)
    assert (headers["x-ratelimit-remaining-tokens"], is_in) == ("0", False)
    assert (await enter(limiter, bounds))[1], "what takes no tokens goes on"
    clock.now += 61
    assert (await enter(limiter, bounds, spends=True))[1]


async def test_a_refusal_says_when_to_come_back_to_each_another_time(limiter: Limiter) -> None:
    bounds = of_plan(Plan(generations_per_minute=1, concurrent_runs=1), "ws_a")
    assert await limiter.wait(bounds, "generations") == 0
    await limiter.hold(bounds, "runs")
    later = {await limiter.wait(bounds, "generations") for _ in range(40)}
    assert 59 <= min(later) < max(later) <= 77
    _, refused = await limiter.enter(bounds, "generations", spends=False, is_openai=False)
    assert refused is not None
    told = telling.too_many(refused)
    assert told.fault is Fault.RATE_LIMITED
    assert 59 <= int(told.headers["retry-after"]) <= 77
    with pytest.raises(Refusal) as caught:
        await limiter.hold(bounds, "runs")
    assert 1 <= int(caught.value.headers["retry-after"]) <= 5


async def test_what_is_held_is_free_again_when_it_is_released_or_its_holder_is_gone(
    limiter: Limiter, clock: Clock
) -> None:
    bounds = of_plan(Plan(concurrent_runs=2), "ws_a")
    first = await limiter.hold(bounds, "runs")
    await limiter.hold(bounds, "runs")
    with pytest.raises(Refusal):
        await limiter.hold(bounds, "runs")
    clock.now += HOLD_SECONDS - 1
    await limiter.renew()
    clock.now += HOLD_SECONDS - 1
    with pytest.raises(Refusal):
        await limiter.hold(bounds, "runs")
    await limiter.release(first)
    second = await limiter.hold(bounds, "runs")
    with pytest.raises(Refusal):
        await limiter.hold(bounds, "runs")
    clock.now += HOLD_SECONDS + 1
    await limiter.release(second)
    for _ in range(2):
        await limiter.hold(bounds, "runs")
    with pytest.raises(Refusal):
        await limiter.hold(bounds, "runs")


async def test_it_is_told_how_much_is_gone_of_what_may_go_on_at_the_same_time(limiter: Limiter) -> None:
    told: list[tuple[str, str, float]] = []
    limiter.on_use = lambda *use: told.append(use)
    bounds = of_plan(Plan(concurrent_streams=2, concurrent_runs=4), "ws_a")
    await limiter.hold(bounds, "streams")
    await limiter.hold(bounds, "streams")
    with pytest.raises(Refusal):
        await limiter.hold(bounds, "streams")
    assert told == [("streams", "ws_a", 0.5), ("streams", "ws_a", 1), ("streams", "ws_a", 1)]
    limiter.require_room(bounds.runs[0], 2)
    with pytest.raises(Refusal):
        limiter.require_room(bounds.runs[0], 4)
    assert told[3:] == [("runs", "ws_a", 0.75), ("runs", "ws_a", 1)]
    assert limiter.refused == {"streams": 1, "runs": 1}


async def test_a_second_bound_that_is_full_gives_the_first_one_back(limiter: Limiter) -> None:
    wide, narrow = Bound("streams", 3, "ws_a"), Bound("streams", 1, "key_a")
    await limiter.hold(Bounds(streams=(narrow,)), "streams")
    for _ in range(5):
        with pytest.raises(Refusal):
            await limiter.hold(Bounds(streams=(wide, narrow)), "streams")
    for _ in range(3):
        await limiter.hold(Bounds(streams=(wide,)), "streams")
