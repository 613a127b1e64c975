"""Chunks that are recognised by what stands around their text must equal the same chunks decoded one by
one."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.openai_api.chunk import Chunk
from gateway.openai_api.relay import Relay
from gateway.openai_api.template import Template
from gateway.scoring.transcript import Said
from gateway.upstreams.masking import Mask

Shape = Callable[[str, int, str], dict[str, Any]]
"""Makes the rest of a chunk, beside its id, from a text, an index and another text."""

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


def relayed(pieces: list[bytes], *, choices: int) -> tuple[bytes, list[str], int, dict[int, str], list[Said]]:
    relay = Relay(
        upstream="mock",
        model_json=b'"persona/x@v1"',
        choices=choices,
        wants_usage=True,
        limit=1 << 20,
        mask=Mask(()),
        fallback_id="chatcmpl-0",
    )
    out = b""
    for piece in pieces:
        out += relay.feed(piece)
        if relay.is_settled:
            out += relay.release(b'{"drift":1}')
    out += relay.finish()
    said = relay.transcript.said()
    return out, [one.text for one in said], relay.events, relay.transcript.finished, said


def choice(index: int, delta: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": None, **more}]}


def detail(text: str) -> list[dict[str, str]]:
    return [{"type": "reasoning.text", "text": text}]


SHAPES: list[Shape] = [
    lambda text, at, more: choice(at, {"content": text}),
    lambda text, at, more: {**choice(at, {"content": text}), "usage": None, "obfuscation": more},
    lambda text, at, more: {"obfuscation": more, **choice(at, {"content": text})},
    lambda text, at, more: {"choices": [{"delta": {"content": text}, "index": at}], "model": "m", "p": more},
    lambda text, at, more: choice(at, {"content": "", "reasoning": text}),
    lambda text, at, more: choice(at, {"content": more, "reasoning_content": text}),
    lambda text, at, more: choice(
        at, {"content": None, "reasoning": text, "reasoning_details": detail(more)}
    ),
    lambda text, at, more: choice(at, {"tool_calls": [{"index": at, "function": {"arguments": text}}]}),
    lambda text, at, more: choice(at, {"function_call": {"arguments": text}}),
    lambda text, at, more: choice(at, {"content": [{"type": "text", "text": text}]}),
    lambda text, at, more: choice(at, {"content": text}, text=more),
    lambda text, at, more: choice(at, {"content": text, "refusal": more or None}),
    lambda text, at, more: choice(at, {"content": text, "refusal": "no"}),
    lambda text, at, more: choice(at, {"content": text}, logprobs={"content": [{"token": more}]}),
    lambda text, at, more: {**choice(at, {"content": text}), "error": more and None, "p": {"text": more}},
    lambda text, at, more: {"choices": [{"delta": {"content": text, "index": at}}], "obfuscation": more},
    lambda text, at, more: {**choice(at, {"content": text}), "obfuscation": len(more)},
    lambda text, at, more: choice(at, {"content": text}, finish_reason=more and "stop"),
    lambda text, at, more: {**choice(at, {"content": text}), "id": {"p": more}},
    lambda text, at, more: {**choice(at, {"content": text}), "100%": "%b", "obfuscation": more},
]
PLAIN = st.text("ab ", max_size=2)
SPOILT = st.sampled_from(
    [
        (b'"content"', b'"content":"twice","content"'),
        (b'"content"', rb'"c\u006fntent":"twice","content"'),
        (b'"content"', rb'"x\"content"'),
        (b'"index":', b'"index":1'),
        (b'"index":', b'"index":0.'),
        (b'"index":1', b'"index":null'),
        (b'"index":1', b'"index":-1'),
        (b'"index":1', b'"index":"1"'),
        (b'"}', b'","c\\u006fntent":"a"}'),
        (b'"delta"', b'"delta":{"content":"twice"},"delta"'),
        (b'"choices"', b'"choices" '),
        (b'a"', rb'\ud83d"'),
        (b'a"', rb'\u00e9\""'),
        (b'a"', b'\xff"'),
        (b'a"', b'a\x01"'),
        (b'a"', b'a"b"'),
        (b"a", b"%b"),
        (b'"obfuscation"', b'"obfuscation":"a","obfuscation"'),
        (b',"obfuscation":"', b'"obfuscation":"'),
        (b"\n\n", b"\nid: 7\n\n"),
        (b"data: ", b": ping\n\ndata: "),
    ]
)


@st.composite
def alike(draw: st.DrawFn) -> list[bytes]:
    """Draw a stream of few kinds of chunks, some of them spoilt."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=2))
    spoilt = draw(SPOILT)
    events = []
    for _ in range(draw(st.integers(1, 16))):
        text, more = draw(PLAIN | TEXTS), draw(PLAIN | TEXTS)
        shape, at = draw(st.sampled_from(shapes)), draw(st.sampled_from([0, 1, 1, 12]))
        chunk = {"id": "chatcmpl-1", "model": "mock-model", **shape(text, at, more)}
        data = json.dumps(chunk, separators=(",", ":"), ensure_ascii=draw(st.booleans())).encode()
        event = b"data: " + data + b"\n\n"
        events.append(event.replace(*spoilt, 1) if draw(st.integers(0, 3)) == 0 else event)
    return events


def cut_at(stream: bytes, cuts: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(stream[at : at + cut])
        at += cut
    return [piece for piece in [*pieces, stream[at:]] if piece]


def hold_together(events: list[bytes], cuts: list[int], choices: int) -> None:
    """Compare the careful path with the quick one, with the stream cut in three ways."""
    stream = b"".join(events)
    pieces = cut_at(stream, cuts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "of", lambda *_: None)
        slow = relayed(pieces, choices=choices)
    for ways in (pieces, events, [stream] if stream else []):
        assert relayed(ways, choices=choices) == slow


def test_a_choice_that_has_said_nothing_is_not_begun() -> None:
    words = [("a", 1), ("b", 1), ("", 0), ("c", 1)]
    hold_together([event("", spaced=True, escaped=False, more=SHAPES[0](*one, "")) for one in words], [], 2)


def test_a_key_in_escapes_may_be_the_one_that_counts() -> None:
    twice = event("a", spaced=False, escaped=False).replace(b'"}', rb'","c\u006fntent":"a"}')
    hold_together([twice, twice.replace(b'"a"', b'"b"', 1)], [], 1)


@pytest.mark.slow
@given(alike(), st.lists(st.integers(1, 400), max_size=6), st.integers(1, 2))
@settings(max_examples=300, deadline=None)
def test_places_beside_the_text_change_no_byte_and_no_word(
    events: list[bytes], cuts: list[int], choices: int
) -> None:
    hold_together(events, cuts, choices)


@given(st.lists(EVENTS, max_size=12), st.lists(st.integers(1, 400), max_size=6), st.integers(1, 2))
def test_a_template_changes_no_byte_and_no_word(events: list[bytes], cuts: list[int], choices: int) -> None:
    hold_together(events, cuts, choices)


def test_a_chunk_like_the_one_before_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    words = [event(f"word{at} ", spaced=True, escaped=False) for at in range(50)]
    out, said, events, *_ = relayed(words, choices=1)
    assert said == ["".join(f"word{at} " for at in range(50))]
    assert events == 50
    assert out.count(b'"model":"persona/x@v1"') == 50
    assert len(reads) == 1


def test_a_stream_that_changes_its_ways_is_learnt_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    words = [event("word ", spaced=True, escaped=False, more={"created": at // 20}) for at in range(100)]
    _, said, events, *_ = relayed(words, choices=1)
    assert (said, events) == (["word " * 100], 100)
    assert len(reads) <= 10


def test_two_choices_in_turn_do_not_unlearn_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    second = {"choices": [{"index": 1, "delta": {"content": "two "}, "finish_reason": None}]}
    words = [event("one ", spaced=True, escaped=False, more=second if at % 2 else {}) for at in range(40)]
    _, said, *_ = relayed(words, choices=2)
    assert said == ["one " * 20, "two " * 20]
    assert len(reads) <= 21


@pytest.mark.parametrize("shape", SHAPES[:9])
@pytest.mark.parametrize("is_burst", [True, False])
def test_chunks_that_differ_in_their_places_are_not_decoded(
    monkeypatch: pytest.MonkeyPatch, shape: Shape, is_burst: bool
) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    chunks = [event("", spaced=True, escaped=False, more=shape(f"w{at}", 0, "x" * at)) for at in range(1, 51)]
    _, _, events, *_ = relayed([b"".join(chunks)] if is_burst else chunks, choices=1)
    assert (events, len(reads)) == (50, 1)


@pytest.mark.parametrize("shape", SHAPES[:4])
def test_choices_in_turn_are_not_decoded(monkeypatch: pytest.MonkeyPatch, shape: Shape) -> None:
    reads: list[bytes] = []
    monkeypatch.setattr("gateway.openai_api.chunk._chunk", Counting(reads))
    chunks = [event("", spaced=True, escaped=False, more=shape(f"w{at} ", at % 3, "x")) for at in range(30)]
    _, said, events, *_ = relayed([b"".join(chunks)], choices=3)
    assert said == ["".join(f"w{at} " for at in range(first, 30, 3)) for first in range(3)]
    assert (events, len(reads)) == (30, 2)


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
        _, said, events, *_ = relayed(ways, choices=1)
        assert (said, events, len(reads)) == (["".join(texts) * 5], 40, 1)
