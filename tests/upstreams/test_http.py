"""The pool of the native client over real sockets: who gets which connection, and what becomes of it."""

import asyncio
import os
import random
from collections.abc import Callable

import pytest

from gateway.config import Timeouts, Upstream
from gateway.upstreams import connection, http
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.http import HttpClient
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.pieces import SLICE
from tests.fakes import upstream_faults as faults
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import CLOSE, RESET, SILENCE, Delivery, Gate, Script, json_answer, raw
from tests.faults.proc import PROC, sockets
from tests.upstreams.conftest import PATH, New, ask, failure_of, read_all
from tests.upstreams.peer import Line, serving

OK = b"HTTP/1.1 200 OK\r\n"
TWO = OK + b"content-length: 2\r\n\r\nab"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


@pytest.fixture
def client(new: New, upstream: ScriptedUpstream) -> HttpClient:
    return native(new, upstream)


def native(new: New, upstream: ScriptedUpstream, **settings: object) -> HttpClient:
    made = new(upstream.base_url, **settings)
    assert isinstance(made, HttpClient)
    return made


async def until(look: Callable[[], object], within: float = 5.0) -> None:
    """Lets the loop turn until something is so."""
    async with asyncio.timeout(within):
        while not look():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0)


def assert_at_rest(client: HttpClient) -> None:
    """Check that nothing is lent, nobody waits, and every open connection may be used."""
    assert client._places.are_free
    assert client._open == client._idle.keys()
    assert all(connection.is_usable for connection in client._idle)


# Connections that end while they are not in use


@pytest.mark.parametrize("ending", [CLOSE, RESET])
async def test_a_stale_connection_costs_no_request(
    client: HttpClient, upstream: ScriptedUpstream, ending: Script
) -> None:
    upstream.reply(raw(TWO), raw(ending), raw(TWO))  # type: ignore[arg-type]
    assert await ask(client) == b"ab"
    assert await ask(client, b"[1]") == b"ab"
    assert [seen.body for seen in upstream.seen] == [b"{}", b"[1]", b"[1]"]
    assert upstream.connections_opened == 2


async def test_a_request_is_repeated_once_only(client: HttpClient, upstream: ScriptedUpstream) -> None:
    upstream.reply(raw(TWO), raw(CLOSE), raw(CLOSE), raw(TWO))
    await ask(client)
    assert await failure_of(client) == "connection"
    assert len(upstream.seen) == 3


async def test_a_request_is_not_repeated_where_the_upstream_has_had_time_to_take_it(
    client: HttpClient, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.reply(raw(TWO), raw(CLOSE), raw(TWO))
    await ask(client)
    monkeypatch.setattr(connection, "STALE_SECONDS", 0.0)
    assert await failure_of(client) == "connection"
    assert len(upstream.seen) == 2


async def test_a_request_on_a_new_connection_is_not_repeated(
    client: HttpClient, upstream: ScriptedUpstream
) -> None:
    upstream.reply(raw(CLOSE), raw(TWO))
    assert await failure_of(client) == "connection"
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", OK])
async def test_a_request_is_not_repeated_once_an_answer_has_begun(
    client: HttpClient, upstream: ScriptedUpstream, begun: bytes
) -> None:
    upstream.reply(raw(TWO), raw(begun, CLOSE), raw(TWO))
    await ask(client)
    assert await failure_of(client) == "connection"
    assert len(upstream.seen) == 2


async def test_a_repeated_request_may_be_large_and_comes_within_the_limit(
    new: New, upstream: ScriptedUpstream
) -> None:
    client = native(new, upstream, concurrency=1)
    body = bytes(5 * SLICE)
    upstream.reply(raw(TWO), raw(CLOSE), raw(TWO))
    await ask(client)
    assert await ask(client, body) == b"ab"
    is_whole = upstream.seen[2].body == body
    assert is_whole
    assert_at_rest(client)


async def test_when_one_kept_connection_is_stale_the_others_are_not_tried(
    client: HttpClient, upstream: ScriptedUpstream
) -> None:
    gate = Gate()
    upstream.reply(*[raw(TWO).hold(gate)] * 3)
    calls = [asyncio.create_task(ask(client)) for _ in range(3)]
    await asyncio.to_thread(upstream.wait_for, 3)
    gate.open()
    await asyncio.gather(*calls)
    upstream.reply(raw(CLOSE), raw(TWO))
    assert await ask(client) == b"ab"
    await until(lambda: len(client._open) == 1)
    assert_at_rest(client)


async def test_a_connection_that_the_upstream_closes_is_forgotten(
    client: HttpClient, upstream: ScriptedUpstream
) -> None:
    await ask(client)
    upstream.hang_up()
    await until(lambda: not client._open)
    await ask(client)
    assert (len(upstream.seen), upstream.connections_opened) == (2, 2)


async def test_an_unused_connection_is_dropped_after_a_while(
    client: HttpClient, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "IDLE_SECONDS", 0.05)
    await asyncio.gather(*(ask(client) for _ in range(3)))
    for seen in upstream.seen:
        assert await asyncio.to_thread(seen.closed.wait, 5)
    await until(lambda: not client._open)
    assert_at_rest(client)


async def test_the_connection_used_last_is_used_next(client: HttpClient, upstream: ScriptedUpstream) -> None:
    gate = Gate()
    upstream.reply(*[raw(TWO).hold(gate)] * 3)
    calls = [asyncio.create_task(ask(client)) for _ in range(3)]
    await asyncio.to_thread(upstream.wait_for, 3)
    gate.open()
    await asyncio.gather(*calls)
    before = list(client._idle)
    for _ in range(5):
        await ask(client)
    assert list(client._idle) == before


@pytest.mark.parametrize("extra", [b"\r\n", b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"])
async def test_what_comes_unasked_is_nobodys_answer(
    client: HttpClient, upstream: ScriptedUpstream, extra: bytes
) -> None:
    gate = Gate()
    upstream.reply(raw(TWO, gate, extra, SILENCE), raw(TWO))
    assert await ask(client) == b"ab"
    gate.open()
    await until(lambda: not client._open)
    assert await ask(client) == b"ab"
    assert upstream.connections_opened == 2


async def test_what_follows_an_answer_is_nobodys_answer(
    client: HttpClient, upstream: ScriptedUpstream
) -> None:
    upstream.reply(raw(TWO + OK + b"content-length: 1\r\n\r\nx"), raw(TWO))
    assert [await ask(client), await ask(client)] == [b"ab", b"ab"]
    assert upstream.connections_opened == 2


# Bodies


async def test_a_refusal_of_half_a_body_is_read() -> None:
    async def refuse(line: Line) -> None:
        await line.head()
        line.write(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno")
        await line.rest()

    async with serving(refuse) as peer:
        client = HttpClient("main", upstream_at(peer.port), Lookups())
        response = await client.post(PATH, bytes(64 << 20), {})
        assert (response.status, await read_all(response)) == (413, b"no")
        response.close()
        await peer.lines[0].gone.wait()
        assert_at_rest(client)
        await client.close()


async def test_a_refusal_by_an_upstream_that_closes_is_read() -> None:
    async def refuse(line: Line) -> None:
        await line.head()
        line.write(b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno")

    async with serving(refuse) as peer:
        client = HttpClient("main", upstream_at(peer.port), Lookups())
        response = await client.post(PATH, bytes(64 << 20), {})
        assert (response.status, await read_all(response)) == (413, b"no")
        response.close()
        await client.close()


async def test_an_answer_that_begins_before_its_request_has_ended_is_read_to_the_end() -> None:
    size, received = 16 << 20, asyncio.Future[int]()

    async def answer(line: Line) -> None:
        await line.head()
        line.write(CHUNKED + b"1\r\na\r\n")
        received.set_result(len(await line.reader.readexactly(size)))
        line.write(b"1\r\nb\r\n0\r\n\r\n")
        assert await line.request() == b"{}"
        line.write(TWO)

    async with serving(answer) as peer:
        client = HttpClient("main", upstream_at(peer.port), Lookups())
        response = await client.post(PATH, bytes(size), {})
        assert await response.read() == b"a"
        assert await read_all(response) == b"b"
        assert await received == size
        assert await ask(client) == b"ab"
        assert len(peer.lines) == 1
        await client.close()


def upstream_at(port: int) -> Upstream:
    return Upstream(base_url=f"http://127.0.0.1:{port}/v1")


# Places


async def test_places_are_given_in_turn(new: New, upstream: ScriptedUpstream) -> None:
    client, gate = native(new, upstream, concurrency=1), Gate()
    upstream.always(raw(TWO).hold(gate))
    calls = []
    for number in range(8):
        calls.append(asyncio.create_task(ask(client, b"%d" % number)))
        await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(*calls)
    assert [seen.body for seen in upstream.seen] == [b"%d" % number for number in range(8)]
    assert upstream.connections_opened == 1
    assert_at_rest(client)


async def test_who_stops_waiting_takes_no_place(new: New, upstream: ScriptedUpstream) -> None:
    client, gate = native(new, upstream, concurrency=1), Gate()
    upstream.always(raw(TWO).hold(gate))
    calls = [asyncio.create_task(ask(client, b"%d" % number)) for number in range(6)]
    await asyncio.to_thread(upstream.wait_for, 1)
    for call in calls[1:4]:
        call.cancel()
    gate.open()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert [end == b"ab" for end in ended] == [True, False, False, False, True, True]
    assert [seen.body for seen in upstream.seen] == [b"0", b"4", b"5"]
    assert_at_rest(client)


async def test_a_place_is_free_again_after_a_failure(new: New, upstream: ScriptedUpstream) -> None:
    client = native(new, upstream, concurrency=1)
    upstream.reply(raw(CLOSE), raw(b"SSH-2.0\r\n"), raw(CHUNKED, CLOSE))
    for kind in ("connection", "bad_answer", "connection"):
        assert await failure_of(client) == kind
    assert await ask(client)
    assert_at_rest(client)


async def test_a_place_is_free_again_after_connecting_has_failed(new: New) -> None:
    with faults.unanswered_port() as hanging, faults.refused_port() as refused:
        limits = Timeouts(connect=0.05)
        for port, kind in ((hanging, "connect_timeout"), (refused, "connection")):
            client = new(f"http://127.0.0.1:{port}/v1", concurrency=1, timeouts=limits)
            assert [await failure_of(client) for _ in range(3)] == [kind] * 3


@pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")
async def test_a_cancelled_call_leaves_no_socket_that_connects(new: New) -> None:
    with faults.unanswered_port() as port:
        client = new(f"http://127.0.0.1:{port}/v1")
        before = sockets(os.getpid())
        calls = [asyncio.create_task(ask(client)) for _ in range(5)]
        await until(lambda: sockets(os.getpid()) == before + 5)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await until(lambda: sockets(os.getpid()) == before)


async def test_closing_the_client_ends_what_is_under_way(new: New, upstream: ScriptedUpstream) -> None:
    client = native(new, upstream, concurrency=3)
    begun = (CHUNKED + b"1\r\na\r\n", OK + b"\r\na")
    upstream.reply(faults.silent(), *(raw(data, SILENCE) for data in begun))
    calls = [asyncio.create_task(failure_of(client)) for _ in range(5)]
    await asyncio.to_thread(upstream.wait_for, 3)
    await client.close()
    assert await asyncio.gather(*calls) == ["connection"] * 5
    assert await failure_of(client) == "connection"
    assert_at_rest(client)
    assert not client._open


# Cancelling at any point

SCRIPTS = (
    lambda body: json_answer(body),
    lambda body: json_answer(body, delivery=Delivery("chunked", 3)),
    lambda body: json_answer(body, delivery=Delivery("close")),
    # In one write: bytes that come once the next request is out cannot be told from its answer.
    lambda body: raw(OK + b"content-length: %d\r\n\r\n" % len(body) + body + OK),
    lambda body: json_answer(body).cut(1),
    lambda body: raw(CLOSE),
    lambda body: raw(CHUNKED + b"1\r\na\r\n", SILENCE),
    lambda body: faults.silent(),
)


@pytest.mark.parametrize("limit", [0, 3])
@pytest.mark.parametrize("seed", range(8))
async def test_cancelling_at_any_point_leaves_the_pool_in_order(
    new: New, upstream: ScriptedUpstream, seed: int, limit: int
) -> None:
    client, chance = native(new, upstream, concurrency=limit), random.Random(seed)
    upstream.always(lambda seen: SCRIPTS[int(seen.body) % len(SCRIPTS)](seen.body))

    async def call(number: int) -> None:
        body = b"%d" % number
        try:
            assert await ask(client, body) == body
        except UpstreamFailure as error:
            if number % len(SCRIPTS) < 4 and error.kind != "connection":
                raise

    async def leave(task: asyncio.Task[None], turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()

    for begin in range(0, 80, 20):
        tasks = [asyncio.create_task(call(number)) for number in range(begin, begin + 20)]
        leaving = [leave(task, int(2 ** chance.uniform(0, 11))) for task in tasks]
        await asyncio.gather(*leaving)
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            assert end is None or isinstance(end, asyncio.CancelledError)
        assert len(client._open) <= (limit or 20) + 20
    await until(lambda: client._open == client._idle.keys())
    assert_at_rest(client)
    # Every connection that is left gives the answer to its own request.
    bodies = [b"%d" % (number * len(SCRIPTS)) for number in range(30)]
    assert await asyncio.gather(*(ask(client, body) for body in bodies)) == bodies
    assert_at_rest(client)
