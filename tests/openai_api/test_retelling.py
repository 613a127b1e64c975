"""Long answers that are told as a stream come in small events, and say the same."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.openai_api.answer import Answer
from gateway.openai_api.outline import LARGE
from gateway.openai_api.retelling import HEAD, PIECE, Telling
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.masking import Mask

LIMIT = 4 * LARGE
texts = st.sampled_from(["a", 'a"b', "\\", "\n", "ğ", "😀", "\u2028", "\ud83d", "\ude00\ud83d", "\x00"])


def told(body: bytes, limit: int = LIMIT) -> list[dict[str, Any]]:
    telling = Telling(Answer(body, "main", Mask(())), "main", limit)
    telling.prepare()
    *frames, last = telling.frames()
    assert last == b"data: [DONE]\n\n"
    assert all(frame.startswith(b"data: ") and frame.count(b"\n") == 2 for frame in frames)
    return [json.loads(frame[6:]) for frame in frames]


def whole(message: dict[str, Any], *, ascii_only: bool = True, **more: object) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    text = json.dumps({"id": "1", "choices": [choice], **more}, ensure_ascii=ascii_only)
    return text.encode("utf-8", "surrogatepass")


def said(events: list[dict[str, Any]], name: str) -> str:
    return "".join(event["choices"][0]["delta"].get(name) or "" for event in events if event["choices"])


@settings(deadline=None, max_examples=30)
@given(st.lists(texts, min_size=1, max_size=4), st.integers(0, 12), st.booleans())
@pytest.mark.parametrize("size", [2 * PIECE, pytest.param(2 * LARGE, marks=pytest.mark.slow)])
def test_a_long_text_is_told_in_pieces(size: int, pattern: list[str], offset: int, ascii_only: bool) -> None:
    unit = "".join(pattern)
    if size < LARGE:
        # A half of a pair is replaced in a small answer.
        unit = unit.encode("utf-8", "replace").decode()
    content = "x" * offset + unit * (size // (len(json.dumps(unit, ensure_ascii=ascii_only)) - 2) + 1)
    halves = any("\ud800" <= letter <= "\udfff" for letter in content)
    events = told(whole({"role": "assistant", "content": content}, ascii_only=ascii_only or halves), 4 * size)
    assert said(events, "content") == json.loads(json.dumps(content))
    assert all(len(json.dumps(event)) < 7 * PIECE for event in events)
    assert len(events) > 2
    assert events[-1]["choices"][0] == {"index": 0, "delta": {}, "finish_reason": "stop"}


def test_each_long_member_of_each_choice_is_told() -> None:
    choices = [
        {"message": {"reasoning": letter * LARGE, "content": letter.upper() * LARGE, "x": 1}}
        for letter in "ab"
    ]
    events = told(json.dumps({"choices": choices}).encode())
    for index, letter in enumerate("ab"):
        mine = [event for event in events if event["choices"][0]["index"] == index]
        assert mine[0]["choices"][0]["delta"] == {"x": 1}
        assert said(mine, "reasoning") == letter * LARGE
        assert said(mine, "content") == letter.upper() * LARGE


def test_a_large_head_goes_out_once() -> None:
    events = told(whole({"content": "a" * 2 * LARGE}, x="y" * HEAD, model="m", usage={"prompt_tokens": 3}))
    assert events[0]["x"] == "y" * HEAD
    assert all("x" not in event and event["model"] == "m" and event["id"] == "1" for event in events[1:])
    assert events[-1]["usage"] == {"prompt_tokens": 3}


def test_a_long_text_within_a_value_stays_whole() -> None:
    calls = [{"id": "c", "function": {"name": "f", "arguments": "a" * 2 * LARGE}}]
    (first, _) = told(whole({"content": None, "tool_calls": calls}))
    assert first["choices"][0]["delta"]["tool_calls"] == [{"index": 0, **calls[0]}]


def test_an_event_that_would_be_too_large_is_a_failure() -> None:
    with pytest.raises(UpstreamFailure):
        told(whole({"content": [{"type": "text", "text": "a" * 2 * LARGE}]}), LARGE)
