"""The scripted upstream does what its scripts say, to the byte, and notices when its peer goes."""

import asyncio
import gzip
import json
import socket
import struct
import time
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import upstream_faults as faults
from tests.fakes.asking import ASK, connect, fetch, request
from tests.fakes.sockets import read_all, read_until
from tests.fakes.upstream import Answer, ScriptedUpstream
from tests.fakes.upstream_model import answer_chunks, chunk, completion, usage_chunk
from tests.fakes.upstream_scripts import (
    CLOSE,
    WHOLE,
    Delivery,
    Gate,
    Named,
    Stall,
    Style,
    events,
    json_answer,
    raw,
    status,
)


def test_a_request_is_seen_as_it_was_sent(upstream: ScriptedUpstream) -> None:
    with connect(upstream) as peer:
        peer.sendall(request(extra="X-Tag: a\r\nx-tag: b\r\n"))
        (seen,) = upstream.wait_for(1)
        assert seen.settled.wait(25)
    assert (seen.method, seen.path, seen.headers["x-tag"]) == ("POST", "/v1/chat/completions", "a, b")
    assert seen.json == ASK
    assert seen.finished
    assert seen.closed.wait(25)
    assert not seen.gone.is_set()


def test_a_chunked_body_waits_for_permission(upstream: ScriptedUpstream) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    data = json.dumps(ASK).encode()
    with connect(upstream) as peer:
        peer.sendall(head)
        assert read_until(peer, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        for part in (data[:7], data[7:]):
            peer.sendall(b"%x;note=1\r\n%b\r\n" % (len(part), part))
        peer.sendall(b"0\r\nX-Trailer: 1\r\n\r\n")
        assert upstream.wait_for(1)[0].json == ASK


def test_one_connection_carries_many_requests(upstream: ScriptedUpstream) -> None:
    upstream.reply(json_answer({"n": 1}), json_answer({"n": 2}))
    with connect(upstream) as peer:
        peer.sendall(request() + request(extra="Connection: close\r\n"))
        received = read_all(peer)
    assert received.index(b'{"n":1}') < received.index(b'{"n":2}')
    assert (upstream.connections_opened, len(upstream.seen)) == (1, 2)


def test_waiting_in_vain_says_how_many_came(upstream: ScriptedUpstream) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        upstream.wait_for(1, timeout=0)


def test_an_idle_connection_can_be_hung_up(upstream: ScriptedUpstream) -> None:
    with connect(upstream) as peer:
        peer.sendall(request())
        upstream.wait_for(1)[0].settled.wait(25)
        upstream.hang_up()
        read_all(peer)
    assert upstream.seen[0].closed.wait(25)


def test_an_upstream_comes_back_at_the_same_port() -> None:
    upstream = ScriptedUpstream()
    with upstream:
        port = upstream.port
    with pytest.raises(ConnectionRefusedError):
        connect(upstream)
    with upstream:
        assert (fetch(upstream)[0], upstream.port) == (200, port)


def test_stopping_ends_a_request_that_hangs() -> None:
    with ScriptedUpstream() as upstream:
        upstream.always(faults.silent())
        peer = connect(upstream)
        peer.sendall(request())
        (seen,) = upstream.wait_for(1)
    with peer:
        assert peer.recv(1) == b""
    assert seen.closed.is_set()
    assert not seen.gone.is_set()


def test_a_script_that_fails_fails_the_test() -> None:
    def broken(seen: object) -> Any:
        raise LookupError("no such script")

    upstream = ScriptedUpstream()
    upstream.always(broken)
    upstream.__enter__()
    with connect(upstream) as peer:
        peer.sendall(request())
        assert read_all(peer) == b""
    with pytest.raises(LookupError):
        upstream.__exit__(None, None, None)


def test_a_body_with_two_lengths_fails_the_test() -> None:
    upstream = ScriptedUpstream()
    upstream.__enter__()
    with connect(upstream) as peer:
        peer.sendall(request(extra="Transfer-Encoding: chunked\r\n"))
        read_all(peer)
    with pytest.raises(ValueError, match="two lengths"):
        upstream.__exit__(None, None, None)


def test_scripts_are_chosen_by_path_then_queue_then_model_then_always(upstream: ScriptedUpstream) -> None:
    upstream.always(status(503))
    upstream.by_model("odd", status(404))
    upstream.reply(status(409), lambda seen: status(422 if seen.model == "odd" else 500))
    odd = {**ASK, "model": "odd"}
    assert [fetch(upstream, body)[0] for body in (odd, odd, odd, ASK)] == [409, 422, 404, 503]
    upstream.by_path("/completions", status(418))
    assert fetch(upstream)[0] == 418
    upstream.reset()
    assert fetch(upstream)[0] == 200
    assert len(upstream.seen) == 1


def test_a_refusal_has_its_status_headers_and_body(upstream: ScriptedUpstream) -> None:
    upstream.reply(status(429, retry_after=2), faults.html(), faults.redirect("http://elsewhere.invalid/"))
    code, headers, body = fetch(upstream)
    assert (code, headers["retry-after"], json.loads(body)["error"]["code"]) == (429, "2", 429)
    assert fetch(upstream)[1]["content-type"] == "text/html"
    assert fetch(upstream)[1]["location"] == "http://elsewhere.invalid/"


@pytest.mark.parametrize("delivery", [WHOLE, Delivery(), Delivery("close"), Delivery(split=(1, 7))])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_whole_answer_arrives_however_it_travels(
    upstream: ScriptedUpstream, delivery: Delivery, zipped: bool
) -> None:
    carried = Delivery(delivery.framing, delivery.split, zipped)
    upstream.reply(json_answer(completion("ü" * 50), leading=b" \n ", delivery=carried))
    _, headers, body = fetch(upstream)
    assert (headers.get("content-encoding") == "gzip") is zipped
    text = gzip.decompress(body) if zipped else body
    assert text.startswith(b" \n {")
    assert json.loads(text)["choices"][0]["message"]["content"] == "ü" * 50


def test_raw_bytes_go_out_as_they_are(upstream: ScriptedUpstream) -> None:
    upstream.reply(raw(b"HTTP/9 nonsense\r\n", b"\x00\xff", CLOSE))
    with connect(upstream) as peer:
        peer.sendall(request())
        assert read_all(peer) == b"HTTP/9 nonsense\r\n\x00\xff"


def test_events_are_written_in_the_style_asked_for(upstream: ScriptedUpstream) -> None:
    style = Style(
        newline="\r\n",
        space_after_colon=False,
        bom=True,
        comment=b": hi\n",
        ids=True,
        retry=10,
        final_newlines=1,
    )
    upstream.reply(events(["a\nb", Named("error", {"x": 1}), b": as it is\n\n"], style=style))
    assert fetch(upstream)[2] == (
        b"\xef\xbb\xbf: hi\nretry:10\r\nid:0\r\ndata:a\r\ndata:b\r\n\r\n"
        b': hi\nevent:error\r\nid:1\r\ndata:{"x":1}\r\n\r\n'
        b": as it is\n\n: hi\nid:3\r\ndata:[DONE]\r\n"
    )


def test_every_write_is_an_http_chunk_of_the_size_asked_for(upstream: ScriptedUpstream) -> None:
    upstream.reply(events(["é"], done=False, delivery=Delivery(split=7)))
    with connect(upstream) as peer:
        peer.sendall(request(extra="Connection: close\r\n"))
        body = read_all(peer).split(b"\r\n\r\n", 1)[1]
    assert body == b"7\r\ndata: \xc3\r\n3\r\n\xa9\n\n\r\n0\r\n\r\n"


@given(
    style=st.builds(
        Style,
        newline=st.sampled_from(["\n", "\r\n", "\r"]),
        space_after_colon=st.booleans(),
        comment=st.sampled_from([b"", b": ping\n"]),
        ids=st.booleans(),
        multi_line=st.booleans(),
    ),
    delivery=st.builds(
        Delivery,
        framing=st.sampled_from(["chunked", "length", "close"]),
        split=st.none() | st.integers(1, 40) | st.tuples(st.integers(1, 3), st.integers(1, 40)),
    ),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sdk_reads_every_style_and_delivery(
    upstream: ScriptedUpstream, client: openai.OpenAI, style: Style, delivery: Delivery
) -> None:
    answer = [*answer_chunks("héllo 🙂 there"), usage_chunk()]
    upstream.reply(events(answer, style=style, delivery=delivery))
    chunks = list(client.chat.completions.create(**ASK, stream=True))
    assert "".join(part.choices[0].delta.content or "" for part in chunks[:-1]) == "héllo 🙂 there"
    assert chunks[-1].usage


def test_an_emoji_cut_over_two_chunks_is_escaped(upstream: ScriptedUpstream) -> None:
    upstream.reply(events([chunk("\ud83d"), chunk("\ude42")]))
    body = fetch(upstream)[2]
    assert b"\\ud83d" in body
    assert b"\\ude42" in body


def test_a_gate_holds_the_stream_until_the_test_opens_it(upstream: ScriptedUpstream) -> None:
    gate = Gate()
    upstream.reply(events([chunk("first"), gate, chunk("second")]))
    with connect(upstream) as peer:
        peer.sendall(request())
        assert gate.reached.wait(25)
        assert b"second" not in read_until(peer, b"first")
        gate.open()
        read_until(peer, b"0\r\n\r\n")


def test_a_hold_comes_before_the_head_and_an_interruption_within_the_body(upstream: ScriptedUpstream) -> None:
    start, middle = Gate(), Gate()
    upstream.reply(json_answer({"a": "b"}).interrupt(5, middle).hold(start))
    with connect(upstream) as peer:
        peer.sendall(request())
        assert start.reached.wait(25)
        assert upstream.seen[0].sent_bytes == 0
        start.open()
        assert read_until(peer, b'{"a":').endswith(b'\r\n\r\n{"a":')
        middle.open()
        assert read_until(peer, b"}") == b'"b"}'


def test_a_stall_lasts_as_long_as_it_says(upstream: ScriptedUpstream) -> None:
    upstream.reply(faults.slow_to_start(Stall(0.05)))
    begun = time.monotonic()
    assert fetch(upstream)[0] == 200
    assert time.monotonic() - begun >= 0.05


async def test_async_tests_wait_in_a_thread(upstream: ScriptedUpstream) -> None:
    upstream.always(faults.silent())
    async with openai.AsyncOpenAI(base_url=upstream.base_url, api_key="sk-test", max_retries=0) as caller:
        task = asyncio.create_task(caller.chat.completions.create(**ASK))
        (seen,) = await asyncio.to_thread(upstream.wait_for, 1)
        task.cancel()
        assert await asyncio.to_thread(seen.gone.wait, 25)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "answer", [faults.silent(), faults.drip(0.001), faults.drip(0, 1 << 16), faults.stalls(Gate())]
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_peer_that_leaves_is_missed(
    upstream: ScriptedUpstream, answer: Answer, reset: bool, stream: bool
) -> None:
    upstream.reply(answer)
    with connect(upstream) as peer:
        peer.sendall(request({**ASK, "stream": stream}))
        (seen,) = upstream.wait_for(1)
        if reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert seen.gone.wait(25)
    assert not seen.finished
    assert seen.closed.wait(25)


def test_a_peer_that_does_not_read_blocks_the_upstream(upstream: ScriptedUpstream) -> None:
    upstream.reply(faults.drip(0, 1 << 18))
    with connect(upstream) as peer:
        peer.sendall(request())
        (seen,) = upstream.wait_for(1)
        assert seen.blocked.wait(25)
        assert seen.sent_bytes < 1 << 26
    assert seen.gone.wait(25)
