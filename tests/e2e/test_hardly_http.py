"""Bytes that are hardly HTTP are refused with a status, a form, a sentence and a request id."""

import re

import pytest

from tests.e2e.refusals import (
    ASK,
    REQUEST_ID,
    assert_is_a_sentence,
    assert_is_native,
    assert_is_openais,
    raw_reply,
)
from tests.e2e.wire import connect, fetch, written
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_all, read_until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Gate, json_answer


@pytest.mark.parametrize(
    "data",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /v1/openai/chat/completions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/openai/chat/completions HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /v1/openai/models HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
        b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_bytes_that_are_no_request_are_a_bad_request(gateway: Gateway, data: bytes) -> None:
    refused = raw_reply(gateway, data)
    assert refused.status == 400
    assert REQUEST_ID.fullmatch(refused.headers["x-request-id"])
    assert refused.headers["connection"] == "close"
    assert_is_a_sentence(refused.error["message"])


def test_a_broken_chunk_within_a_body_is_a_bad_request(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    head = written(gateway, ASK).partition(b"\r\n\r\n")[0]
    chunked = (
        re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head) + b"\r\n\r\n2\r\n{}\r\nZZ\r\n"
    )
    assert_is_openais(raw_reply(gateway, chunked), 400)
    assert not upstream.seen


def test_garbage_behind_a_request_does_not_answer_it(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    gate = Gate()
    upstream.reply(json_answer(completion("the answer")).hold(gate))
    with connect(gateway) as peer:
        peer.sendall(written(gateway, ASK))
        assert gate.reached.wait(25)
        peer.sendall(b"GARBAGE\r\n\r\n")
        gate.open()
        received = read_all(peer)
    answer, refusal = received.split(b"HTTP/1.1 400 ")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"the answer" in answer
    assert b"connection: close" in refusal


def test_two_requests_in_one_write_are_both_answered(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    with connect(gateway) as peer:
        peer.sendall(written(gateway, ASK) * 2)
        received = b""
        while received.count(b'"persona":{') < 2:
            received += read_until(peer, b"}}")
    assert received.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    "flood",
    [
        b"".join(b"X-%d: 1\r\n" % number for number in range(300)),
        b"X-Long: " + b"x" * 100_000 + b"\r\n",
        b"".join(b"X-%d: %s\r\n" % (number, b"x" * 5000) for number in range(30)),
    ],
)
@pytest.mark.parametrize("path", [b"/v1/openai/models", b"/health/live"])
def test_a_flood_of_headers_is_refused(gateway: Gateway, flood: bytes, path: bytes) -> None:
    refused = raw_reply(gateway, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + flood + b"\r\n")
    if b"openai" in path:
        assert_is_openais(refused, 431)
    else:
        assert_is_native(refused, 431, "request.headers_too_large")


def test_a_long_path_is_refused(gateway: Gateway) -> None:
    refused = raw_reply(gateway, b"GET /v1/openai/" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n")
    assert refused.status == 431
    assert REQUEST_ID.fullmatch(refused.headers["x-request-id"])


def test_many_headers_below_the_limit_are_taken(gateway: Gateway) -> None:
    assert fetch(gateway, "/health/live", headers={f"x-{number}": "1" for number in range(150)}).status == 200
