"""Each fault of the scripted upstream goes wrong as its name says."""

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request

import openai
import pytest

from tests.fakes import upstream_faults as faults
from tests.fakes.asking import ASK, connect, fetch, request
from tests.fakes.sockets import read_all
from tests.fakes.upstream import Answer, ScriptedUpstream
from tests.fakes.upstream_model import chunk
from tests.fakes.upstream_scripts import (
    CLOSE,
    WHOLE,
    error_object,
    events,
)


@pytest.mark.parametrize("fault", [faults.reset_before_headers(), faults.reset_midway()])
def test_a_reset_is_a_reset(upstream: ScriptedUpstream, fault: Answer) -> None:
    upstream.reply(fault)
    with connect(upstream) as peer:
        peer.sendall(request({**ASK, "stream": True}))
        with pytest.raises(ConnectionResetError):
            read_all(peer)
    assert upstream.seen[0].settled.wait(25)
    assert not upstream.seen[0].gone.is_set()


@pytest.mark.parametrize(
    ("fault", "stream", "end"),
    [
        (faults.closed_before_headers(), True, b""),
        (faults.cut_mid_frame(), True, b'"id":"chatcmpl-scripted","object":"chat\r\n'),
        (faults.cut_between_frames(), True, b'"finish_reason":null}]}\n\n\r\n'),
        (faults.cut_between_frames(), False, b'{"cached_tokens":0}}}\r\n'),
        (faults.ends_without_finish(), True, b'"finish_reason":null}]}\n\n\r\n0\r\n\r\n'),
        (faults.ends_without_done(), True, b'"finish_reason":"stop"}]}\n\n\r\n0\r\n\r\n'),
        (faults.empty_answer(), False, b"application/json\r\n\r\n"),
        (faults.empty_answer(), True, b"\r\n\r\n0\r\n\r\n"),
    ],
)
def test_a_broken_answer_ends_where_its_name_says(
    upstream: ScriptedUpstream, fault: Answer, stream: bool, end: bytes
) -> None:
    upstream.reply(fault)
    with connect(upstream) as peer:
        peer.sendall(request({**ASK, "stream": stream}, extra="Connection: close\r\n"))
        received = read_all(peer)
    assert received.endswith(end)
    assert b"[DONE]" not in received
    assert upstream.seen[0].settled.wait(25)
    assert upstream.seen[0].finished


def test_a_cut_body_is_shorter_than_declared(upstream: ScriptedUpstream) -> None:
    upstream.reply(faults.cut_mid_frame(), events([chunk("a"), CLOSE], delivery=WHOLE))
    for _ in range(2):
        with pytest.raises(http.client.IncompleteRead):
            fetch(upstream)


@pytest.mark.parametrize(("after", "heard"), [(0, 0), (2, 3)])
def test_an_error_event_raises_in_the_sdk(
    upstream: ScriptedUpstream, client: openai.OpenAI, after: int, heard: int
) -> None:
    upstream.reply(faults.error_event(after, error_object("Out of order.")))
    chunks = client.chat.completions.create(**ASK, stream=True)
    assert len([next(chunks) for _ in range(heard)]) == heard
    with pytest.raises(openai.APIError, match="Out of order"):
        next(chunks)


@pytest.mark.parametrize("fault", [faults.error_event(), faults.error_in_chunk()])
def test_an_error_may_come_with_status_200(upstream: ScriptedUpstream, fault: Answer) -> None:
    upstream.reply(fault)
    code, _, body = fetch(upstream)
    assert code == 200
    assert json.loads(body)["error"]


@pytest.mark.parametrize("stream", [False, True])
def test_broken_json_cannot_be_decoded(upstream: ScriptedUpstream, stream: bool) -> None:
    upstream.reply(faults.broken_json())
    body = fetch(upstream, {**ASK, "stream": stream})[2]
    with pytest.raises(json.JSONDecodeError):
        json.loads(body.partition(b"\n")[0].removeprefix(b"data: "))


def test_big_and_many_frames_arrive_whole(upstream: ScriptedUpstream, client: openai.OpenAI) -> None:
    upstream.reply(faults.big_frame(2 << 20), faults.many_chunks(3000))
    big = client.chat.completions.create(**ASK, stream=True)
    assert max(len(part.choices[0].delta.content or "") for part in big) == 2 << 20
    assert fetch(upstream, {**ASK, "stream": True})[2].count(b"\n\n") == 3000 + 3


def test_a_refused_port_refuses() -> None:
    with faults.refused_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=25)


def test_an_unanswered_port_leaves_the_caller_waiting() -> None:
    with faults.unanswered_port() as port, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.05)


def test_garbage_instead_of_tls_is_a_tls_error() -> None:
    with faults.tls_garbage_server() as url, pytest.raises(urllib.error.URLError) as failure:
        urllib.request.urlopen(url, timeout=5)
    assert isinstance(failure.value.reason, ssl.SSLError)
