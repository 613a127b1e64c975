"""Both clients fail in the same ways, and keep or let go of connections alike."""

import asyncio
import gzip
import zlib

import pytest

from gateway.config import Timeouts
from gateway.upstreams.client import Client
from tests.fakes import upstream_faults as faults
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import (
    CLOSE,
    RESET,
    SILENCE,
    Delivery,
    Gate,
    Script,
    json_answer,
    raw,
)
from tests.upstreams.answers import CHUNKED, OK, TWO, bomb, packed_answer
from tests.upstreams.conftest import PATH, New, ask, failure_of, seen

"""Seconds within which an upstream is let go."""


BROKEN: dict[str, tuple[Script, str]] = {
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_answer"),
    "another version": (raw(b"HTTP/2 200\r\n\r\n"), "bad_answer"),
    "no status": (raw(b"HTTP/1.1 ok\r\n\r\n"), "bad_answer"),
    "a length that is none": (raw(OK + b"content-length: two\r\n\r\n"), "bad_answer"),
    "two lengths": (raw(OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\nabc"), "bad_answer"),
    "lengths in a list": (raw(OK + b"content-length: 2, 3\r\n\r\nabc"), "bad_answer"),
    "length and another coding": (
        raw(OK + b"content-length: 2\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        "bad_answer",
    ),
    "status 000": (raw(b"HTTP/1.1 000 \r\ncontent-length: 2\r\n\r\nab"), "bad_answer"),
    "status 099": (raw(b"HTTP/1.1 099 Low\r\ncontent-length: 2\r\n\r\nab"), "bad_answer"),
    "a header without a name": (raw(OK + b": x\r\n\r\n"), "bad_answer"),
    "a long header": (raw(OK + b"x-a: " + b"b" * 70_000 + b"\r\ncontent-length: 0\r\n\r\n"), "bad_answer"),
    "many headers": (raw(OK + b"x-a: b\r\n" * 300 + b"content-length: 0\r\n\r\n"), "bad_answer"),
    "closed at once": (raw(CLOSE), "connection"),
    "reset at once": (raw(RESET), "connection"),
    "closed in the head": (raw(OK + b"x-a", CLOSE), "connection"),
    "closed after an interim answer": (raw(b"HTTP/1.1 100 Continue\r\n\r\n", CLOSE), "connection"),
    "short of its length": (raw(OK + b"content-length: 3\r\n\r\nab", CLOSE), "connection"),
    "closed between chunks": (raw(CHUNKED + b"2\r\nab\r\n", CLOSE), "connection"),
    "closed in a chunk": (raw(CHUNKED + b"3\r\nab", CLOSE), "connection"),
    "closed in the trailers": (raw(CHUNKED + b"0\r\n", CLOSE), "connection"),
    "a chunk that is none": (raw(CHUNKED + b"zz\r\n"), "bad_answer"),
    "not the compression it says": (
        raw(OK + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\nab"),
        "bad_answer",
    ),
    "cut off gzip": (packed_answer(gzip.compress(b"hello " * 50)[:-3]), "bad_answer"),
    "cut off deflate": (packed_answer(zlib.compress(b"hello " * 50)[:-3], "deflate"), "bad_answer"),
    "cut off between members": (packed_answer(gzip.compress(b"a") + b"\x1f\x8b\x08"), "bad_answer"),
    "a gzip bomb": (packed_answer(bomb(64)), "bad_answer"),
    "another compression": (packed_answer(b"ab", "br"), "bad_answer"),
    "packed twice": (packed_answer(gzip.compress(gzip.compress(b"a")), "gzip, gzip"), "bad_answer"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_is_a_failure(client: Client, upstream: ScriptedUpstream, name: str) -> None:
    script, failure = BROKEN[name]
    upstream.reply(script)
    assert await failure_of(client) == failure
    assert await ask(client), "the client goes on"


async def test_a_refused_connection_is_a_failure(kind: str, new: New) -> None:
    with faults.refused_port() as port:
        assert await failure_of(new(f"http://127.0.0.1:{port}/v1", client=kind)) == "connection"


async def test_connecting_has_a_time_limit(kind: str, new: New) -> None:
    with faults.unanswered_port() as port:
        client = new(f"http://127.0.0.1:{port}/v1", client=kind, timeouts=Timeouts(connect=0.1))
        assert await failure_of(client) == "connect_timeout"


async def test_a_name_that_is_unknown_is_a_failure(kind: str, new: New) -> None:
    assert await failure_of(new("http://upstream.invalid/v1", client=kind)) == "connection"


async def test_a_failed_handshake_is_a_failure(kind: str, new: New) -> None:
    with faults.tls_garbage_server() as url:
        assert await failure_of(new(url, client=kind)) == "connection"


async def test_a_client_on_which_nothing_was_asked_can_be_closed(kind: str, new: New) -> None:
    await new("http://127.0.0.1:1/v1", client=kind).close()


KEPT: dict[str, tuple[bytes, bool]] = {
    "with a length": (TWO, True),
    "chunked": (CHUNKED + b"0\r\n\r\n", True),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    "HTTP/1.0 that says so": (
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nab",
        True,
    ),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nab", False),
    "that will close": (OK + b"connection: close\r\ncontent-length: 2\r\n\r\nab", False),
}


@pytest.mark.parametrize("name", KEPT)
async def test_a_connection_is_kept_after_an_answer(
    client: Client, upstream: ScriptedUpstream, name: str
) -> None:
    data, is_kept = KEPT[name]
    upstream.reply(raw(data), raw(data))
    await ask(client)
    await ask(client)
    assert upstream.connections_opened == (1 if is_kept else 2)


@pytest.mark.parametrize("script", [raw(CHUNKED + b"1\r\na\r\n", SILENCE), faults.drip(0.001, 10)])
async def test_closing_before_the_end_lets_go_at_once(
    client: Client, upstream: ScriptedUpstream, script: Script
) -> None:
    upstream.reply(script)
    response = await client.post(PATH, b"{}", {})
    assert await response.read()
    request = await seen(upstream)
    response.close()
    assert await asyncio.to_thread(request.gone.wait, 25)


@pytest.mark.parametrize("script", [faults.silent(), raw(CHUNKED + b"1\r\na\r\n", SILENCE)])
async def test_a_cancelled_call_lets_go_at_once(
    client: Client, upstream: ScriptedUpstream, script: Script
) -> None:
    upstream.reply(script)
    task = asyncio.create_task(ask(client))
    request = await seen(upstream)
    task.cancel()
    assert await asyncio.to_thread(request.gone.wait, 25)
    assert await ask(client), "the client goes on"


async def test_an_upstream_that_is_not_read_is_made_to_wait(
    client: Client, upstream: ScriptedUpstream
) -> None:
    upstream.reply(faults.drip(0, 256 * 1024))
    response = await client.post(PATH, b"{}", {})
    request = await seen(upstream)
    assert await asyncio.to_thread(request.blocked.wait, 10)
    sent = request.sent_bytes
    # The rest is in buffers of the kernel.
    assert sum([len(await response.read()) for _ in range(2)]) < 1 << 20
    while request.sent_bytes == sent:
        await response.read()
    response.close()


async def test_waiting_for_a_free_connection_is_no_fault_of_the_upstream(
    kind: str, new: New, upstream: ScriptedUpstream
) -> None:
    client = new(upstream.base_url, client=kind, concurrency=2, timeouts=Timeouts(connect=0.05))
    gate = Gate()
    upstream.always(raw(TWO).hold(gate))
    calls = [asyncio.create_task(ask(client)) for _ in range(10)]
    await asyncio.wait(calls, timeout=0.2)
    assert upstream.connections_opened == 2
    gate.open()
    assert await asyncio.gather(*calls) == [b"ab"] * 10
    assert upstream.connections_opened == 2


async def test_many_calls_at_once_get_their_own_answers(client: Client, upstream: ScriptedUpstream) -> None:
    upstream.always(lambda request: json_answer(request.body, delivery=Delivery("chunked", 5)))
    bodies = [b"%d" % number * (1 + number) for number in range(50)]
    for _ in range(4):
        assert await asyncio.gather(*(ask(client, body) for body in bodies)) == bodies
    assert upstream.connections_opened <= 50
