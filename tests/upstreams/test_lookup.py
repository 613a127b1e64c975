"""Lookups: one at a time for each name, the last answer kept, and a name that hangs holds up no other."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from gateway.config import Config, Route, Timeouts, Upstream
from gateway.upstreams import lookup
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.node import Node
from gateway.upstreams.routing import Routing, Trail
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.upstreams.conftest import ask

HOME = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
AWAY = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 0, 0, 0))]


class Resolver:
    """A `getaddrinfo` that the test leads: names that begin with `hang` wait until it is over."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.over = threading.Event()
        self.hangs: set[str] = set()
        self.answer: Sequence[Any] | Exception = HOME

    def __call__(self, host: str, port: None, **_: Any) -> Sequence[Any]:
        self.asked.append(host)
        if host.startswith("hang") or host in self.hangs:
            self.over.wait(25)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    found = Resolver()
    yield found
    found.over.set()


@pytest.fixture
def lookups(resolver: Resolver) -> Lookups:
    return Lookups(resolver)


async def test_so_many_names_wait_and_no_more(
    lookups: Lookups, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "THREADS", 1)
    monkeypatch.setattr(lookup, "WAITING", 1)
    first, second = (asyncio.create_task(lookups.find(name, 80)) for name in ("hang", "waits"))
    await asyncio.to_thread(until, lambda: resolver.asked)
    with pytest.raises(OSError, match="too many lookups"):
        await lookups.find("third", 80)
    resolver.over.set()
    assert await first == await second
    assert await lookups.find("third", 80) == await first


async def test_an_answer_has_the_port_that_was_asked_for(lookups: Lookups, resolver: Resolver) -> None:
    assert (await lookups.find("a", 80))[0][4] == ("127.0.0.1", 80)
    assert (await lookups.find("a", 81))[0][4] == ("127.0.0.1", 81)
    resolver.answer = AWAY
    assert (await lookups.find("b", 82))[0][4] == ("::1", 82, 0, 0)
    assert resolver.asked == ["a", "b"]


async def test_all_who_wait_for_a_name_share_one_lookup(lookups: Lookups, resolver: Resolver) -> None:
    waiting = [asyncio.ensure_future(lookups.find("hang", port)) for port in range(50)]
    await asyncio.sleep(0)
    waiting[7].cancel()
    await asyncio.sleep(0)
    resolver.over.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found.pop(7), asyncio.CancelledError)
    assert len(found) == 49
    assert not any(isinstance(each, BaseException) for each in found)
    assert resolver.asked == ["hang"]


async def test_a_failure_is_told_to_all_and_the_next_one_asks_again(
    lookups: Lookups, resolver: Resolver
) -> None:
    resolver.answer = socket.gaierror(-2, "no such name")
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await lookups.find("a", 1)
    assert resolver.asked == ["a", "a"]
    resolver.answer = HOME
    assert await lookups.find("a", 1)


async def test_a_name_that_is_none_is_a_failure(lookups: Lookups, resolver: Resolver) -> None:
    resolver.answer = UnicodeError("label too long")
    with pytest.raises(UnicodeError):
        await lookups.find("a" * 70, 1)


async def test_a_name_that_hangs_holds_up_no_other(lookups: Lookups, resolver: Resolver) -> None:
    waiting = asyncio.ensure_future(lookups.find("hang", 1))
    async with asyncio.timeout(25):
        for number in range(100):
            await lookups.find(str(number), 1)
    assert not waiting.done()
    waiting.cancel()


async def test_no_more_threads_run_than_are_allowed(
    lookups: Lookups, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "THREADS", 3)
    # Clients of other tests may have left a thread that is about to end.
    others = set(threading.enumerate())
    waiting = [asyncio.ensure_future(lookups.find(f"hang{number}", 1)) for number in range(9)]
    await asyncio.to_thread(until, lambda: len(resolver.asked) == 3)
    assert lookups._threads == 3
    assert sum(thread.name == "lookup" for thread in threading.enumerate() if thread not in others) == 3
    resolver.over.set()
    await asyncio.gather(*waiting)
    assert sorted(resolver.asked) == [f"hang{number}" for number in range(9)]
    assert lookups._threads == 0


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are asked for again at once, and lookups have hardly any time."""
    monkeypatch.setattr(lookup, "FRESH_SECONDS", 0)
    monkeypatch.setattr(lookup, "PATIENCE", 0.01)


@pytest.mark.usefixtures("at_once")
async def test_the_last_answer_is_used_while_a_lookup_hangs_or_fails(
    lookups: Lookups, resolver: Resolver
) -> None:
    first = await lookups.find("a", 1)
    resolver.answer = socket.gaierror(-3, "try again")
    assert await lookups.find("a", 1) == first
    resolver.hangs.add("a")
    assert await lookups.find("a", 1) == first
    assert await lookups.find("a", 1) == first
    assert resolver.asked == ["a"] * 3


@pytest.mark.usefixtures("at_once")
async def test_a_new_answer_takes_the_place_of_the_last(lookups: Lookups, resolver: Resolver) -> None:
    await lookups.find("a", 1)
    resolver.answer = AWAY
    assert (await lookups.find("a", 1))[0][0] == socket.AF_INET6


@pytest.mark.usefixtures("at_once")
async def test_the_last_answer_is_not_kept_for_ever(
    lookups: Lookups, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lookups.find("a", 1)
    monkeypatch.setattr(lookup, "KEPT_SECONDS", 0)
    resolver.answer = socket.gaierror(-2, "no such name")
    with pytest.raises(socket.gaierror):
        await lookups.find("a", 1)


@pytest.mark.slow
@pytest.mark.parametrize("client", ["native", "aiohttp"])
async def test_an_upstream_whose_name_hangs_takes_no_other_along(
    client: str, lookups: Lookups, resolver: Resolver, upstream: ScriptedUpstream
) -> None:
    def at(host: str) -> Upstream:
        limits = Timeouts(connect=1)
        return Upstream(base_url=f"http://{host}:{upstream.port}/v1", client=client, timeouts=limits)  # type: ignore[arg-type]

    routing = Routing(Config(upstreams={"bad": at("hang.test"), "good": at("good.test")}), lookups)

    async def attempt(node: Node, _route: Route) -> bytes:
        return await ask(node.client)

    async def one(*names: str) -> bytes:
        routes = [Route(name, "m") for name in names]
        return await routing.first(routes, attempt, Trail(), time.monotonic() + 5)

    try:
        hanging = [asyncio.ensure_future(one("bad", "good")) for _ in range(50)]
        async with asyncio.timeout(25):
            await asyncio.gather(*[one("good") for _ in range(10)])
            await asyncio.gather(*hanging)
        with pytest.raises(UpstreamFailure) as caught:
            await routing.first([Route("bad", "n")], attempt, Trail(), 0)
        assert not caught.value.was_reached
        assert resolver.asked.count("hang.test") == 1
    finally:
        await routing.close()
