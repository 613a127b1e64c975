"""Streams that fail: what is whole goes out first, and an error never ends well."""

import json
from typing import Any

import pytest
from inline_snapshot import snapshot

from gateway.errors import Fault, Refusal
from gateway.openai_api.outlet import error_frame
from gateway.scoring.transcript import Said
from gateway.turns.usage import Usage
from tests.openai_api.streams import (
    DONE,
    PERSONA,
    USAGE,
    chunk,
    event,
    failed,
    frames,
    named,
    relay_of,
    relayed,
    run,
)


@pytest.mark.parametrize("data", [[], [chunk("Hi")], [chunk("a", "stop", 0), chunk("b", index=1)]])
def test_neither_finish_nor_done_is_a_failure(data: list[dict[str, Any]]) -> None:
    found, refusal, relay = failed(*data, choices=2)
    assert found == [named(each) for each in data]
    assert refusal.fault is Fault.STREAM_BROKEN
    assert relay.cause is not None
    assert relay.cause.kind == "bad_answer"


def test_a_frame_that_is_cut_off_is_dropped() -> None:
    assert failed(chunk("Hi"), end=b'data: {"choices":[{"del')[0] == [named(chunk("Hi"))]


@pytest.mark.parametrize("plain", [False, True])
def test_a_cut_off_frame_behind_the_finish_is_a_failure(plain: bool) -> None:
    found, refusal, _ = failed(chunk("Hi", "stop"), end=b'data: {"choices":[],"usa', plain=plain)
    assert found == [chunk("Hi", "stop") if plain else named(chunk("Hi", "stop"))]
    assert refusal.fault is Fault.STREAM_BROKEN


@pytest.mark.parametrize("plain", [False, True])
def test_an_answer_that_is_broken_off_behind_a_finish_has_failed(plain: bool) -> None:
    relay = relay_of(plain=plain)
    out = relay.feed(event(chunk("a", "stop"), chunk("b", "stop"))) + relay.finish(is_broken=True)
    assert [each["choices"][0]["delta"]["content"] for each in frames(out)] == ["a", "b"]
    assert b'persona":' not in out
    assert relay.failure is not None
    assert relay.failure.fault is Fault.STREAM_BROKEN


def test_an_answer_that_is_broken_off_behind_done_is_whole() -> None:
    relay = relay_of(plain=True)
    assert frames(relay.feed(event(chunk("a")) + DONE) + relay.finish(is_broken=True))[-1] == "[DONE]"
    assert relay.failure is None


def test_more_without_a_finish_of_its_own_has_failed() -> None:
    failed(chunk("a"), chunk(None, "stop"), chunk("b"))


def test_an_error_first_leaves_nothing_out() -> None:
    error = {"message": "Slow down, a-secret-of-ours", "code": 429}
    found, refusal, relay = failed({"error": error})
    assert found == []
    assert relay.events == 1
    assert relay.cause is not None
    assert (relay.cause.kind, relay.cause.status) == ("error_event", 429)
    assert refusal.passed_on == {"message": "Slow down, ***", "type": "server_error", "code": 429}


@pytest.mark.parametrize(
    "data",
    [
        {"error": {"message": "x"}},
        {"error": "x"},
        {"object": "error", "message": "x", "type": "server_error", "code": 502},
    ],
)
def test_an_error_later_ends_the_stream(data: object) -> None:
    found, refusal, _ = failed(chunk("a"), data, chunk("c", "stop"), end=DONE)
    assert found == [named(chunk("a"))]
    assert refusal.fault is Fault.STREAM_ERROR
    assert refusal.passed_on == {"message": "x", "type": "server_error", "code": "provider.stream_error"}


@pytest.mark.parametrize("plain", [False, True])
def test_a_text_beside_an_error_goes_out_first(plain: bool) -> None:
    last = chunk("lo", "error", usage={"completion_tokens": 53})
    found, refusal, relay = failed(
        chunk("Hel"), last | {"error": {"code": 502, "message": "x"}}, chunk("c"), end=DONE, plain=plain
    )
    sent = [chunk("Hel"), last]
    assert found == (sent if plain else [named(each) for each in sent])
    assert refusal.fault is Fault.STREAM_ERROR
    assert relay.transcript.said() == [Said(0, "Hello")]
    assert relay.transcript.usage == Usage(completion_tokens=53)
    assert relay.transcript.finish_reason == "error"


SECRET = {"code": 502, "message": "The key a-secret-of-ours is bad."}


def test_an_error_inside_a_choice_fails_and_leaves_no_trace_in_it() -> None:
    for plain in (False, True):
        last = chunk("lo", "error", usage={"completion_tokens": 53})
        came = last | {"choices": [last["choices"][0] | {"error": SECRET}]}
        found, refusal, relay = failed(chunk("Hel"), came, chunk("c"), end=DONE, plain=plain)
        sent = [chunk("Hel"), last]
        assert found == (sent if plain else [named(each) for each in sent])
        assert refusal.fault is Fault.STREAM_ERROR
        assert refusal.passed_on is not None
        assert refusal.passed_on["message"] == "The key *** is bad."
        assert relay.transcript.said() == [Said(0, "Hello")]
        assert relay.transcript.usage == Usage(completion_tokens=53)


@pytest.mark.parametrize("top", [{}, {"error": None}, {"error": {}}, {"error": "x"}])
@pytest.mark.parametrize("text", ["b", "\ud83d"])
@pytest.mark.parametrize("index", [0, 1])
def test_an_error_inside_any_choice_is_one(top: dict[str, Any], text: str, index: int) -> None:
    choices = [chunk(text, index=each)["choices"][0] for each in (0, 1)]
    came = {"id": "1", "model": "gpt", "choices": [dict(choice) for choice in choices], **top}
    came["choices"][index]["error"] = SECRET
    found, refusal, _ = failed(chunk("a"), came, end=DONE, choices=2)
    assert found == [named(chunk("a")), named({"id": "1", "choices": choices})]
    assert refusal.fault is Fault.STREAM_ERROR


@pytest.mark.parametrize("error", [None, {}, "", False, 0, []])
def test_an_error_inside_a_choice_that_says_nothing_is_none(error: object) -> None:
    last = chunk("a", "stop")
    last["choices"][0]["error"] = error
    assert relayed(last)[0] == [named(last, persona=PERSONA), "[DONE]"]


@pytest.mark.parametrize("broken", [b"", event(b"{")])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_usage_behind_an_error_is_counted(broken: bytes, size: int) -> None:
    relay = relay_of()
    came = event(chunk("a"), {"error": SECRET}, chunk("c")) + broken + event(USAGE) + DONE
    out = b"".join(relay.feed(came[at : at + size]) for at in range(0, len(came), size))
    assert frames(out) == [named(chunk("a"))]
    assert relay.transcript.usage == Usage(3)
    assert not relay.may_be_billed


def test_no_usage_is_waited_for_behind_the_end() -> None:
    relay = relay_of()
    relay.feed(event(chunk("a"), {"error": SECRET}))
    assert relay.may_be_billed
    relay.feed(DONE)
    assert not relay.may_be_billed
    relay.feed(event(USAGE))
    assert relay.transcript.usage is None


@pytest.mark.parametrize("asked", [False, True])
def test_a_usage_beside_an_error_goes_out_where_it_is_asked_for(asked: bool) -> None:
    found, _, relay = failed(chunk("a"), USAGE | {"error": "x"}, wants_usage=asked)
    assert found == [named(chunk("a")), *([named(USAGE)] if asked else [])]
    assert relay.transcript.usage == Usage(3)


def test_a_text_beside_an_error_may_be_no_unicode() -> None:
    last = b'{"id":"1","choices":[{"delta":{"content":"\\ud83d"}}],"error":{"message":"x"}}'
    out = relay_of().feed(event(chunk("a"), last))
    assert out.endswith(b'data: {"id":"1","choices":[{"delta":{"content":"\\ud83d"}}]}\n\n')


def test_an_error_behind_the_finish_still_is_one() -> None:
    assert failed(chunk("a", "stop"), {"error": {"message": "x"}}, end=DONE)[0] == [named(chunk("a", "stop"))]


def test_an_event_of_the_name_error_is_one() -> None:
    relay = relay_of()
    out = run(
        relay, [event(chunk("a")) + b'event: error\ndata: {"type":"overloaded","message":"x"}\n\n' + DONE]
    )
    assert frames(out) == [named(chunk("a"))]
    assert relay.failure is not None
    assert relay.failure.fault is Fault.STREAM_ERROR


@pytest.mark.parametrize("word", [b'"error"', rb'"\u0065rror"'])
@pytest.mark.parametrize("choices", [{}, {"choices": None}, {"choices": []}])
def test_an_object_error_is_one_however_it_is_written(choices: dict[str, object], word: bytes) -> None:
    relay = relay_of()
    data = json.dumps({"object": "error", "message": "x", **choices}).encode().replace(b'"error"', word)
    out = run(relay, [event(chunk("a")) + event(data) + DONE])
    assert frames(out) == [named(chunk("a"))]
    assert relay.failure is not None
    assert relay.failure.fault is Fault.STREAM_ERROR


@pytest.mark.parametrize("error", [None, {}, "", False, 0, []])
def test_an_error_that_says_nothing_is_none(error: object) -> None:
    last = chunk("a", "stop", error=error)
    assert relayed(last)[0] == [named(last, persona=PERSONA), "[DONE]"]


@pytest.mark.parametrize("data", [b"{", b"nonsense", b"[]", b'{"a":1}}', b'{"a":' * 100_000])
def test_broken_json_is_a_failure(data: bytes) -> None:
    found, refusal, _ = failed(chunk("a"), data, chunk("b", "stop"), end=DONE, limit=1_000_000)
    assert found == [named(chunk("a"))]
    assert refusal.fault is Fault.STREAM_BROKEN


def test_an_event_beyond_the_limit_is_a_failure() -> None:
    relay = relay_of(limit=1000)
    out = run(relay, [event(chunk("a")), *[b"data: " + b"x" * 500] * 3])
    assert frames(out) == [named(chunk("a"))]
    assert relay.failure is not None
    assert relay.failure.fault is Fault.STREAM_BROKEN
    assert "more than 1000 bytes" in relay.failure.message


def test_the_last_frame_of_a_failed_stream_is_this() -> None:
    refusal = Refusal(Fault.STREAM_BROKEN, "The upstream `main` broke off.")
    assert error_frame(refusal) == snapshot(
        b'data: {"error":{"message":"The upstream `main` broke off.","type":"server_error",'
        b'"param":null,"code":"provider.stream_broken"}}\n\n'
    )
