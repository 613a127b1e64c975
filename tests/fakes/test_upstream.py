"""The scripted upstream does what its scripts say, to the byte, and notices when its peer goes."""

import asyncio
import gzip
import http.client
import json
import socket
import ssl
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from tests.fakes import upstream_faults as faults
from tests.fakes.upstream import Answer, ScriptedUpstream
from tests.fakes.upstream_model import MODEL, answer_chunks, chunk, completion, usage_chunk
from tests.fakes.upstream_scripts import (
    CLOSE,
    WHOLE,
    Delivery,
    Gate,
    Named,
    Stall,
    Style,
    error_object,
    events,
    json_answer,
    raw,
    status,
)

ASK: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "one two three"}]}
FIELDS = {"city": {"type": "string"}, "days": {"type": "integer"}}
FUNCTION = {"name": "weather", "parameters": {"type": "object", "properties": FIELDS}}
TOOL: Any = {"type": "function", "function": FUNCTION}


class Trip(BaseModel):
    city: str
    days: list[int]


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as running:
        yield running


@pytest.fixture
def client(upstream: ScriptedUpstream) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=upstream.base_url, api_key="sk-test", max_retries=0) as made:
        yield made


def connect(upstream: ScriptedUpstream) -> socket.socket:
    return socket.create_connection(("127.0.0.1", upstream.port), timeout=5)


def request(body: dict[str, Any] = ASK, *, extra: str = "") -> bytes:
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n{extra}\r\n"
    return head.encode() + data


def fetch(upstream: ScriptedUpstream, body: dict[str, Any] = ASK) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=5)) as line:
        line.request("POST", "/v1/chat/completions", json.dumps(body))
        with line.getresponse() as response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, response.read()


def read_until_end(peer: socket.socket) -> bytes:
    received = b""
    while data := peer.recv(1 << 16):
        received += data
    return received


def read_until(peer: socket.socket, mark: bytes) -> bytes:
    received = b""
    while mark not in received:
        data = peer.recv(1 << 16)
        assert data, received
        received += data
    return received


# The built-in model


def test_the_model_says_what_it_was_told(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(**ASK, n=2)
    words = "You said: one two three"
    assert [one.message.content for one in said.choices] == [words, words + " (1)"]
    assert said.model == MODEL
    assert said.usage
    assert said.usage.prompt_tokens == 3


def test_the_model_streams_the_same_words(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}))
    text = "".join(part.choices[0].delta.content or "" for part in chunks if part.choices)
    assert text == "You said: one two three"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert not chunks[-1].choices
    assert chunks[-1].usage
    assert len({part.id for part in chunks}) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_calls_both_tools_at_once(client: openai.OpenAI, stream: bool) -> None:
    other = {"type": "function", "function": {**FUNCTION, "name": "clock"}}
    messages = [{"role": "user", "content": "both tools"}]
    ask: dict[str, Any] = {"model": MODEL, "messages": messages, "tools": [TOOL, other]}
    if stream:
        with client.chat.completions.stream(**ask) as parts:
            said: Any = parts.get_final_completion()
    else:
        said = client.chat.completions.create(**ask)
    calls = said.choices[0].message.tool_calls
    assert [call.function.name for call in calls] == ["weather", "clock"]
    assert all(json.loads(call.function.arguments) == {"city": "text", "days": 1} for call in calls)
    assert said.choices[0].finish_reason == "tool_calls"


def test_the_model_reports_what_a_tool_said(client: openai.OpenAI) -> None:
    result = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}
    messages: Any = [{"role": "user", "content": "use the tool"}, result]
    said = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    assert said.choices[0].message.content == "The tool said: sunny"


def test_the_model_calls_a_legacy_function(upstream: ScriptedUpstream) -> None:
    ask = {**ASK, "functions": [FUNCTION], "function_call": {"name": "weather"}}
    choice = json.loads(fetch(upstream, ask)[2])["choices"][0]
    assert choice["message"]["function_call"]["name"] == "weather"
    assert choice["finish_reason"] == "function_call"


def test_the_model_fits_its_answer_to_a_schema(client: openai.OpenAI) -> None:
    said = client.chat.completions.parse(**ASK, response_format=Trip)
    assert said.choices[0].message.parsed == Trip(city="text", days=[1])


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_scores_each_token(client: openai.OpenAI, stream: bool) -> None:
    ask = {**ASK, "logprobs": True, "top_logprobs": 2}
    if stream:
        with client.chat.completions.stream(**ask) as parts:
            scores = parts.get_final_completion().choices[0].logprobs
    else:
        scores = client.chat.completions.create(**ask).choices[0].logprobs
    assert scores
    assert [len(token.top_logprobs) for token in scores.content or []] == [2] * 5


def test_both_encodings_of_a_vector_are_equal(client: openai.OpenAI) -> None:
    packed = client.embeddings.create(model=MODEL, input=["a", "b"], dimensions=4)
    plain = client.embeddings.create(model=MODEL, input=["a", "b"], dimensions=4, encoding_format="float")
    assert [one.embedding for one in packed.data] == [one.embedding for one in plain.data]
    assert len(packed.data[1].embedding) == 4


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]


@pytest.mark.parametrize("body", [{**ASK, "messages": "x"}, {**ASK, "n": 10**9}, {**ASK, "tools": [1]}])
def test_a_request_that_makes_no_sense_is_refused(upstream: ScriptedUpstream, body: dict[str, Any]) -> None:
    assert fetch(upstream, body)[0] == 400


# Requests as they arrive


def test_a_request_is_seen_as_it_was_sent(upstream: ScriptedUpstream) -> None:
    with connect(upstream) as peer:
        peer.sendall(request(extra="X-Tag: a\r\nx-tag: b\r\n"))
        (seen,) = upstream.wait_for(1)
        assert seen.settled.wait(5)
    assert (seen.method, seen.path, seen.headers["x-tag"]) == ("POST", "/v1/chat/completions", "a, b")
    assert seen.json == ASK
    assert seen.finished
    assert seen.closed.wait(5)
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
        received = read_until_end(peer)
    assert received.index(b'{"n":1}') < received.index(b'{"n":2}')
    assert (upstream.connections_opened, len(upstream.seen)) == (1, 2)


def test_waiting_in_vain_says_how_many_came(upstream: ScriptedUpstream) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        upstream.wait_for(1, timeout=0)


def test_an_idle_connection_can_be_hung_up(upstream: ScriptedUpstream) -> None:
    with connect(upstream) as peer:
        peer.sendall(request())
        upstream.wait_for(1)[0].settled.wait(5)
        upstream.hang_up()
        read_until_end(peer)
    assert upstream.seen[0].closed.wait(5)


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
        assert read_until_end(peer) == b""
    with pytest.raises(LookupError):
        upstream.__exit__(None, None, None)


def test_a_body_with_two_lengths_fails_the_test() -> None:
    upstream = ScriptedUpstream()
    upstream.__enter__()
    with connect(upstream) as peer:
        peer.sendall(request(extra="Transfer-Encoding: chunked\r\n"))
        read_until_end(peer)
    with pytest.raises(ValueError, match="two lengths"):
        upstream.__exit__(None, None, None)


# Which script answers


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


# Answers to the byte


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
        assert read_until_end(peer) == b"HTTP/9 nonsense\r\n\x00\xff"


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
        body = read_until_end(peer).split(b"\r\n\r\n", 1)[1]
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


# Time, as the test wants it


def test_a_gate_holds_the_stream_until_the_test_opens_it(upstream: ScriptedUpstream) -> None:
    gate = Gate()
    upstream.reply(events([chunk("first"), gate, chunk("second")]))
    with connect(upstream) as peer:
        peer.sendall(request())
        assert gate.reached.wait(5)
        assert b"second" not in read_until(peer, b"first")
        gate.open()
        read_until(peer, b"0\r\n\r\n")


def test_a_hold_comes_before_the_head_and_an_interruption_within_the_body(upstream: ScriptedUpstream) -> None:
    start, middle = Gate(), Gate()
    upstream.reply(json_answer({"a": "b"}).interrupt(5, middle).hold(start))
    with connect(upstream) as peer:
        peer.sendall(request())
        assert start.reached.wait(5)
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
        left = time.monotonic()
        task.cancel()
        assert await asyncio.to_thread(seen.gone.wait, 5)
    assert seen.gone_at
    assert seen.gone_at - left < 0.1


# The peer goes


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    "answer", [faults.silent(), faults.drip(0.001), faults.drip(0, 1 << 16), faults.stalls(Gate())]
)
@pytest.mark.parametrize("stream", [False, True])
def test_the_peer_is_missed_within_milliseconds(
    upstream: ScriptedUpstream, answer: Answer, reset: bool, stream: bool
) -> None:
    upstream.reply(answer)
    with connect(upstream) as peer:
        peer.sendall(request({**ASK, "stream": stream}))
        (seen,) = upstream.wait_for(1)
        if reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        left = time.monotonic()
    assert seen.gone.wait(5)
    assert seen.gone_at
    assert seen.gone_at - left < 0.1
    assert not seen.finished
    assert seen.closed.wait(5)


def test_a_peer_that_does_not_read_blocks_the_upstream(upstream: ScriptedUpstream) -> None:
    upstream.reply(faults.drip(0, 1 << 18))
    with connect(upstream) as peer:
        peer.sendall(request())
        (seen,) = upstream.wait_for(1)
        assert seen.blocked.wait(5)
        assert seen.sent_bytes < 1 << 26
    assert seen.gone.wait(5)


# The faults


@pytest.mark.parametrize("fault", [faults.reset_before_headers(), faults.reset_midway()])
def test_a_reset_is_a_reset(upstream: ScriptedUpstream, fault: Answer) -> None:
    upstream.reply(fault)
    with connect(upstream) as peer:
        peer.sendall(request({**ASK, "stream": True}))
        with pytest.raises(ConnectionResetError):
            read_until_end(peer)
    assert upstream.seen[0].settled.wait(5)
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
        received = read_until_end(peer)
    assert received.endswith(end)
    assert b"[DONE]" not in received
    assert upstream.seen[0].settled.wait(5)
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
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_an_unanswered_port_leaves_the_caller_waiting() -> None:
    with faults.unanswered_port() as port, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.05)


def test_garbage_instead_of_tls_is_a_tls_error() -> None:
    with faults.tls_garbage_server() as url, pytest.raises(urllib.error.URLError) as failure:
        urllib.request.urlopen(url, timeout=5)
    assert isinstance(failure.value.reason, ssl.SSLError)
