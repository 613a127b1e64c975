"""When the caller leaves, so does the gateway: the upstream is let go of at once."""

import asyncio
import socket
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import openai
import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello, mint
from tests.e2e.wire import connect, fetch, written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import Answer, ScriptedUpstream, Seen
from tests.fakes.upstream_scripts import Gate

TRIPS = 80
"""Requests that may be answered before an upstream is let go: a quarter of a second on an idle machine."""
ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
STREAM: dict[str, Any] = {**ASK, "stream": True}

CASES: dict[str, tuple[dict[str, Any], Callable[[], Answer], bytes]] = {
    "before the first byte of a stream": (STREAM, faults.silent, b""),
    "in the middle of a stream": (STREAM, faults.falls_silent, b"word0"),
    "in the middle of a busy stream": (STREAM, lambda: faults.drip(0.005, 2), b"xx"),
    "during a whole answer": (ASK, faults.silent, b""),
    "during the body of a whole answer": (ASK, faults.falls_silent, b""),
}


ROWS = """
SELECT turns.id, status, attempts, upstream, stream
FROM turns JOIN keys ON keys.id = turns.key_id WHERE keys.name = 'leaver'
"""


class Row(NamedTuple):
    status: str
    attempts: int
    upstream: str
    stream: int


def rows(gateway: Gateway) -> dict[str, Row]:
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=25)) as store:
        found = store.execute(ROWS).fetchall()
    return {name: Row(*rest) for name, *rest in found}


def new_row(gateway: Gateway, before: dict[str, Row]) -> Row:
    """Find the one turn of the leaver that was recorded since."""
    found = until(lambda: [row for name, row in rows(gateway).items() if name not in before])
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def key(shared_gateway: Gateway) -> str:
    """The turns that are looked at have this key, unlike all others."""
    return mint(shared_gateway, "--name", "leaver")


def assert_let_go(gateway: Gateway, seen: Seen) -> None:
    """A caller has left: see that the upstream is let go at once, and not when some time limit is over."""
    for _ in range(TRIPS):
        if seen.gone.is_set():
            break
        assert fetch(gateway, "/health/live").status == 200
    assert seen.gone.is_set()
    assert not seen.finished


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_the_upstream_is_let_go_when_the_caller_leaves(
    gateway: Gateway, upstream: ScriptedUpstream, key: str, name: str, reset: bool
) -> None:
    body, answer, mark = CASES[name]
    before = rows(gateway)
    upstream.always(answer())
    with connect(gateway) as peer:
        peer.sendall(written(gateway, body, key=key))
        (seen,) = upstream.wait_for(1)
        if mark:
            read_until(peer, mark)
        if reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert_let_go(gateway, seen)
    assert new_row(gateway, before) == ("cancelled", 1, "main/gpt-4o-mini", int(body.get("stream", False)))
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("size", [10_000, 100_000, 300_000, 600_000])
@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_caller_who_leaves_after_a_large_request_is_noticed(
    gateway: Gateway, upstream: ScriptedUpstream, size: int, in_pieces: bool
) -> None:
    """A large body stops the reading of the connection, which also tells that the caller has left."""
    upstream.always(faults.falls_silent())
    request = written(gateway, {**STREAM, "messages": [{"role": "user", "content": "x" * size}]})
    with connect(gateway) as peer:
        head = request.index(b"\r\n\r\n") + 4 if in_pieces else 0
        peer.sendall(request[:head])
        peer.sendall(request[head:])
        (seen,) = upstream.wait_for(1)
        read_until(peer, b"word0")
    assert_let_go(gateway, seen)


async def test_a_cancelled_task_of_the_sdk_lets_go(
    gateway: Gateway, async_client: openai.AsyncOpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.always(faults.silent())
    task = asyncio.create_task(async_client.chat.completions.create(**ASK))
    (seen,) = await asyncio.to_thread(upstream.wait_for, 1)
    task.cancel()
    await asyncio.to_thread(assert_let_go, gateway, seen)


def test_a_closed_stream_of_the_sdk_lets_go(
    gateway: Gateway, client: openai.OpenAI, upstream: ScriptedUpstream
) -> None:
    upstream.always(faults.falls_silent())
    with client.chat.completions.create(**STREAM) as stream:
        next(stream)
        (seen,) = upstream.wait_for(1)
    assert_let_go(gateway, seen)


def test_embeddings_are_let_go_too(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.always(faults.silent())
    with connect(gateway) as peer:
        peer.sendall(written(gateway, {"model": "any", "input": "dusk"}, "/v1/openai/embeddings"))
        (seen,) = upstream.wait_for(1)
    assert_let_go(gateway, seen)


def test_no_second_attempt_starts_once_the_caller_has_left(
    gateway: Gateway, upstream: ScriptedUpstream, key: str
) -> None:
    before = rows(gateway)
    gate = Gate()
    upstream.always(faults.html(500).hold(gate))
    with connect(gateway) as peer:
        peer.sendall(written(gateway, ASK, key=key))
        (seen,) = upstream.wait_for(1)
        gate.open()
        assert seen.settled.wait(25)
    assert new_row(gateway, before).status == "cancelled"
    assert len(upstream.seen) == 1


def test_the_command_lists_who_left(gateway: Gateway, upstream: ScriptedUpstream, key: str) -> None:
    before = rows(gateway)
    upstream.always(faults.falls_silent())
    with connect(gateway) as peer:
        peer.sendall(written(gateway, STREAM, key=key))
        head = read_until(peer, b"word0").decode()
    new_row(gateway, before)
    newest = gateway.turns("--status", "cancelled")[0]
    assert newest["request_id"] in head
    assert newest["first_byte_ms"] is not None
    assert newest["finish_reason"] is None


def test_the_gateway_goes_on_after_callers_have_left(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    gate = Gate()
    upstream.always(faults.slow_to_start(gate))
    callers = [connect(gateway) for _ in range(20)]
    for number, peer in enumerate(callers):
        peer.sendall(written(gateway, STREAM if number % 2 else ASK))
    upstream.wait_for(20)
    for peer in callers:
        peer.close()
    for seen in upstream.seen:
        assert_let_go(gateway, seen)
    upstream.reset()
    with gateway.client() as client:
        assert client.chat.completions.create(**ASK).choices[0].finish_reason == "stop"
