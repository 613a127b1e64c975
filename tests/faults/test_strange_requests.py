"""A strange request, or none, gets a clear error or a clean close, alone or among others."""

import socket
from contextlib import suppress

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.wire import CHAT, connect, fetch, written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import Gate
from tests.faults.callers import ASK, MB, STREAM, assert_refused, head, rest_of
from tests.faults.proc import PROC

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc"),
]


NO_REQUESTS: dict[str, tuple[bytes, int | None]] = {
    "garbage": (b"\x00\x01\x02 what is this\r\n\r\n", 400),
    "a TLS hello": (bytes.fromhex("16030100c8010000c40303") + b"\xaa" * 190, 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None),
    "no version": (b"GET /nothing\r\n\r\n", 404),
    "a wrong version": (head("GET / HTTP/9.9"), 400),
    "an unknown method": (head("BREW / HTTP/1.1", "Host: x"), 400),
    "a path that is not ASCII": (head(b"GET /\xff\xfe HTTP/1.1", "Host: x"), None),
    "a path of NULs": (head("GET /%00%00 HTTP/1.1", "Host: x"), 404),
    "a path that is not UTF-8": (head("GET /v1/openai/models/%ff%fe HTTP/1.1", "Host: x"), None),
    "CONNECT": (head("CONNECT example.com:443 HTTP/1.1", "Host: x"), None),
    "an absolute address": (head("GET http://x/nowhere HTTP/1.1", "Host: x"), 404),
    "an asterisk": (head("OPTIONS * HTTP/1.1", "Host: x"), None),
    "a NUL in a header": (head("GET /health/live HTTP/1.1", "X-A: a\x00b"), 400),
    "a bare line feed in a header": (b"GET /health/live HTTP/1.1\nHost: x\nX-A: b\n\n", None),
    "a header without a name": (head("GET /health/live HTTP/1.1", ": b"), 400),
    "two lengths": (head("POST /x HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400),
    "a length and chunks": (
        head(f"POST {CHAT} HTTP/1.1", "Content-Length: 1", "Transfer-Encoding: chunked"),
        400,
    ),
    "a length below zero": (head("POST /x HTTP/1.1", "Content-Length: -1"), 400),
    "a giant length": (head(f"POST {CHAT} HTTP/1.1", "Content-Length: 99999999999999999999999"), 400),
    "a broken chunk": (head(f"POST {CHAT} HTTP/1.1", "Transfer-Encoding: chunked") + b"zz\r\n", 400),
    "a long path": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 431),
    "a path without an end": (b"GET /" + b"a" * 200_000, 431),
    "a long header": (head("GET /health/live HTTP/1.1", "X-A: " + "a" * 70_000), 431),
    "a header without an end": (b"GET / HTTP/1.1\r\nX-A: " + b"a" * 200_000, 431),
    "many headers": (head("GET /health/live HTTP/1.1", *(f"X-{at}: a" for at in range(250))), 431),
    "headers without an end": (b"GET / HTTP/1.1\r\n" + b"X-A: a\r\n" * 100_000, 431),
}


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_what_is_no_request_is_refused(impatient: Gateway, worker: int, name: str) -> None:
    data, status = NO_REQUESTS[name]
    with connect(impatient) as peer:
        with suppress(ConnectionResetError, BrokenPipeError):
            peer.sendall(data)
        with suppress(OSError):
            if status is not None:
                # One who sends no more has left, and is not answered.
                peer.recv(1, socket.MSG_PEEK)
            # Where the gateway has not closed, there is no more to come.
            peer.shutdown(socket.SHUT_WR)
        answer, _ = rest_of(peer)
    if status is not None:
        assert_refused(answer, status)
    assert not answer.startswith(b"HTTP/1.1 5")
    assert fetch(impatient, "/health/live").status == 200


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no JSON": (b"{", 400),
    "arrays, 100,000 deep": (b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "objects, 100,000 deep": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    "brackets without an end": (b"[" * 100_000, 400),
    "bytes that are not UTF-8": (b'{"model":"\xff","messages":[]}', 400),
    "UTF-8 of a surrogate": (b'{"model":"\xed\xa0\xbd","messages":[]}', 400),
    "a lone surrogate": (rb'{"model":"\ud83d","messages":[]}', 400),
    "a lone surrogate in a message": (rb'{"model":"m","messages":[{"role":"user","content":"\ud83d"}]}', 400),
    "a lone surrogate in a key": (rb'{"\ud83d":1,"model":"m","messages":[]}', 400),
    "UTF-16": ('{"model":"m","messages":[]}'.encode("utf-16"), 400),
    "a NUL": (b'{"model":"m\x00","messages":[]}', 400),
    "an escaped NUL": (rb'{"model":"persona/m\u0000","messages":[]}', 404),
    "a NUL behind the JSON": (b'{"model":"m","messages":[]}\x00', 400),
    "a giant number": (b'{"model":"m","messages":[],"n":' + b"9" * 100_000 + b"}", 404),
    "a long model name": (b'{"model":"persona/' + b"a" * MB + b'","messages":[]}', 400),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_read_is_refused(impatient: Gateway, worker: int, name: str) -> None:
    data, status = BODIES[name]
    reply = fetch(impatient, body=data, method="POST")
    assert reply.status == status, reply.body
    assert reply.error["message"]
    assert len(reply.body) < 2000


@pytest.mark.parametrize("stream", ["true", "false"])
@pytest.mark.parametrize(
    "place",
    [
        '"messages":[{"role":"user","content":%s}]',
        '"messages":[{"role":"system","content":%s},{"role":"user","content":"Hi"}]',
        '"messages":[{"role":"system","content":[{"type":"text","text":"a","x":%s}]},{"role":"user"}]',
        '"messages":[%s]',
        '"messages":[{"role":%s}]',
        '"messages":[],"tools":%s',
        '"messages":[],"stream_options":{"x":%s}',
        '"messages":[],"metadata":%s',
    ],
)
def test_json_of_any_depth_is_answered(impatient: Gateway, worker: int, place: str, stream: str) -> None:
    found = set()
    for depth in (10, 200, *range(900, 1010, 5)):
        deep = place % ("[" * depth + "]" * depth)
        body = f'{{"model":"{LIBRARIAN}","stream":{stream},{deep}}}'.encode()
        found.add(fetch(impatient, body=body).status)
    assert found <= {200, 400}
    assert 400 in found


def test_of_keys_that_are_repeated_the_last_counts(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    twice = b'{"model":"nobody","model":"plain-model","messages":0,"messages":[],"n":2,"n":1}'
    assert fetch(impatient, body=twice).status == 200
    assert upstream.seen[0].json == {"model": "plain-model", "messages": [], "n": 1}


def test_two_requests_on_one_connection_are_answered_in_order(impatient: Gateway, worker: int) -> None:
    first, second = (written(impatient, {**ASK, "messages": hello(text)}) for text in ("first", "second"))
    with connect(impatient) as peer:
        peer.sendall(first)
        assert b"You said: first" in read_until(peer, b"first")
        peer.sendall(second)
        assert b"You said: second" in read_until(peer, b"second")


@pytest.mark.parametrize("stream", [False, True])
def test_pipelined_requests_are_answered_in_order(impatient: Gateway, worker: int, stream: bool) -> None:
    words = [f"word{number}." for number in range(10)]
    asks = [written(impatient, {**ASK, "stream": stream, "messages": hello(word)}) for word in words]
    with connect(impatient) as peer:
        peer.sendall(b"".join(asks))
        received = read_until(peer, words[-1].encode())
    places = [received.index(word.encode()) for word in words]
    assert places == sorted(places)
    assert received.count(b"HTTP/1.1 200 OK") == 10


@pytest.mark.parametrize("waiting", [33, 1000])
def test_a_flood_of_pipelined_requests_is_refused_behind_the_answers_that_are_due(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int, waiting: int
) -> None:
    gate = Gate()
    upstream.always(faults.slow_to_start(gate))
    with connect(impatient) as peer:
        peer.sendall(written(impatient, ASK) + head("GET /health/live HTTP/1.1", "Host: x") * waiting)
        upstream.wait_for(1)
        gate.open()
        received, is_reset = rest_of(peer)
    answers = [answer.partition(b" ")[0] for answer in received.split(b"HTTP/1.1 ")[1:]]
    assert answers == [*[b"200"] * 33, b"429"]
    assert b"connection: close\r\n" in received[received.rindex(b"HTTP/1.1 429") :]
    assert not is_reset


def test_a_caller_who_leaves_with_requests_in_the_queue_is_noticed(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    upstream.always(faults.falls_silent())
    with connect(impatient) as peer:
        peer.sendall(written(impatient, STREAM) * 3)
        read_until(peer, b"word0")
    (seen,) = upstream.wait_for(1)
    assert seen.gone.wait(25)
    assert len(upstream.seen) == 1


def test_the_log_of_strange_requests_is_empty(impatient: Gateway) -> None:
    assert impatient.errors() == ""
