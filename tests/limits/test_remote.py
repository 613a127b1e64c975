"""Limits that are counted on a real Valkey, and what happens while it is away."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from gateway.config import Limits, Plan
from gateway.errors import Fault, Refusal
from gateway.limits.bounds import Bounds, KeyLimits, of_key, of_plan
from gateway.limits.failover import place_of
from gateway.limits.limiter import Limiter
from gateway.limits.table import Table
from tests.fakes.until import until_soon
from tests.fakes.valkey import Valkey, running

pytestmark = pytest.mark.slow

PLAN = Plan(chat_per_minute=5, tokens_per_minute=100, concurrent_streams=2)
Make = Callable[..., Limiter]


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Valkey]:
    with running() as server:
        yield server


@pytest.fixture
def server(shared_server: Valkey) -> Valkey:
    with shared_server._server.client() as client:
        client.flushall()
    return shared_server


@pytest.fixture
async def limiter(server: Valkey) -> AsyncIterator[Make]:
    """Makes the limiter of one gateway."""
    made: list[tuple[Limiter, asyncio.Task[None]]] = []

    # A machine that is busy is not a server that is away.
    def make(on_failure: str, url: str = "", timeout: float = 20.0) -> Limiter:
        settings = Limits(store=url or server.url, on_failure=on_failure, timeout=timeout)  # type: ignore[arg-type]
        one = Limiter(place_of(settings, Table(64)))
        made.append((one, asyncio.create_task(one.run())))
        return one

    yield make
    for one, task in made:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await one.close()


async def entered(limiter: Limiter, bounds: Bounds, count: int) -> int:
    """Tell how many of so many requests at once were let in."""

    async def enter() -> bool:
        _, refused = await limiter.enter(bounds, "chat", spends=False, is_openai=False)
        return refused is None

    return sum(await asyncio.gather(*[enter() for _ in range(count)]))


async def test_gateways_count_together(limiter: Make) -> None:
    bounds = of_plan(PLAN, "ws_a")
    first, second = limiter("local"), limiter("local")
    assert sum(await asyncio.gather(entered(first, bounds, 20), entered(second, bounds, 20))) == 5
    told, refused = await second.enter(bounds, "chat", spends=False, is_openai=True)
    headers = dict(told)
    assert refused is not None
    assert (headers[b"x-ratelimit-limit"], headers[b"x-ratelimit-remaining"]) == (b"5", b"0")
    assert time.time() < int(headers[b"x-ratelimit-reset"]) <= time.time() + 62
    assert await entered(second, of_plan(PLAN, "ws_b"), 1) == 1


async def test_the_url_may_be_that_of_a_redis(limiter: Make, server: Valkey) -> None:
    assert (
        await entered(limiter("closed", server.url.replace("valkey", "redis")), of_plan(PLAN, "ws_a"), 9) == 5
    )


async def test_what_one_bound_refuses_is_not_counted_by_another(limiter: Make) -> None:
    plan, one = of_plan(PLAN, "ws_a"), limiter("local")
    low = of_key(plan, KeyLimits(chat_per_minute=1), "key_a")
    assert await entered(one, low, 4) == 1
    assert await entered(one, plan, 9) == 4


async def test_tokens_are_charged_for_all(limiter: Make, server: Valkey) -> None:
    bounds = of_plan(Plan(tokens_per_minute=100), "ws_a")
    first, second = limiter("local"), limiter("local")
    first.charge(bounds, 60)
    told, refused = await first.enter(bounds, "chat", spends=True, is_openai=True)
    assert (dict(told)[b"x-ratelimit-remaining-tokens"], refused) == (b"40", None)
    first.charge(bounds, 70)
    await first.close()
    _, refused = await second.enter(bounds, "chat", spends=True, is_openai=True)
    assert refused is not None


async def test_tokens_count_for_a_whole_minute_and_then_no_more(limiter: Make, server: Valkey) -> None:
    bounds, one = of_plan(Plan(tokens_per_minute=100), "ws_a"), limiter("local")

    async def left(charged: int, aged: int) -> tuple[int, float]:
        """Charge tokens, let all that was charged grow older, and tell what is left, and until when."""
        if charged:
            one.charge(bounds, charged)
            # What is owed is paid before a place is let go of.
            await one.close()
        server.age(aged)
        told, _ = await one.enter(bounds, "chat", spends=False, is_openai=True)
        headers = {name.decode(): value.decode() for name, value in told}
        reset = float(headers["x-ratelimit-reset-tokens"].removesuffix("s"))
        return int(headers["x-ratelimit-remaining-tokens"]), reset

    assert (await left(70, 0))[0] == 30
    remaining, reset = await left(20, 30)
    assert remaining == 10
    # A busy machine may have let some of that time pass by itself.
    assert 0 < reset <= 30.5
    assert (await left(0, 31))[0] == 100


async def test_what_is_held_is_free_when_it_is_released_or_its_time_is_over(
    limiter: Make, server: Valkey
) -> None:
    bounds = of_plan(PLAN, "ws_a")
    first, second = limiter("local"), limiter("local")
    await first.hold(bounds, "streams")
    lease = await second.hold(bounds, "streams")
    with pytest.raises(Refusal):
        await first.hold(bounds, "streams")
    await second.release(lease)
    await second.hold(bounds, "streams")
    server.lapse()
    await second.renew()
    await first.hold(bounds, "streams")
    with pytest.raises(Refusal):
        await first.hold(bounds, "streams")


async def test_each_gateway_counts_for_itself_while_the_server_is_away(limiter: Make, server: Valkey) -> None:
    bounds = of_plan(PLAN, "ws_a")
    local, free, closed = limiter("local"), limiter("open"), limiter("closed")
    assert await entered(local, bounds, 9) == 5
    held = await local.hold(bounds, "streams")
    server.stop()
    try:
        assert await entered(local, bounds, 9) == 5
        assert not local.healthy
        assert await entered(free, bounds, 9) == 9
        with pytest.raises(Refusal) as caught:
            await entered(closed, bounds, 1)
        assert caught.value.fault is Fault.LIMITS_UNAVAILABLE
        assert int(caught.value.headers["retry-after"]) >= 1
        await local.renew()
        await local.release(held)
        await local.release(await local.hold(bounds, "streams"))
        await local.release(await free.hold(bounds, "streams"))
    finally:
        server.start()
    await until_soon(lambda: local.healthy and free.healthy and closed.healthy)
    assert await entered(closed, bounds, 9) == 5


async def test_a_server_that_hangs_holds_nobody_up_for_long(limiter: Make, server: Valkey) -> None:
    bounds = of_plan(PLAN, "ws_a")
    local = limiter("local", timeout=2.0)
    assert await entered(local, bounds, 1) == 1
    server.freeze()
    try:
        await until_soon(lambda: not local.healthy)
        assert await entered(local, bounds, 9) == 5
    finally:
        server.thaw()
    await until_soon(lambda: local.healthy)
    assert await entered(local, bounds, 9) == 4
