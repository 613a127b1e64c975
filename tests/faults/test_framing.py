"""A request's beginning, its end and the headers that count are left to no guess."""

import json
import re
import socket
from collections.abc import Sequence

import pytest

from tests.e2e.wire import CHAT, connect, fetch, written
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Gate, json_answer
from tests.faults.callers import ASK, assert_refused, head, rest_of
from tests.faults.proc import PROC

pytestmark = pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")

LIVE = head("GET /health/live HTTP/1.1", "Host: x")
HIDDEN = head("GET /smuggled HTTP/1.1", "Host: x")


def answers(gateway: Gateway, *segments: bytes) -> list[bytes]:
    """Send each piece once the one before has been read; return the answers until the gateway closes."""
    with connect(gateway) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for segment in segments[:-1]:
            peer.sendall(segment)
            drained(gateway)
        peer.sendall(segments[-1])
        received, was_reset = rest_of(peer)
    assert not was_reset
    return apart(received)


def apart(received: bytes) -> list[bytes]:
    """Split what came into answers."""
    return [answer for answer in re.split(rb"(?=HTTP/1\.1 [0-9]{3} )", received) if answer]


def drained(gateway: Gateway) -> None:
    """Whoever answers this has read what was sent before, on whatever connection: it has one worker."""
    for _ in range(2):
        assert fetch(gateway, "/health/live").status == 200


def statuses(found: Sequence[bytes]) -> list[int]:
    return [int(answer.split(b" ", 2)[1]) for answer in found]


# Upgrades

OFFERS = {
    "h2c": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    "a web socket": ("connection: upgrade", "upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "an unknown protocol": ("Connection: keep-alive, Upgrade", "Upgrade: x/1"),
    "spaces around the name": ("Connection: upgrade", "UPGRADE:\t h2c "),
}


def upgrading(offer: str, *, length: int = len(HIDDEN)) -> bytes:
    return head(f"POST {CHAT} HTTP/1.1", "Host: x", f"Content-Length: {length}", *OFFERS[offer])


@pytest.mark.parametrize("offer", OFFERS)
def test_an_upgrade_is_refused_and_its_body_is_no_request(
    impatient: Gateway, worker: int, offer: str
) -> None:
    (answer,) = answers(impatient, upgrading(offer) + HIDDEN)
    assert_refused(answer, 400)
    assert b"connection: close" in answer
    assert b"HttpClient.Version.HTTP_1_1" in answer


@pytest.mark.parametrize("at", [-20, -14, -13, -8, -3, 0])
def test_an_upgrade_that_is_cut_anywhere_is_refused(impatient: Gateway, worker: int, at: int) -> None:
    request = upgrading("an unknown protocol")
    place = request.index(b"Upgrade: x/1") + len(b"Upgrade: x/1") + at
    found = answers(impatient, request[:place], request[place:], HIDDEN)
    assert statuses(found) == [400]


def test_an_upgrade_that_comes_byte_by_byte_is_refused(impatient: Gateway, worker: int) -> None:
    request = head("GET / HTTP/1.1", "Host: x", "Connection: upgrade", "Upgrade: x")
    found = answers(impatient, *(request[at : at + 1] for at in range(len(request))), HIDDEN)
    assert statuses(found) == [400]


def test_an_upgrade_behind_other_requests_is_refused_once_they_are_answered(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    together = LIVE + written(impatient, ASK) + upgrading("h2c") + HIDDEN + LIVE
    found = answers(impatient, together)
    assert statuses(found) == [200, 200, 400]
    assert b"live" in found[0]
    assert b"Good evening" in found[1]


def test_an_upgrade_within_a_body_is_the_body(impatient: Gateway, worker: int) -> None:
    body = head("Connection: upgrade", "Upgrade: h2c")
    first = head("POST /nowhere HTTP/1.1", "Host: x", f"Content-Length: {len(body)}") + body
    assert statuses(
        answers(impatient, first + LIVE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    ) == [
        404,
        200,
    ]


@pytest.mark.parametrize("line", ["Upgrade: h2c", "Connection: upgrade", "Upgrade-Insecure-Requests: 1"])
def test_half_an_offer_is_none(impatient: Gateway, worker: int, line: str) -> None:
    with connect(impatient) as peer:
        for _ in range(2):
            peer.sendall(head("GET /health/live HTTP/1.1", "Host: x", line))
            assert read_until(peer, b'"live"}').startswith(b"HTTP/1.1 200 ")


# Headers that must stand once, and what they may say

TWICE = [
    ("Host: gateway", "Host: gateway"),
    ("Host: gateway", "host: elsewhere"),
    ("Authorization: Bearer {key}", "Authorization: Bearer {key}"),
    ("Authorization: Bearer wrong", "Authorization: Bearer {key}"),
    ("X-API-Key: {key}", "X-Api-Key: {key}"),
    ("Persona-Workspace: ws_1", "Persona-Workspace: ws_2"),
    ("Persona-Workspace: ws_1", "PERSONA-WORKSPACE: ws_1"),
    ("Idempotency-Key: a", "Idempotency-Key: b"),
    ("X-Persona-Conversation-Id: conv_1", "X-Persona-Conversation-Id: conv_2"),
    ("Content-Type: application/json", "Content-Type: text/plain"),
    ("Content-Encoding: gzip", "Content-Encoding: gzip"),
]


@pytest.mark.parametrize("lines", TWICE, ids=[" + ".join(pair) for pair in TWICE])
def test_a_header_that_may_stand_once_is_refused_twice(
    impatient: Gateway, worker: int, lines: tuple[str, str]
) -> None:
    named = [line.format(key=impatient.key) for line in lines]
    own = [] if lines[0].startswith("Host") else ["Host: gateway"]
    (answer,) = answers(impatient, head("GET /v1/personas HTTP/1.1", *own, *named) + HIDDEN)
    assert_refused(answer, 400)
    name = lines[0].partition(":")[0].lower()
    assert f"`{name}`" in json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"]


@pytest.mark.parametrize("target", [CHAT, "/v1/openai%2fmodels", "http://x/v1/openai/models?a=b"])
def test_a_refusal_has_the_form_that_its_path_calls_for(impatient: Gateway, worker: int, target: str) -> None:
    (answer,) = answers(impatient, head(f"GET {target} HTTP/1.1", "Host: x", "Host: x"))
    assert b'"code":"invalid_request"' in answer
    (answer,) = answers(impatient, head("GET /v1/personas HTTP/1.1", "Host: x", "Host: x"))
    assert b'"code":"invalid_request"' not in answer


HOSTS: dict[str, tuple[bytes, int]] = {
    "none": (head("GET /health/live HTTP/1.1", "Connection: close"), 400),
    "none in HTTP/1.0": (head("GET /health/live HTTP/1.0"), 200),
    "an empty one": (head("GET /health/live HTTP/1.1", "Host:", "Connection: close"), 200),
    "with a port": (head("GET /health/live HTTP/1.1", "Host: my_host.x:8080", "Connection: close"), 200),
    "IPv6": (head("GET /health/live HTTP/1.1", "Host: [::1]:80", "Connection: close"), 200),
    "two in one": (head("GET /health/live HTTP/1.1", "Host: a, b"), 400),
    "a path": (head("GET /health/live HTTP/1.1", "Host: a/b"), 400),
    "somebody at it": (head("GET /health/live HTTP/1.1", "Host: a@b"), 400),
    "a space": (head("GET /health/live HTTP/1.1", "Host: a b"), 400),
    "not ASCII": (head("GET /health/live HTTP/1.1", b"Host: \xff"), 400),
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_request_names_one_host(impatient: Gateway, worker: int, name: str) -> None:
    data, status = HOSTS[name]
    assert statuses(answers(impatient, data)) == [status]


# Lengths and codings

CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"
REFUSED_FRAMING = [
    ("Transfer-Encoding: gzip, chunked",),
    ("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
    ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    ("Transfer-Encoding: chunked, chunked",),
    ("Transfer-Encoding: chunked, identity",),
    ("Transfer-Encoding: identity",),
    ("Transfer-Encoding: chunked;q=1",),
    ("Transfer-Encoding:",),
    ("Transfer-Encoding: xchunked",),
    ("Transfer-Encoding : chunked",),
    ("Transfer-Encoding:\x0bchunked",),
    ("Content-Length: 15", "Transfer-Encoding: chunked"),
    ("Transfer-Encoding: chunked", "Content-Length: 15"),
    ("Content-Length: 15", "Content-Length: 15"),
    ("Content-Length: 15", "Content-Length: 16"),
    ("Content-Length: 15, 15",),
    ("Content-Length: +15",),
    ("Content-Length: 0xf",),
    ("Content-Length: 15 15",),
    ("Content-Length: 1_5",),
    ("Content-Length: -15",),
    ("Content-Length:",),
    ("Content-Length : 15",),
    ("Content-Length: 18446744073709551631",),
    ("X: y", " Content-Length: 15"),
]


@pytest.mark.parametrize("lines", REFUSED_FRAMING, ids=repr)
@pytest.mark.parametrize("path", [CHAT, "/v1/personas", "/health/live"])
def test_a_body_with_two_ends_or_none_is_refused(
    impatient: Gateway, worker: int, lines: tuple[str, ...], path: str
) -> None:
    top = head(f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {impatient.key}", *lines)
    (answer,) = answers(impatient, top + CHUNKED + HIDDEN)
    assert_refused(answer, 400)


def test_chunks_are_not_for_http_1_0(impatient: Gateway, worker: int) -> None:
    top = head(f"POST {CHAT} HTTP/1.0", "Host: x", "Transfer-Encoding: chunked")
    (answer,) = answers(impatient, top + CHUNKED + HIDDEN)
    assert_refused(answer, 400)


BROKEN_CHUNKS = [
    *(b"0x5\r\nhello\r\n0\r\n\r\n", b"+5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n"),
    *(b"5\nhello\n0\n\n", b"5\r\nhello0\r\n\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"\r\nhello\r\n0\r\n\r\n"),
    *(b"-1\r\n\r\n", b"ffffffffffffffffff\r\n", b'5;a="b\r\nc"\r\nhello\r\n0\r\n\r\n'),
    *(b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", b"5\r\nhello\r\n0\r\nX: y\nZ: 1\r\n\r\n"),
    b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
]


@pytest.mark.parametrize("body", BROKEN_CHUNKS, ids=repr)
def test_chunks_that_are_broken_are_refused(impatient: Gateway, worker: int, body: bytes) -> None:
    for path in (CHAT, "/v1/personas"):
        top = head(
            *(f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {impatient.key}"),
            "Transfer-Encoding: chunked",
        )
        (answer,) = answers(impatient, top + body + HIDDEN)
        assert_refused(answer, 400)


@pytest.mark.parametrize(
    "shape",
    [
        lambda body: b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        lambda body: b'000%X;a=b;c="d e"\r\n%b\r\n000\r\n\r\n' % (len(body), body),
        lambda body: b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\nX-A: 1\r\nX-B: 2\r\n\r\n",
    ],
    ids=["one chunk", "extensions and zeros", "a byte each, and trailers"],
)
def test_chunks_of_any_shape_are_joined(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int, shape: object
) -> None:
    assert callable(shape)
    whole = written(impatient, ASK)
    top, _, body = whole.partition(b"\r\n\r\n")
    chunked = b"\r\n".join(line for line in top.split(b"\r\n") if not line.startswith(b"Content-Length"))
    with connect(impatient) as peer:
        for _ in range(2):
            peer.sendall(chunked + b"\r\nTransfer-Encoding: Chunked\r\n\r\n" + shape(body))
            assert read_until(peer, b"Good evening").startswith(b"HTTP/1.1 200 ")
    assert [seen.json["messages"][-1] for seen in upstream.seen] == ASK["messages"] * 2


def test_a_trailer_is_no_header(impatient: Gateway, worker: int) -> None:
    trailers = f"Authorization: Bearer {impatient.key}\r\nX-API-Key: {impatient.key}\r\nHost: y\r\n\r\n"
    lines = ("Host: x", "Connection: close", "Transfer-Encoding: chunked")
    for path in (CHAT, "/v1/personas"):
        body = b"2\r\n{}\r\n0\r\n" + trailers.encode()
        (answer,) = answers(impatient, head(f"POST {path} HTTP/1.1", *lines) + body)
        assert_refused(answer, 401)


# What comes behind


def test_nothing_behind_a_request_that_closes_is_answered(impatient: Gateway, worker: int) -> None:
    last = head("GET /health/live HTTP/1.1", "Host: x", "Connection: close")
    assert statuses(answers(impatient, last + HIDDEN)) == [200]


def test_an_answer_that_is_due_goes_out_before_a_refusal(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    gate = Gate()
    upstream.reply(json_answer(completion("the answer")).hold(gate))
    with connect(impatient) as peer:
        peer.sendall(written(impatient, ASK) + LIVE + b"GARBAGE\r\n\r\n" + HIDDEN)
        assert gate.reached.wait(25)
        gate.open()
        received, was_reset = rest_of(peer)
    assert not was_reset
    found = apart(received)
    assert statuses(found) == [200, 200, 400]
    assert b"the answer" in found[0]
    assert_refused(found[2], 400)


def test_a_body_that_breaks_in_the_queue_is_refused_behind_the_answer_before_it(
    impatient: Gateway, upstream: ScriptedUpstream, worker: int
) -> None:
    gate = Gate()
    upstream.reply(json_answer(completion("the answer")).hold(gate))
    broken = head(f"POST {CHAT} HTTP/1.1", "Host: x", "Transfer-Encoding: chunked") + b"zz\r\n"
    with connect(impatient) as peer:
        peer.sendall(written(impatient, ASK) + broken)
        assert gate.reached.wait(25)
        gate.open()
        received, _ = rest_of(peer)
    found = apart(received)
    assert statuses(found) == [200, 400]


def test_the_log_of_all_this_is_empty(impatient: Gateway) -> None:
    assert impatient.errors() == ""
