"""Connections that are held for nothing: each has an end, and those with a key have room."""

import re
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from tests.conftest import Start
from tests.e2e.wire import CHAT, ask, connect, fetch, line, written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import Answer, ScriptedUpstream
from tests.fakes.upstream_model import chunk
from tests.fakes.upstream_scripts import Gate, events
from tests.faults.callers import ASK, MB, STREAM, assert_refused, dribble, head, rest_of
from tests.faults.proc import PROC, children, memory, sockets

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc"),
]

NOTICED = 0.25
"""Seconds after which a caller who has left must have been noticed."""
LINGER = 2.0


# After a refusal

REFUSED = (
    (f"POST {CHAT}", 401),
    ("POST /v1/openai/embeddings", 401),
    ("POST /v1/personas", 401),
    ("POST /nowhere", 404),
    ("PUT /health/live", 405),
)
"""Three come without a key, one to a path that is not there, and one by a method that is not taken."""
FRAMINGS = ("Content-Length: 1000000", "Transfer-Encoding: chunked")


def test_a_body_may_not_dribble_on_after_a_refusal(impatient: Gateway, worker: int) -> None:
    cases = [(target, status, framing) for target, status in REFUSED for framing in FRAMINGS]
    at_once(lambda case: may_not_dribble_on(impatient, *case), cases)


def test_nor_may_one_in_an_encoding_that_is_not_taken(impatient: Gateway, worker: int) -> None:
    more = (f"Authorization: Bearer {impatient.key}", "Content-Encoding: br")
    paths = (CHAT, "/v1/openai/embeddings", "/v1/personas")
    cases = [(f"POST {path}", 415, framing, *more) for path in paths for framing in FRAMINGS]
    at_once(lambda case: may_not_dribble_on(impatient, *case), cases)


def at_once(look: Callable[[Any], None], cases: Sequence[Any]) -> None:
    """Look at all of these at the same time, as each takes seconds in which nothing happens."""
    with ThreadPoolExecutor(len(cases)) as threads:
        looks = [threads.submit(look, case) for case in cases]
    errors = [one.exception() for one in looks]
    assert [(case, repr(error)) for case, error in zip(cases, errors, strict=True) if error] == []


def may_not_dribble_on(gateway: Gateway, target: str, status: int, framing: str, *lines: str) -> None:
    piece = b"a" if framing.startswith("Content") else b"1\r\na\r\n"
    with connect(gateway) as peer:
        began = time.monotonic()
        peer.sendall(head(f"{target} HTTP/1.1", "Host: x", framing, *lines) + piece)
        answer = read_until(peer, b"}")
        assert_refused(answer, status)
        assert b"\r\nconnection: close\r\n" in answer
        peer.settimeout(0.1)
        # It would take a day until the body is there.
        until(lambda: is_over(peer, piece))
        # Whoever is still sending has a moment to read the answer.
        assert time.monotonic() - began > LINGER / 2


def is_over(peer: socket.socket, piece: bytes) -> bool:
    """Send a piece; tells whether the gateway takes no more, which has said all that it had to say."""
    try:
        peer.sendall(piece)
        while peer.recv(1 << 16):
            pass
        # It has ended its side and still hears ours out.
        peer.sendall(piece)
    except TimeoutError:
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


def test_a_refusal_of_a_whole_request_keeps_the_connection(impatient: Gateway, worker: int) -> None:
    with connect(impatient) as peer:
        for _ in range(3):
            peer.sendall(written(impatient, ASK, key="pk_live_wrong"))
            assert b"connection: close" not in read_until(peer, b"invalid_api_key")


def test_a_refused_caller_who_sends_much_can_read_why(impatient: Gateway, worker: int) -> None:
    body = b"a" * (8 * MB)
    with connect(impatient) as peer:
        peer.sendall(head(f"POST {CHAT} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}") + body)
        answer, was_reset = rest_of(peer)
    assert_refused(answer, 401)
    assert not was_reset


def test_many_refused_bodies_leave_no_connection(impatient: Gateway, worker: int) -> None:
    before = sockets(worker)
    with ExitStack() as stack:
        peers = [stack.enter_context(connect(impatient)) for _ in range(200)]
        for peer in peers:
            peer.sendall(head(f"POST {CHAT} HTTP/1.1", "Host: x", "Content-Length: 1000000") + b"{")
        for peer in peers:
            read_until(peer, b"invalid_api_key")
        until(lambda: sockets(worker) <= before)


# The whole of a body


def test_a_body_that_dribbles_has_a_deadline(impatient: Gateway, worker: int) -> None:
    at_once(lambda path: has_a_deadline(impatient, path), (CHAT, "/v1/personas"))


def has_a_deadline(gateway: Gateway, path: str) -> None:
    with connect(gateway) as peer:
        began = time.monotonic()
        peer.sendall(written(gateway, {**ASK, "pad": "x" * 100}, path)[:-60])
        answer, pieces = dribble(peer, b"x", until_answered=30)
        peer.settimeout(25)
        answer += rest_of(peer)[0]
    assert_refused(answer, 408)
    assert b"took more than 4 seconds" in answer
    assert time.monotonic() - began > 3
    assert pieces > 1


def test_bodies_that_wait_behind_an_answer_have_a_limit(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    gate = Gate()
    upstream.reply(events([chunk("first"), gate, chunk(finish="stop")]))
    large = written(impatient, {**ASK, "pad": "x" * (12 * MB)})
    before = memory(worker)
    with connect(impatient) as peer:
        peer.sendall(written(impatient, STREAM))
        read_until(peer, b"first")
        peer.sendall(large * 5)
        drained(impatient)
        assert memory(worker) - before < 80 * MB
        gate.open()
        received, _ = rest_of(peer)
    found = re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", received)
    # The head of the first answer was read before.
    assert found == [b"200", b"200", b"413"]


# Callers who leave while something of theirs waits

BEHIND: dict[str, Callable[[Gateway], bytes]] = {
    "nothing": lambda gateway: b"",
    "a request": lambda gateway: written(gateway, ASK),
    "several requests": lambda gateway: written(gateway, ASK) * 20,
    "half a head": lambda gateway: written(gateway, ASK)[:50],
    "a body that has begun": lambda gateway: written(gateway, ASK)[:-10],
    "a body that is large": lambda gateway: written(gateway, {**ASK, "pad": "x" * 500_000}),
    "garbage": lambda gateway: b"GARBAGE\r\n\r\n",
    "an upgrade": lambda gateway: head("GET / HTTP/1.1", "Host: x", "Connection: upgrade", "Upgrade: x"),
    "a refused head and more": lambda gateway: head("GET / HTTP/1.1") + b"x" * 300_000,
}
OPEN: dict[str, tuple[dict[str, Any], Callable[[], Answer], bytes]] = {
    "before the first byte": (STREAM, faults.silent, b""),
    "in the middle of a stream": (STREAM, faults.falls_silent, b"word0"),
    "before a whole answer": (ASK, faults.silent, b""),
    "a large request": ({**ASK, "pad": "x" * 400_000}, faults.silent, b""),
    "a stream that is not read": (STREAM, lambda: faults.drip(0, 256 * 1024), b"xxxx"),
}


@pytest.mark.parametrize("how", ["closes", "closes its sending side"])
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("name", OPEN)
def test_a_caller_who_leaves_is_noticed_at_once(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int, name: str, behind: str, how: str
) -> None:
    body, answer, mark = OPEN[name]
    delays: list[float] = []
    # A busy machine may be late now and then.
    while not delays or (min(delays) >= NOTICED and len(delays) < 10):
        upstream.reset()
        upstream.always(answer())
        asked = time.monotonic()
        drained(impatient)
        usual = time.monotonic() - asked
        with connect(impatient) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.sendall(written(impatient, body))
            (seen,) = upstream.wait_for(1)
            if mark:
                read_until(peer, mark)
            peer.sendall(BEHIND[behind](impatient))
            drained(impatient)
            if how != "closes":
                peer.shutdown(socket.SHUT_WR)
                began = time.monotonic()
                assert seen.gone.wait(25)
            else:
                began = time.monotonic()
        assert seen.gone.wait(25)
        delays.append(time.monotonic() - began - usual)
    assert min(delays) < NOTICED


def drained(gateway: Gateway) -> None:
    """Whoever answers this has read what was sent before, on whatever connection: it has one worker."""
    for _ in range(2):
        assert fetch(gateway, "/health/live").status == 200


# Too many


@pytest.fixture
def narrow(start: Start, upstream: ScriptedUpstream) -> Gateway:
    """A gateway with room for eight callers, of whom six may be strangers."""
    table = upstream_table("main", upstream.base_url, 'default_model = "gpt-4o-mini"')
    gateway = start(table + "[server]\nmax_connections = 8\n")
    assert fetch(gateway, body=ASK).status == 200
    return gateway


def strangers(gateway: Gateway, count: int) -> list[socket.socket]:
    peers = [connect(gateway) for _ in range(count)]
    for peer in peers:
        with suppress(OSError):
            peer.sendall(b"POST / HTTP/1.1\r\n")
    return peers


def streaming(gateway: Gateway) -> socket.socket:
    """Open a stream with a key, and stay in the middle of it."""
    peer = connect(gateway)
    peer.sendall(written(gateway, STREAM))
    read_until(peer, b"first")
    return peer


def test_strangers_do_not_keep_out_those_with_a_key(narrow: Gateway) -> None:
    peers = strangers(narrow, 40)
    with ExitStack() as stack:
        for peer in peers:
            stack.enter_context(peer)
        for _ in range(4):
            with line(narrow) as opened:
                assert ask(opened, CHAT, ASK, key=narrow.key).status == 200
        (worker,) = children(narrow.pid)
        # A listening socket, those of the event loop, and the upstream's.
        assert sockets(worker) < 8 + 8
        # The oldest strangers had the most time to show a key.
        assert [is_cut(peer) for peer in peers[:30]] == [True] * 30


def is_cut(peer: socket.socket) -> bool:
    peer.settimeout(25)
    try:
        return peer.recv(1) == b""
    except ConnectionResetError:
        return True


def test_those_with_a_key_stay_however_many_strangers_come(
    narrow: Gateway, upstream: ScriptedUpstream
) -> None:
    gate = Gate()
    upstream.always(events([chunk("first"), gate, chunk(finish="stop")]))
    with ExitStack() as stack:
        known = [stack.enter_context(streaming(narrow)) for _ in range(5)]
        for peer in strangers(narrow, 30):
            stack.enter_context(peer)
        assert fetch(narrow, "/v1/personas").status == 200
        gate.open()
        for peer in known:
            assert b"[DONE]" in read_until(peer, b"0\r\n\r\n")


def test_where_all_places_are_taken_by_those_with_a_key_others_are_told(
    narrow: Gateway, upstream: ScriptedUpstream
) -> None:
    gate = Gate()
    upstream.always(events([chunk("first"), gate, chunk(finish="stop")]))
    with ExitStack() as stack:
        known = [stack.enter_context(streaming(narrow)) for _ in range(8)]
        refused = fetch(narrow, "/v1/personas")
        assert refused.status == 503
        assert refused.error["code"] == "server.overloaded"
        assert refused.headers["connection"] == "close"
        gate.open()
        for peer in known:
            assert b"[DONE]" in read_until(peer, b"0\r\n\r\n")
    until(lambda: fetch(narrow, "/v1/personas").status == 200)


def test_a_place_is_free_again_once_its_caller_has_left(narrow: Gateway) -> None:
    for _ in range(40):
        assert fetch(narrow, "/v1/personas").status == 200
    for _ in range(40):
        assert fetch(narrow, "/health/live").status == 200
    with line(narrow) as opened:
        assert ask(opened, "/v1/personas", key=narrow.key).status == 200


def test_the_log_of_all_this_is_empty(impatient: Gateway) -> None:
    assert impatient.errors() == ""
