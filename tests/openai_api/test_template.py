"""Chunks that are recognised by what stands around their text, against the same chunks decoded one by one."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.openai_api.chunk import Chunk
from gateway.openai_api.relay import Relay
from gateway.openai_api.template import Template

TEXTS = st.text(max_size=8) | st.sampled_from(
    [
        '"',
        "\\",
        "\n",
        "\t",
        "é",
        "🦉",
        "\\u0041",
        '"}}]}',
        ',"content":"x"',
        "mock-model",
        '"model":"mock-model"',
    ]
)
ODD: list[dict[str, Any]] = [
    {"id": "chatcmpl-2"},
    {"model": "another"},
    {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}},
    {"obfuscation": "abc"},
    {"choices": []},
    {"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"content": None}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}, "finish_reason": None}]},
    {
        "choices": [
            {"index": 0, "delta": {"content": "a"}, "logprobs": {"content": []}, "finish_reason": None}
        ]
    },
    {"choices": [{"index": 0, "delta": {"content": "a", "content2": "content"}, "finish_reason": None}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
]


def event(text: str, *, spaced: bool, escaped: bool, more: dict[str, Any] | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "mock-model",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
        **(more or {}),
    }
    separators = (", ", ": ") if spaced else (",", ":")
    return b"data: " + json.dumps(chunk, separators=separators, ensure_ascii=escaped).encode() + b"\n\n"


EVENTS = st.one_of(
    st.builds(event, TEXTS, spaced=st.just(True), escaped=st.just(False)),
    st.builds(event, TEXTS, spaced=st.booleans(), escaped=st.booleans()),
    st.builds(event, TEXTS, spaced=st.booleans(), escaped=st.booleans(), more=st.sampled_from(ODD)),
    st.sampled_from([b": ping\n\n", b"event: note\ndata: {}\n\n", b"data: [DONE]\n\n", b'data: {"x":1}\n\n']),
)


def relayed(pieces: list[bytes], *, choices: int) -> tuple[bytes, list[str], int, dict[int, str]]:
    relay = Relay(
        upstream="mock",
        model_json=b'"persona/x@v1"',
        choices=choices,
        wants_usage=True,
        limit=1 << 20,
        secrets=(),
        fallback_id="chatcmpl-0",
    )
    out = b""
    for piece in pieces:
        out += relay.feed(piece)
        if relay.is_held:
            out += relay.release(b'{"drift":1}')
    out += relay.finish()
    said = [one.text for one in relay.transcript.said()]
    return out, said, relay.events, relay.transcript.finished


@given(st.lists(EVENTS, max_size=12), st.lists(st.integers(1, 400), max_size=6), st.integers(1, 2))
def test_a_template_changes_no_byte_and_no_word(events: list[bytes], cuts: list[int], choices: int) -> None:
    stream = b"".join(events)
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(stream[at : at + cut])
        at += cut
    pieces = [piece for piece in [*pieces, stream[at:]] if piece]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "of", lambda *_: None)
        slow = relayed(pieces, choices=choices)
    for ways in (pieces, events, [stream] if stream else []):
        assert relayed(ways, choices=choices) == slow


def test_a_chunk_like_the_one_before_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    words = [event(f"word{at} ", spaced=True, escaped=False) for at in range(50)]
    out, said, events, _ = relayed(words, choices=1)
    assert said == ["".join(f"word{at} " for at in range(50))]
    assert events == 50
    assert out.count(b'"model":"persona/x@v1"') == 50
    assert len(reads) == 1


def test_a_stream_that_changes_its_ways_is_learnt_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    words = [event("word ", spaced=True, escaped=False, more={"created": at // 20}) for at in range(100)]
    _, said, events, _ = relayed(words, choices=1)
    assert (said, events) == (["word " * 100], 100)
    assert len(reads) <= 10


def test_two_choices_in_turn_do_not_unlearn_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    second = {"choices": [{"index": 1, "delta": {"content": "two "}, "finish_reason": None}]}
    words = [event("one ", spaced=True, escaped=False, more=second if at % 2 else {}) for at in range(40)]
    _, said, _, _ = relayed(words, choices=2)
    assert said == ["one " * 20, "two " * 20]
    assert len(reads) <= 21


class Counting:
    """The decoder, with the texts that it was given."""

    def __init__(self, reads: list[bytes]) -> None:
        self._reads = reads

    def decode(self, data: bytes) -> Any:
        self._reads.append(data)
        return msgspec.json.decode(data, type=Chunk)


@pytest.mark.parametrize("escaped", [True, False])
def test_a_text_with_escapes_is_not_decoded_with_its_chunk(
    monkeypatch: pytest.MonkeyPatch, escaped: bool
) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    texts = ["a ", 'he said: "', "\n\n\t", "ğ", "\\", "\\n", "\x7f", "🦉"]
    words = [event(text, spaced=True, escaped=escaped) for text in texts * 5]
    for ways in (words, [b"".join(words)]):
        reads.clear()
        _, said, events, _ = relayed(ways, choices=1)
        assert (said, events, len(reads)) == (["".join(texts) * 5], 40, 1)
