"""Routing: the order, fallback, retries and their pauses, and when to give up."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import clock
from gateway.config import Chat, Config, Route, Upstream
from gateway.upstreams import pausing
from gateway.upstreams import routing as routings
from gateway.upstreams.breaker import LEAST_CALLS, OPEN_SECONDS
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.node import MODELS, Node
from gateway.upstreams.pausing import retry_after_seconds
from gateway.upstreams.routing import Routing, Trail

A, B, C = Route("a", "m"), Route("b", "m"), Route("c", "m")
SOON = 60.0


class Calls:
    """An attempt function that fails as the script says, then answers with the route."""

    def __init__(self, *script: UpstreamFailure | None) -> None:
        self.script = list(script)
        self.asked: list[str] = []

    async def __call__(self, node: Node, route: Route) -> str:
        assert node.name == route.upstream
        self.asked.append(node.name)
        failure = self.script.pop(0) if self.script else None
        if failure is not None:
            raise failure
        return str(route)


def failing(status: int | None = 500, retry_after: str | None = None) -> UpstreamFailure:
    if status is None:
        return UpstreamFailure("connection", "x", was_reached=False)
    return UpstreamFailure("status", "x", status=status, retry_after=retry_after)


New = Callable[[int], Routing]


@pytest.fixture
async def new(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[New]:
    """Makes a routing over `a`, `b` and `c` with some retries and hardly a pause."""
    monkeypatch.setattr(pausing, "BACKOFF", 1e-6)
    made: list[Routing] = []

    def make(retries: int) -> Routing:
        upstreams = {name: Upstream(base_url="http://upstream.test") for name in "abc"}
        made.append(Routing(Config(upstreams=upstreams, chat=Chat(retries=retries))))
        return made[-1]

    yield make
    for routing in made:
        await routing.close()


async def first(
    routing: Routing, calls: Calls, *routes: Route, until: float = SOON, trail: Trail | None = None
) -> str:
    return await routing.first(routes, calls, trail or Trail(), time.monotonic() + until)


async def given_up(routing: Routing, calls: Calls, *routes: Route, until: float = SOON) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        await first(routing, calls, *routes, until=until)
    return caught.value


async def test_the_first_upstream_answers(new: New) -> None:
    calls, trail = Calls(), Trail()
    assert await first(new(2), calls, A, B, trail=trail) == "a/m"
    assert (calls.asked, trail.attempts, trail.route) == (["a"], 1, A)
    assert trail.began is not None


async def test_the_next_one_is_asked_before_the_first_is_asked_again(new: New) -> None:
    calls, trail = Calls(failing(), failing(None), failing(429)), Trail()
    assert await first(new(2), calls, A, B, C, trail=trail) == "a/m"
    assert calls.asked == ["a", "b", "c", "a"]
    assert (trail.attempts, trail.route) == (4, A)


@pytest.mark.parametrize("retries", [0, 1, 2])
async def test_each_upstream_has_its_tries(new: New, retries: int) -> None:
    calls = Calls(*[failing()] * 50)
    await given_up(new(retries), calls, A, B)
    assert sorted(calls.asked) == ["a"] * (1 + retries) + ["b"] * (1 + retries)


async def test_one_upstream_is_tried_again(new: New) -> None:
    calls = Calls(failing(), failing(None))
    assert await first(new(2), calls, A) == "a/m"
    assert calls.asked == ["a", "a", "a"]


async def test_two_models_of_one_upstream_are_two_routes(new: New) -> None:
    calls = Calls(failing(), None)
    assert await first(new(0), calls, A, Route("a", "other")) == "a/other"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_another_try_would_not_change_ends_at_once(new: New, status: int) -> None:
    calls = Calls(failing(status))
    assert (await given_up(new(2), calls, A, B)).status == status
    assert calls.asked == ["a"]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 302])
async def test_what_may_pass_is_tried_elsewhere(new: New, status: int) -> None:
    calls = Calls(failing(status))
    assert await first(new(0), calls, A, B) == "b/m"


async def test_the_last_failure_decides(new: New) -> None:
    calls = Calls(failing(500), failing(429))
    assert (await given_up(new(0), calls, A, B)).status == 429


async def test_a_retry_after_beyond_the_time_left_is_given_up_at_once(new: New) -> None:
    calls = Calls(failing(429, retry_after="3600"))
    failure = await given_up(new(2), calls, A)
    assert (failure.status, failure.retry_after, calls.asked) == (429, "3600", ["a"])


async def test_a_retry_after_does_not_hold_up_the_others(new: New) -> None:
    calls = Calls(failing(429, retry_after="3600"), failing(), None)
    assert await first(new(1), calls, A, B) == "b/m"
    assert calls.asked == ["a", "b", "b"]


async def test_a_retry_after_within_the_time_left_is_waited_for(
    new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    calls = Calls(failing(429, retry_after="7"), failing(429, retry_after="0.5"))
    assert await new(2).first([A], calls, Trail(), 15.0) == "a/m"
    assert slept == [7, 0.5]


async def test_a_backoff_beyond_the_time_left_is_not_waited_for(
    new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pausing, "BACKOFF", 3600)
    calls = Calls(failing(503))
    assert (await given_up(new(2), calls, A)).status == 503
    assert calls.asked == ["a"]


async def test_unconfigured_upstreams_are_passed_over(new: New) -> None:
    gone = Route("gone", "m")
    assert await first(new(0), Calls(), gone, B) == "b/m"
    assert (await given_up(new(0), Calls(), gone)).kind == "not_configured"
    assert (await given_up(new(0), Calls())).kind == "not_configured"


async def open_breaker(routing: Routing, route: Route) -> None:
    for _ in range(LEAST_CALLS):
        breaker = routing.nodes[route.upstream].breaker(route.model)
        breaker.fail("", breaker.start(""), time.monotonic(), was_reached=True)
    assert breaker.is_open


async def test_an_open_breaker_is_passed_over(new: New) -> None:
    routing, calls = new(0), Calls()
    await open_breaker(routing, A)
    assert await first(routing, calls, A, B) == "b/m"
    assert calls.asked == ["b"]


async def test_an_open_breaker_alone_is_a_failure_of_its_own(new: New) -> None:
    routing, calls = new(0), Calls()
    await open_breaker(routing, A)
    failure = await given_up(routing, calls, A, until=0.1)
    assert (failure.kind, failure.upstream, calls.asked) == ("breaker_open", "a", [])


async def test_the_breaker_counts_failures_of_the_upstream_only(new: New) -> None:
    routing = new(0)
    for status in (429, 400, 401, 408, 409) * LEAST_CALLS:
        await given_up(routing, Calls(failing(status)), A)
    assert not routing.nodes["a"].breaker("m").is_open
    for _ in range(10 * LEAST_CALLS):
        if not routing.nodes["a"].breaker("m").is_open:
            await given_up(routing, Calls(failing(None)), A, until=0)
    assert routing.nodes["a"].breaker("m").is_open


async def test_one_key_does_not_take_a_model_from_the_others(new: New) -> None:
    routing = new(0)
    await first(routing, Calls(), A, trail=Trail(key="good"))
    for _ in range(2 * LEAST_CALLS):
        with suppress(UpstreamFailure):
            await first(routing, Calls(failing(502)), A, until=0, trail=Trail(key="bad"))
    assert routing.nodes["a"].breaker("m").is_open_for("bad")
    assert await first(routing, Calls(), A, trail=Trail(key="good"), until=0) == "a/m"


async def test_each_model_has_a_breaker_of_its_own(new: New) -> None:
    routing = new(0)
    await open_breaker(routing, A)
    assert await first(routing, Calls(), Route("a", "n"), until=0) == "a/n"


async def test_models_without_end_leave_a_bounded_number_of_breakers(new: New) -> None:
    routing = new(0)
    for number in range(2 * MODELS):
        await first(routing, Calls(), Route("a", str(number)))
    assert len(routing.nodes["a"]._breakers) == MODELS


def reasoned() -> UpstreamFailure:
    return UpstreamFailure("status", "x", status=500, was_reasoned=True)


async def test_what_the_request_may_have_broken_is_tried_once_more_in_all(new: New) -> None:
    calls = Calls(*[reasoned() for _ in range(9)])
    assert (await given_up(new(5), calls, A)).status == 500
    assert calls.asked == ["a", "a"]
    calls = Calls(*[reasoned() for _ in range(9)])
    assert (await given_up(new(5), calls, A, B, C)).status == 500
    assert calls.asked == ["a", "b"]
    calls = Calls(failing(503), reasoned(), failing(503), reasoned())
    await given_up(new(5), calls, A)
    assert calls.asked == ["a"] * 4


async def test_an_upstream_that_is_started_again_is_waited_for(
    new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routings, "LONGEST_WAIT", 1e-6)
    routing = new(1)
    routing.nodes["a"].is_restarted = True
    calls = Calls(*[failing(None)] * 50, *[failing(503)] * 50)
    assert await first(routing, calls, A) == "a/m"
    assert len(calls.asked) == 101
    assert not routing.nodes["a"].breaker("m").is_open


async def test_it_is_waited_for_no_longer_than_the_time_allows(new: New) -> None:
    routing = new(1)
    routing.nodes["a"].is_restarted = True
    calls = Calls(*[failing(None)] * 100_000)
    assert (await given_up(routing, calls, A, until=0.05)).kind == "connection"
    assert 2 <= len(calls.asked) < 100_000


async def test_another_upstream_is_asked_before_one_is_waited_for(new: New) -> None:
    routing = new(1)
    routing.nodes["a"].is_restarted = True
    assert await first(routing, Calls(failing(None)), A, B) == "b/m"


async def test_those_who_wait_for_one_probe_do_not_all_become_it(
    new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.upstreams.breaker.OPEN_SECONDS", 0.01)
    routing, answer = new(0), asyncio.Event()
    await open_breaker(routing, A)
    asked = 0

    async def attempt(node: Node, route: Route) -> str:
        nonlocal asked
        asked += 1
        await answer.wait()
        return "ok"

    async def one() -> str:
        try:
            return await routing.first([A], attempt, Trail(), time.monotonic() + SOON)
        except UpstreamFailure as failure:
            return failure.kind

    tasks = [asyncio.ensure_future(one()) for _ in range(5)]
    _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    while len(waiting) > 1:
        _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert asked == 1
    answer.set()
    assert sorted(await asyncio.gather(*tasks)) == ["breaker_open"] * 4 + ["ok"]
    assert not routing.nodes["a"].breaker("m").is_open


async def test_a_caller_who_leaves_says_nothing_about_the_upstream(new: New) -> None:
    routing, entered = new(0), asyncio.Event()
    await open_breaker(routing, A)
    for circuit in routing.nodes["a"].breaker("m")._circuits(""):
        circuit.opened -= OPEN_SECONDS

    async def attempt(node: Node, route: Route) -> str:
        entered.set()
        await asyncio.Event().wait()
        return ""

    task = asyncio.ensure_future(routing.first([A], attempt, Trail(), time.monotonic() + SOON))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert routing.nodes["a"].breaker("m").opens_at("", 1e12) == 1e12


async def test_another_error_is_not_retried(new: New) -> None:
    calls = 0

    async def attempt(node: Node, route: Route) -> str:
        nonlocal calls
        calls += 1
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        await new(2).first([A, B], attempt, Trail(), time.monotonic() + SOON)
    assert calls == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("0.25", 0.25),
        ("-3", 0),
        ("nan", 0),
        ("soon", None),
        ("", None),
        ("1 2", None),
    ],
)
def test_a_retry_after_is_a_number_of_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value) == seconds


def test_a_retry_after_may_be_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: 1_700_000_000_000)
    assert retry_after_seconds(formatdate(1_700_000_030, usegmt=True)) == 30
    assert retry_after_seconds(formatdate(1_600_000_000, usegmt=True)) == 0


days = st.sampled_from(
    ["Mon, 01 Jan 0001 00:00:00 -0000", "Fri, 31 Dec 9999 23:59:59 +2359", "1 Feb 99 9:9 EST"]
)


@given(st.text() | days)
def test_no_retry_after_does_harm(value: str) -> None:
    seconds = retry_after_seconds(value)
    assert seconds is None or seconds >= 0


async def test_the_secrets_are_keys_and_header_values() -> None:
    headers = {"x-key": "header-secret", "authorization": "Bearer bearer-secret", "x-short": "short"}
    upstream = Upstream(base_url="http://upstream.test", api_key="api-secret", headers=headers)
    routing = Routing(Config(upstreams={"a": upstream}))
    assert set(routing.secrets) == {"api-secret", "header-secret", "Bearer bearer-secret", "bearer-secret"}
