"""The relay: whole frames, the resolved name, one id, what was said, however the stream is cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from gateway.openai_api import chunk as chunks
from gateway.openai_api.sse import BOM
from gateway.scoring.transcript import Said
from gateway.turns.usage import Usage
from tests.openai_api.pieces import cut, pieces
from tests.openai_api.streams import (
    DONE,
    MODEL,
    PERSONA,
    USAGE,
    chunk,
    event,
    frames,
    named,
    relay_of,
    relayed,
    run,
)

contents = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["ğ🙂", "\u2028", '"model":"gpt"', "[DONE]", "data: x\n\n", ""]
)
extras: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["x", "ğ", "service_tier"]), contents | st.just({"model": "gpt"}), max_size=2
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, int, bool, list[Any]]:
    """Draw an upstream's stream, what is asked for, and what has to go out."""
    choices = draw(st.integers(1, 3))
    wants_usage = draw(st.booleans())
    sent: list[dict[str, Any]] = []
    expected: list[Any] = []

    def put(one: dict[str, Any], **more: object) -> None:
        sent.append(one)
        expected.append(named(one, **more))

    for content, index, extra in draw(
        st.lists(st.tuples(contents, st.integers(0, choices - 1), extras), max_size=4)
    ):
        put(chunk(content, index=index, **extra))
    if draw(st.booleans()):
        one = {"id": "1", "model": "gpt", "prompt_filter_results": [{"x": 1.0}]}
        put(one, choices=[])
    for index in draw(st.permutations(range(choices))):
        usage: dict[str, Any] = {"usage": {"prompt_tokens": 3}} if draw(st.booleans()) else {}
        put(chunk(None, draw(st.sampled_from(["stop", "length", ""])) or "tool_calls", index, **usage))
    if draw(st.booleans()):
        put(chunk(None, "stop", choices - 1))
    expected[-1]["persona"] = PERSONA
    if draw(st.booleans()):
        sent.append(USAGE)
        expected += [named(USAGE)] if wants_usage else []
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines: list[str] = []
    for one in sent:
        lines += draw(st.lists(st.sampled_from([": ping", "id: 4", "event: chunk", "retry: 5"]), max_size=2))
        text = json.dumps(
            one, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, None, 1]))
        )
        lines += [f"data:{draw(st.sampled_from(['', ' ']))}{line}" for line in text.split("\n")]
        lines.append("")
    if draw(st.booleans()):
        lines += ["data: [DONE]", ""]
        lines += draw(st.sampled_from([[], ["data: [DONE]", ""], ["data: late", ""]]))
    text = end.join(lines) + end
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return (BOM if draw(st.booleans()) else b"") + text.encode(), choices, wants_usage, [*expected, "[DONE]"]


@given(answers(), st.data())
def test_every_chunking_gives_the_same_expected_frames(
    answer: tuple[bytes, int, bool, list[Any]], data: st.DataObject
) -> None:
    text, choices, wants_usage, expected = answer
    whole = relay_of(choices=choices, wants_usage=wants_usage)
    out = run(whole, [text])
    assert frames(out) == expected
    cut_up = relay_of(choices=choices, wants_usage=wants_usage)
    assert run(cut_up, data.draw(pieces(text))) == out
    found, kept = cut_up.transcript, whole.transcript
    assert found.said() == kept.said()
    assert (found.usage, found.finish_reason) == (kept.usage, kept.finish_reason)


broken_parts = st.lists(
    st.sampled_from(
        [
            event(chunk("a")),
            event(chunk("b", "stop")),
            event(USAGE),
            event({"error": {"message": "x", "code": 500}}),
            event({"choices": None}),
            event(b'{"choices":[{"delta":{"content":"\\ud83d"}}]}'),
            event(b'{"choices":[{"delta":{"content":"\xff"}}]}'),
            event(b"{"),
            b"data: {\n\n",
            b": ping\n",
            b"event: error\n",
            DONE,
            b"data: ",
            b"\n",
        ]
    ),
    max_size=6,
).map(b"".join)


@given(broken_parts, st.data())
def test_whatever_the_upstream_sends_ends_well_or_has_failed(text: bytes, data: st.DataObject) -> None:
    whole, cut_up = relay_of(), relay_of()
    out = run(whole, [text])
    assert run(cut_up, data.draw(pieces(text))) == out
    assert out.count(DONE) == whole.done == out.endswith(DONE)
    assert whole.done != (whole.failure is not None)
    assert str(cut_up.failure) == str(whole.failure)


def test_a_stream_goes_out_under_the_resolved_name() -> None:
    first = b'{"id":"1","model":"gpt","choices":[{"delta":{"content":"Hi"}}]}'
    last = b'{"id":"1", "model" : "gpt", "choices":[{"delta":{},"finish_reason":"stop"}] }'
    assert run(relay_of(), [event(first, last, USAGE) + DONE]).decode() == snapshot(
        """\
data: {"id":"1","model":"persona/a@v1","choices":[{"delta":{"content":"Hi"}}]}

data: {"id":"1", "model":"persona/a@v1", "choices":[{"delta":{},"finish_reason":"stop"}],\
"persona":{"id": "psn_1", "turn": "msg_1"}}

data: [DONE]

"""
    )


@pytest.mark.parametrize(
    "more",
    [
        {"x": {"model": "gpt"}},
        {"x": '"model": "gpt"'},
        {
            "choices": [
                {"delta": {"content": '{"model":"gpt"}', "model": "gpt", "reasoning": [1.0]}, "x": {"y": []}}
            ]
        },
        {
            "choices": [
                {
                    "delta": {
                        "tool_calls": [{"index": 0, "x": 1, "function": {"arguments": '{"model":"gpt"}'}}]
                    }
                }
            ]
        },
        {"usage": None, "system_fingerprint": "f", "obfuscation": "…"},
    ],
)
def test_unknown_fields_stay_at_every_depth_and_the_model_changes_at_the_top(more: dict[str, Any]) -> None:
    one = {**chunk("Hi"), **more}
    assert relayed(one, chunk("x"), one)[0][:3] == [named(one), named(chunk("x")), named(one)]


@pytest.mark.parametrize("choices", [{}, {"choices": None}, {"choices": []}])
def test_an_event_without_choices_gets_none(choices: dict[str, Any]) -> None:
    one = {"id": "1", "model": "gpt", "prompt_filter_results": [], **choices}
    assert relayed(one, chunk("Hi", "stop"))[0][0] == named(one, choices=[])


@pytest.mark.parametrize("choice", [None, {}, {"delta": None}, {"index": 0, "delta": {"content": None}}])
def test_null_choices_and_deltas_pass(choice: object) -> None:
    one = {"id": "1", "model": "gpt", "choices": [choice]}
    found, relay = relayed(one, chunk("Hi", "stop"))
    assert found[0] == named(one)
    assert relay.transcript.said() == [Said(0, "Hi")]


def test_one_id_holds_throughout() -> None:
    ids = ["a", "b", None, "", 7]
    found, _ = relayed(*(chunk("x") | {"id": each} for each in ids), {"choices": []}, chunk(None, "stop"))
    assert {each["id"] for each in found[:-1]} == {"a"}


@pytest.mark.parametrize("first", [{"id": None}, {"id": 7}])
def test_an_upstream_without_ids_gets_ours(first: dict[str, object]) -> None:
    found, _ = relayed(chunk("x") | first, chunk("x", "stop") | {"id": "late"})
    assert {each["id"] for each in found[:-1]} == {"chatcmpl-ours"}


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("none", [{"id": ""}, {"id": None}, {}], ids=["empty", "null", "absent"])
def test_the_first_id_that_is_not_empty_holds(none: dict[str, object], plain: bool) -> None:
    ahead = {**none, "model": "", "choices": [], "prompt_filter_results": []}
    said = [chunk(text) | {"id": each} for text, each in [("", ""), ("a", "real"), ("b", "real"), ("c", "")]]
    found, _ = relayed(ahead, *said, chunk(None, "stop") | {"id": "real"}, plain=plain)
    assert [each["id"] for each in found[:-1]] == ["", "", "real", "real", "real", "real"]


def test_an_id_that_is_ours_keeps_no_chunk_from_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    relay = relay_of()
    words = [chunk(text) | {"id": None} for text in "abcdef"]
    relay.feed(event(*words[:2]))
    monkeypatch.setattr(chunks, "read", None)
    found = frames(relay.feed(event(*words[2:])))
    assert found == [named(each, id="chatcmpl-ours") for each in words[2:]]


def test_a_usage_chunk_that_nobody_asked_for_is_taken_out() -> None:
    found, relay = relayed(chunk("Hi", "stop"), USAGE)
    assert found == [named(chunk("Hi", "stop"), persona=PERSONA), "[DONE]"]
    assert relay.transcript.usage == Usage(3)


def test_a_usage_chunk_that_the_caller_asked_for_stays_and_is_last() -> None:
    found, _ = relayed(chunk("Hi", "stop"), USAGE, wants_usage=True)
    assert found == [named(chunk("Hi", "stop"), persona=PERSONA), named(USAGE), "[DONE]"]


def test_usage_on_a_content_chunk_stays_and_the_last_counts() -> None:
    first, last = chunk("a", usage={"prompt_tokens": 1}), chunk("b", "stop", usage={"prompt_tokens": 2})
    found, relay = relayed(first, last)
    assert found == [named(first), named(last, persona=PERSONA), "[DONE]"]
    assert relay.transcript.usage == Usage(2)


def test_a_null_usage_is_none() -> None:
    assert relayed(chunk("Hi", "stop", usage=None))[1].transcript.usage is None


def test_no_depth_of_a_chunk_breaks_the_relay() -> None:
    for depth in range(850, 1010):
        deep = b'{"id":"2","model":"gpt","x":' + b"[" * depth + b"]" * depth + b"}"
        relay = relay_of()
        run(relay, [event(chunk("a"), deep, chunk("b", "stop")) + DONE])
        assert relay.done != (relay.failure is not None)


def test_blank_data_is_no_event() -> None:
    relay = relay_of()
    assert run(relay, [b"data:\n\ndata:  \n\n" + event(chunk("a", "stop")) + DONE]).count(b"data: ") == 2
    assert relay.events == 2


@pytest.mark.parametrize(
    "text", [b"\\ud83d", b"\\ude00", b"a\\ud83d\\u0041", b"\xff", b"\xed\xa0\xbd", b"\xf0\x9f"]
)
@pytest.mark.parametrize("head", [b'"id":"1","model":"gpt",', b'"id":"2","model":null,', b""])
def test_what_is_no_text_is_relayed_undecoded(text: bytes, head: bytes) -> None:
    odd = b'{%b"choices":[{"index":0,"delta":{"content":"%b"},"x":1e999}],"y":1.0}' % (head, text)
    relay = relay_of()
    out = run(relay, [event(chunk("a"), odd, chunk("b", "stop")) + DONE])
    _, middle, last, end, _ = out.split(b"\n\n")
    assert b'"choices":[{"index":0,"delta":{"content":"%b"},"x":1e999}],"y":1.0' % text in middle
    assert b'"id":"1"' in middle
    assert (b'"model":"persona/a@v1"' in middle) == bool(head)
    assert b'"persona"' in last
    assert end == b"data: [DONE]"


def test_an_emoji_that_is_cut_over_two_chunks_stays_whole() -> None:
    halves = [
        b'{"id":"1","model":"gpt","choices":[{"delta":{"content":"%b"}}]}' % half
        for half in (b"\\ud83d", b"\\ude00")
    ]
    out = run(relay_of(), [event(*halves, chunk(None, "stop")) + DONE])
    texts = [each["choices"][0]["delta"].get("content", "") for each in frames(out)[:-1]]
    assert "".join(texts).encode("utf-16", "surrogatepass").decode("utf-16") == "🙂".replace(
        "🙂", "\U0001f600"
    )


def test_a_persona_rides_on_a_chunk_with_a_lone_surrogate() -> None:
    last = b'{"id":"1","model":"gpt","choices":[{"delta":{"content":"\\ud83d"},"finish_reason":"stop"}] \n}'
    found = frames(run(relay_of(), [b"data: " + last.replace(b"\n", b"\ndata: ") + b"\n\n" + DONE]))
    assert (found[0]["persona"], found[0]["model"]) == (PERSONA, MODEL)


def test_content_may_be_a_list() -> None:
    one = chunk() | {"choices": [{"index": 0, "delta": {"content": [{"type": "text", "text": "Hi"}]}}]}
    found, relay = relayed(one, chunk(None, "stop"))
    assert found[0] == named(one)
    assert relay.transcript.said() == [Said(0, "Hi")]


def test_the_transcript_tells_choices_tools_and_refusals() -> None:
    tools = {
        "choices": [{"index": 1, "delta": {"tool_calls": [{}]}}, {"index": 0, "delta": {"refusal": "No"}}]
    }
    _, relay = relayed(chunk("b", index=1), chunk("a"), chunk("c", index=1), tools, chunk(None, "stop"))
    assert relay.transcript.said() == [Said(0, "a", refused=True), Said(1, "bc", called_tools=True)]


def test_a_choice_that_only_calls_tools_said_nothing() -> None:
    calls = {"choices": [{"index": 0, "delta": {"tool_calls": [{}]}, "finish_reason": "tool_calls"}]}
    _, relay = relayed(calls)
    assert relay.transcript.said() == [Said(0, "", called_tools=True)]
    assert relay_of().transcript.said() == [Said(0, "")]


def test_what_a_model_reasons_is_not_said() -> None:
    thought = {"reasoning_content": "I am", "reasoning": "an AI"}
    one = chunk() | {"choices": [{"index": 0, "delta": thought}]}
    found, relay = relayed(one, chunk("Hi", "stop"))
    assert found[0] == named(one)
    assert relay.transcript.said() == [Said(0, "Hi")]


def test_a_large_chunk_passes_in_small_pieces() -> None:
    big = chunk("x" * 2_000_000)
    text = event(big, chunk(None, "stop")) + DONE
    assert frames(run(relay_of(limit=3_000_000), cut(text, range(0, len(text), 1000))))[0] == named(big)
