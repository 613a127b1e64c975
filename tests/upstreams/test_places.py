"""An upstream gets so many calls at once; a few wait, and the others are told so at once."""

import asyncio
import re
import select
from collections.abc import Awaitable, Callable

import pytest

from gateway.config import Config, Route, Server, Upstream
from gateway.upstreams import places
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.node import Node
from gateway.upstreams.places import Places
from gateway.upstreams.routing import Routing, Trail
from tests.conftest import Start
from tests.e2e.conftest import hello
from tests.e2e.wire import connect, fetch, written
from tests.fakes.process import upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import chunk
from tests.fakes.upstream_scripts import Gate, events


async def overloaded(wait: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(UpstreamFailure) as found:
        await wait()
    assert (found.value.kind, found.value.was_reached) == ("overloaded", False)


async def test_who_finds_no_room_to_wait_is_turned_away_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LEAST", 2)
    monkeypatch.setattr(places, "WAITING", 1)
    some = Places("main", 1)
    await some.enter()
    waiting = [asyncio.create_task(some.enter()) for _ in range(2)]
    await asyncio.sleep(0)
    await overloaded(some.enter)
    # Whoever had a place already is let in beyond that.
    again = asyncio.create_task(some.enter(is_first=True))
    await asyncio.sleep(0)
    for task in (again, *waiting):
        some.leave()
        await task
    some.leave()
    assert some.are_free


async def test_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "WAIT_SECONDS", 0.01)
    some = Places("main", 1)
    await some.enter()
    await overloaded(some.enter)
    some.leave()
    await some.enter()
    some.leave()
    assert some.are_free


def routing(*upstreams: str, workers: int = 1, concurrency: int = 1) -> Routing:
    made = {
        name: Upstream(base_url="http://127.0.0.1:9/v1", default_model="m", concurrency=concurrency)
        for name in upstreams
    }
    return Routing(Config(server=Server(workers=workers), upstreams=made))


async def test_what_one_upstream_has_no_room_for_goes_to_the_next() -> None:
    made, trail, asked = routing("full", "free"), Trail(key="key_1"), []

    async def attempt(node: Node, _: Route) -> str:
        asked.append(node.name)
        if node.name == "full":
            raise UpstreamFailure("overloaded", "full", was_reached=False)
        return "answer"

    routes = [Route("full", "m"), Route("free", "m")]
    for _ in range(30):
        assert await made.first(routes, attempt, trail, 1e12) == "answer"
    # It is asked once for each request, which trips no breaker.
    assert asked == ["full", "free"] * 30
    assert trail.attempts == 30
    await overloaded(lambda: made.first(routes[:1], attempt, Trail(key="key_1"), 1e12))
    await made.close()


@pytest.mark.parametrize(("concurrency", "workers", "part"), [(0, 4, 0), (1, 4, 1), (8, 4, 2), (9, 2, 4)])
async def test_each_worker_has_its_part(concurrency: int, workers: int, part: int) -> None:
    made = routing("main", workers=workers, concurrency=concurrency)
    assert made.nodes["main"].upstream.concurrency == part
    await made.close()


@pytest.mark.parametrize("client", ["native", "aiohttp"])
def test_a_gateway_says_so_when_its_upstream_is_full(
    start: Start, upstream: ScriptedUpstream, client: str
) -> None:
    lines = 'default_model = "any"', "concurrency = 1"
    gateway = start(upstream_table("main", upstream.base_url, *lines, client=client))
    gate = Gate()
    upstream.always(events([chunk("One."), gate, chunk(finish="stop")]))
    body = {"model": "persona/the-night-librarian", "messages": hello(), "stream": True}
    peers = [connect(gateway) for _ in range(1 + places.LEAST + 2)]
    for peer in peers:
        peer.sendall(written(gateway, body))
    # One is answered, and two find no room to wait.
    heard = until(lambda: len(found := select.select(peers, [], [], 0.1)[0]) == 3 and found)
    assert isinstance(heard, list)
    heads = {peer: read_until(peer, b"\r\n\r\n") for peer in heard}
    refused = [peer for peer, head in heads.items() if b" 503 " in head]
    assert len(refused) == 2
    for peer in refused:
        head = heads[peer].lower()
        assert re.search(rb"\r\nretry-after: [123]\r\n", head)
        assert b"x-should-retry" not in head
    assert len(upstream.seen) == 1
    gate.open()
    for peer in peers:
        if peer not in refused:
            read_until(peer, b"[DONE]")
        peer.close()
    assert len(upstream.seen) == 1 + places.LEAST
    rows = until(lambda: len(found := fetch(gateway, "/v1/turns?status=failed").json["data"]) == 2 and found)
    assert isinstance(rows, list)
    assert {(row["error"], row["attempts"]) for row in rows} == {("overloaded", 0)}
