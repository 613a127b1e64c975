"""Whole answers: read as they are, edited in place, told as a stream."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from inline_snapshot import snapshot

from gateway.openai_api.answer import Answer
from gateway.openai_api.answer_body import read_body
from gateway.openai_api.outline import LARGE
from gateway.openai_api.retelling import Telling
from gateway.openai_api.sse import DONE, Framer
from gateway.scoring.transcript import Said
from gateway.turns.usage import Usage
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.masking import Mask
from gateway.upstreams.response import Sink

MODEL = b'"persona/a@v1"'
PERSONA = b'{"id":"psn_1"}'


def answer(body: bytes) -> Answer:
    return Answer(body, "main", Mask(["a-secret-of-ours"]))


def failure(body: bytes) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        answer(body)
    return caught.value


def raw(data: bytes) -> dict[str, bytes]:
    return {
        name: bytes(value) for name, value in msgspec.json.decode(data, type=dict[str, msgspec.Raw]).items()
    }


def told(found: Answer) -> bytes:
    telling = Telling(found, "main", 1_000_000)
    telling.prepare()
    return b"".join(telling.frames())


def events(found: Answer) -> list[dict[str, Any]]:
    framer = Framer(1_000_000)
    *data, last = [event.data for event in framer.feed(told(found)) + framer.finish()]
    assert last == DONE
    return [json.loads(each) for each in data]


def said(content: str, **more: object) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return json.dumps({"id": "1", "model": "gpt", "choices": [choice], **more}).encode()


def test_an_answer_goes_out_under_the_resolved_name_with_the_persona() -> None:
    body = (
        b'\n  {"id":"1","model":"gpt","choices":[{"message":{"content":"Hi","x":1.0}}],"y":{"model":"gpt"}}'
    )
    assert answer(body).encode(MODEL, PERSONA).decode() == snapshot(
        '{"id":"1","model":"persona/a@v1",'
        '"choices":[{"message":{"content":"Hi","x":1.0}}],"y":{"model":"gpt"},"persona":{"id":"psn_1"}}'
    )


@pytest.mark.parametrize("space", [b"\n", b" ", b"\r\n\r\n", b"\t" * 1000])
def test_leading_white_space_is_no_part_of_an_answer(space: bytes) -> None:
    found = answer(space + said("Hi") + space)
    assert found.said() == [Said(0, "Hi")]
    assert raw(bytes(found.encode(MODEL, PERSONA)))["model"] == MODEL


@pytest.mark.parametrize("text", [b'"\\ud83d"', b'"a\\ude00"'])
def test_a_lone_surrogate_is_relayed_as_it_is_escaped(text: bytes) -> None:
    found = answer(
        b'{"model":"gpt","choices":[{"message":{"content":%b},"finish_reason":"stop"}],"y":1.0}' % text
    )
    out = found.encode(MODEL, PERSONA)
    assert text in out
    assert found.finish_reason == "stop"


def test_bytes_that_are_not_utf8_are_relayed() -> None:
    body = b'{"model":"gpt","choices":[{"message":{"content":"a\xff"},"finish_reason":"stop"}]}'
    found = answer(body)
    assert (found.said(), found.finish_reason) == ([Said(0, "a\ufffd")], "stop")
    assert b'"a\xff"' in found.encode(MODEL, PERSONA)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"<html>no</html>",
        b"[]",
        b"null",
        b"{}",
        b'{"choices":null}',
        b'{"choices":{}}',
        b'{"choices":[null]}',
        b'{"choices":[{"message":"text"}]}',
        b'{"choices":[{}]}x',
        b'{"a":' * 100_000,
        b'{"error":' * 100_000,
        b'{"choices":[' + b"[" * 100_000,
    ],
    ids=lambda body: repr(body)[:40],
)
def test_what_is_no_answer_has_failed(body: bytes) -> None:
    found = failure(body)
    assert (found.kind, found.status, found.is_retryable) == ("bad_answer", None, True)


def test_a_null_error_is_none() -> None:
    assert answer(said("Hi", error=None)).said() == [Said(0, "Hi")]
    assert answer(said("Hi", error={})).said() == [Said(0, "Hi")]


def test_an_error_in_a_200_has_failed() -> None:
    found = failure(b' {"error":{"message":"No key a-secret-of-ours","type":"x","code":429},"choices":[]}')
    assert (found.kind, found.status) == ("error_event", 429)
    assert found.error == {"message": "No key ***", "type": "x", "code": 429}


@pytest.mark.parametrize("index", [0, 1])
def test_an_error_inside_a_choice_has_failed(index: int) -> None:
    choices: list[dict[str, Any]] = [{"index": at, "message": {"content": "Hi"}} for at in (0, 1)]
    choices[index] |= {"finish_reason": "error", "error": {"message": "No key a-secret-of-ours", "code": 429}}
    for filler in ("", "x" * LARGE):
        found = failure(json.dumps({"filler": filler, "choices": choices}).encode())
        assert (found.kind, found.status) == ("error_event", 429)
        assert found.error == {"message": "No key ***", "code": 429}


@pytest.mark.parametrize("error", [None, {}, "", False])
def test_an_error_inside_a_choice_that_says_nothing_is_none(error: object) -> None:
    body = {"choices": [{"index": 0, "message": {"content": "Hi"}, "error": error}]}
    assert answer(json.dumps(body).encode()).said() == [Said(0, "Hi")]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ('{"message":"x"}', None),
        ('"text"', None),
        ('{"code":"\u00b2"}', None),
        ('{"code":"' + "4" * 5000 + '"}', None),
        ('{"status":503,"message":"x"}', 503),
        ('{"status_code":"404","message":"x"}', 404),
        ('{"type":"invalid_request_error","message":"x"}', 400),
        ('{"code":"rate_limit_exceeded","message":"\\ud83d"}', 429),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_error_in_a_200_counts_as_the_status_it_names(error: str, status: int | None) -> None:
    assert failure(f'{{"error":{error}}}'.encode()).status == status


def test_the_content_may_be_a_list() -> None:
    content = b'[{"type":"text","text":"a"},{"type":"x"},{"text":"b"}]'
    found = answer(b'{"choices":[{"message":{"content":%b}},{"message":null}]}' % content)
    assert found.said() == [Said(0, "ab"), Said(1, "")]


def test_choices_tell_their_index_tools_and_refusals() -> None:
    calls = b'{"index":3,"message":{"content":null,"tool_calls":[{}],"reasoning_content":"x"}}'
    refuses = b'{"index":"?","message":{"content":"","refusal":"No"}}'
    found = answer(b'{"choices":[%b,%b]}' % (calls, refuses))
    assert found.said() == [Said(3, "", called_tools=True), Said(1, "", refused=True)]
    assert answer(b'{"choices":[]}').said() == [Said(0, "")]


def test_the_last_choice_tells_the_reason() -> None:
    body = b'{"choices":[{"finish_reason":"stop"},{"finish_reason":"length"},{"finish_reason":null}]}'
    assert answer(body).finish_reason == "length"
    assert answer(b'{"choices":[]}').finish_reason is None


def test_usage_is_read() -> None:
    assert answer(said("Hi", usage={"prompt_tokens": 3, "x": 1})).usage == Usage(3)
    assert answer(said("Hi", usage=None)).usage is None
    assert answer(said("Hi", usage="none")).usage is None


def test_an_answer_is_told_as_a_stream() -> None:
    found = answer(said("Hi", usage={"prompt_tokens": 3}, object="chat.completion", x={"y": 1.0}))
    assert events(found) == snapshot(
        [
            {
                "id": "1",
                "model": "gpt",
                "object": "chat.completion.chunk",
                "x": {"y": 1.0},
                "choices": [
                    {"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}
                ],
            },
            {
                "id": "1",
                "model": "gpt",
                "object": "chat.completion.chunk",
                "x": {"y": 1.0},
                "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            },
            {
                "id": "1",
                "model": "gpt",
                "object": "chat.completion.chunk",
                "x": {"y": 1.0},
                "choices": [],
                "usage": {"prompt_tokens": 3},
            },
        ]
    )


def test_a_pretty_answer_is_told_in_whole_frames() -> None:
    pretty = json.dumps(json.loads(said("Hi", usage={"prompt_tokens": 3})), indent=2).replace("\n", "\r\n")
    assert events(answer(pretty.encode())) == events(answer(said("Hi", usage={"prompt_tokens": 3})))


def test_an_answer_with_keys_that_are_not_utf8_is_told_as_a_stream() -> None:
    body = said("Hi").replace(b'"message"', b'"\xff":1,"message"')
    assert b"\xff" in body
    assert b"Hi" in told(answer(body))


def test_all_choices_are_said_before_they_end() -> None:
    body = (
        b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"},'
        b'{"index":5,"message":{"content":"b"},"logprobs":{"x":1},"finish_reason":"length"}]}'
    )
    choices = [event["choices"][0] for event in events(answer(body))]
    assert [(choice["index"], choice["finish_reason"]) for choice in choices] == [
        (0, None),
        (5, None),
        (0, "stop"),
        (5, "length"),
    ]
    assert choices[1]["logprobs"] == {"x": 1}


@pytest.mark.parametrize("finish", [b"", b',"finish_reason":null', b',"finish_reason" : null '])
def test_a_choice_without_a_finish_gets_none(finish: bytes) -> None:
    found = answer(b'{"choices":[{"message":{"content":"a"}%b}]}' % finish)
    assert [event["choices"] for event in events(found)] == [
        [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]
    ]
    assert found.finish_reason is None


@pytest.mark.parametrize(
    ("message", "delta"),
    [
        ("null", {}),
        ("{}", {}),
        ('{"content":null,"tool_calls":null}', {"content": None, "tool_calls": None}),
        ('{"tool_calls":{"x":1}}', {"tool_calls": {"x": 1}}),
        (
            '{"tool_calls":[{"id":"a","x":1},{"id":"b"}]}',
            {"tool_calls": [{"index": 0, "id": "a", "x": 1}, {"index": 1, "id": "b"}]},
        ),
        ('{"tool_calls":[{"id":"a","index":4}]}', {"tool_calls": [{"index": 4, "id": "a"}]}),
    ],
)
def test_a_message_becomes_a_delta(message: str, delta: object) -> None:
    first = events(answer(f'{{"choices":[{{"message":{message}}}]}}'.encode()))[0]
    assert first["choices"][0]["delta"] == delta


class FakeResponse:
    """An upstream's answer that comes in these pieces."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.status = 200
        self.headers: Mapping[str, str] = {}
        self.pieces = list(pieces)

    async def read(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    @property
    def is_read(self) -> bool:
        return not self.pieces

    async def pour(self, _sink: Sink) -> None:
        return

    def close(self) -> None:
        self.pieces.clear()


async def test_a_body_is_read_to_its_end() -> None:
    assert await read_body(FakeResponse([b"a", b"b", b"c"]), "main", 3) == b"abc"


async def test_a_body_beyond_the_limit_is_not_read_on() -> None:
    response = FakeResponse([b"ab", b"cd", b"ef"])
    with pytest.raises(UpstreamFailure) as caught:
        await read_body(response, "main", 3)
    assert caught.value.kind == "bad_answer"
    assert response.pieces == [b"ef"]


@pytest.mark.parametrize("choices", [{}, {"choices": None}, {"choices": []}])
def test_an_object_error_is_one_whatever_its_choices(choices: dict[str, object]) -> None:
    found = failure(json.dumps({"object": "error", "message": "x", **choices}).encode())
    assert (found.kind, found.error) == ("error_event", {"message": "x"})
