"""The relay: whole frames, the resolved name, the persona on the last finish, a clean end or a failure."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from gateway.errors import Fault, Refusal
from gateway.openai_api.relay import Relay, error_frame
from gateway.openai_api.sse import BOM
from gateway.scoring.transcript import Said
from gateway.turns.turn import Usage
from gateway.upstreams.masking import Mask
from tests.openai_api.pieces import cut, pieces

MODEL = "persona/a@v1"
PERSONA = {"id": "psn_1", "turn": "msg_1"}
DONE = b"data: [DONE]\n\n"


def relay_of(
    *, choices: int = 1, wants_usage: bool = False, plain: bool = False, limit: int = 100_000
) -> Relay:
    return Relay(
        upstream="main",
        model_json=None if plain else json.dumps(MODEL).encode(),
        choices=choices,
        wants_usage=wants_usage,
        limit=limit,
        mask=Mask(["a-secret-of-ours"]),
        fallback_id="chatcmpl-ours",
    )


def run(relay: Relay, reads: Iterable[bytes]) -> bytes:
    """Everything that goes out when the upstream sends these pieces and ends."""
    out = []

    def put(frames: bytes) -> None:
        assert frames == b"" or (frames.startswith(b"data: ") and frames.endswith(b"\n\n"))
        out.append(frames)
        while relay.is_held:
            put(relay.release(json.dumps(PERSONA).encode()))

    for data in reads:
        put(relay.feed(data))
    while not relay.done and relay.failure is None:
        put(relay.finish())
    return b"".join(out)


def frames(out: bytes) -> list[Any]:
    """The data of each frame, decoded; `[DONE]` as it is."""
    found = []
    for each in out.split(b"\n\n")[:-1]:
        data = each.removeprefix(b"data: ")
        assert b"\n" not in data
        found.append("[DONE]" if data == b"[DONE]" else json.loads(data))
    return found


def event(*data: object) -> bytes:
    return b"".join(
        b"data: " + (each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n\n"
        for each in data
    )


def chunk(
    content: str | None = None, finish: str | None = None, index: int = 0, **more: object
) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"id": "1", "model": "gpt", "choices": [choice], **more}


def relayed(*data: object, end: bytes = DONE, **options: Any) -> tuple[list[Any], Relay]:
    relay = relay_of(**options)
    return frames(run(relay, [event(*data) + end])), relay


def named(one: dict[str, Any], **more: object) -> dict[str, Any]:
    return {**one, "model": MODEL, **more}


def failed(*data: object, end: bytes = b"", **options: Any) -> tuple[list[Any], Refusal, Relay]:
    found, relay = relayed(*data, end=end, **options)
    assert relay.failure is not None
    assert relay.cause is not None
    assert "[DONE]" not in found
    assert not relay.done
    return found, relay.failure, relay


USAGE = {"id": "1", "model": "gpt", "choices": [], "usage": {"prompt_tokens": 3}}

contents = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["ğ🙂", "\u2028", '"model":"gpt"', "[DONE]", "data: x\n\n", ""]
)
extras: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["x", "ğ", "service_tier"]), contents | st.just({"model": "gpt"}), max_size=2
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, int, bool, list[Any]]:
    """An upstream's stream, what is asked for, and what has to go out."""
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
    for left, index in enumerate(draw(st.permutations(range(choices)))):
        more: dict[str, Any] = {"persona": PERSONA} if left == choices - 1 else {}
        usage: dict[str, Any] = {"usage": {"prompt_tokens": 3}} if draw(st.booleans()) else {}
        put(
            chunk(None, draw(st.sampled_from(["stop", "length", ""])) or "tool_calls", index, **usage), **more
        )
    if draw(st.booleans()):
        put(chunk(None, "stop", choices - 1))
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
    assert cut_up.transcript.said() == whole.transcript.said()
    assert (cut_up.usage, cut_up.finish_reason) == (whole.usage, whole.finish_reason)


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


@pytest.mark.parametrize("first", [{"id": ""}, {"id": None}, {"id": 7}])
def test_an_upstream_without_ids_gets_ours(first: dict[str, object]) -> None:
    found, _ = relayed(chunk("x") | first, chunk("x", "stop") | {"id": "late"})
    assert {each["id"] for each in found[:-1]} == {"chatcmpl-ours"}


def test_a_usage_chunk_that_nobody_asked_for_is_taken_out() -> None:
    found, relay = relayed(chunk("Hi", "stop"), USAGE)
    assert found == [named(chunk("Hi", "stop"), persona=PERSONA), "[DONE]"]
    assert relay.usage == Usage(3)


def test_a_usage_chunk_that_the_caller_asked_for_stays_and_is_last() -> None:
    found, _ = relayed(chunk("Hi", "stop"), USAGE, wants_usage=True)
    assert found == [named(chunk("Hi", "stop"), persona=PERSONA), named(USAGE), "[DONE]"]


def test_usage_on_a_content_chunk_stays_and_the_last_counts() -> None:
    first, last = chunk("a", usage={"prompt_tokens": 1}), chunk("b", "stop", usage={"prompt_tokens": 2})
    found, relay = relayed(first, last)
    assert found == [named(first), named(last, persona=PERSONA), "[DONE]"]
    assert relay.usage == Usage(2)


def test_a_null_usage_is_none() -> None:
    assert relayed(chunk("Hi", "stop", usage=None))[1].usage is None


def test_the_persona_rides_on_the_chunk_that_finishes_the_last_choice() -> None:
    found, relay = relayed(
        *(chunk("x", index=index) for index in range(3)),
        *(chunk(None, f"r{index}", index) for index in (2, 0, 1)),
        choices=3,
    )
    assert ["persona" in each for each in found[:-1]] == [False] * 5 + [True]
    assert relay.finish_reason == "r2"


def test_one_chunk_may_finish_all_choices() -> None:
    one = {
        "id": "1",
        "choices": [{"index": index, "delta": {}, "finish_reason": "stop"} for index in range(3)],
    }
    assert relayed(one, choices=3)[0] == [{**one, "persona": PERSONA}, "[DONE]"]


def test_a_repeated_finish_passes_as_it_is() -> None:
    last = chunk(None, "stop")
    found, relay = relayed(last, last, chunk(None, "length"))
    assert found == [named(last, persona=PERSONA), named(last), named(chunk(None, "length")), "[DONE]"]
    assert relay.finish_reason == "stop"


def test_an_empty_finish_reason_means_not_yet() -> None:
    first = chunk("Hi", "")
    found, _ = relayed(first, chunk(None, "stop"))
    assert found == [named(first), named(chunk(None, "stop"), persona=PERSONA), "[DONE]"]


def test_what_comes_behind_a_held_chunk_waits_for_it() -> None:
    relay = relay_of()
    assert frames(relay.feed(event(chunk("a"), chunk(None, "stop"), USAGE, chunk("late")) + DONE)) == [
        named(chunk("a"))
    ]
    assert relay.is_held
    assert relay.feed(b"") == b""
    assert frames(relay.release(b"{}")) == [
        named(chunk(None, "stop"), persona={}),
        named(chunk("late")),
        "[DONE]",
    ]
    assert relay.done
    assert not relay.is_held


def test_nothing_but_the_finish_chunk_is_held() -> None:
    relay = relay_of()
    for number in range(5):
        assert frames(relay.feed(event(chunk(str(number))))) == [named(chunk(str(number)))]
        assert not relay.is_held


def test_a_plain_model_has_no_persona() -> None:
    last = chunk("Hi", "stop")
    assert relayed(last, plain=True)[0] == [last, "[DONE]"]


def test_what_follows_done_is_dropped() -> None:
    found, relay = relayed(chunk("Hi", "stop"), b"[DONE]", b"[DONE]", chunk("late"), b"{", end=b"")
    assert found == [named(chunk("Hi", "stop"), persona=PERSONA), "[DONE]"]
    assert relay.feed(event(chunk("later"))) == b""
    assert relay.finish() == b""


def test_a_missing_done_is_added() -> None:
    assert relayed(chunk("Hi", "stop"), end=b"")[0][-1] == "[DONE]"


def test_a_done_without_a_finish_is_an_end() -> None:
    assert relayed(chunk("Hi"))[0] == [named(chunk("Hi")), "[DONE]"]


@pytest.mark.parametrize("data", [[], [chunk("Hi")], [chunk("a", "stop", 0), chunk("b", index=1)]])
def test_neither_finish_nor_done_is_a_failure(data: list[dict[str, Any]]) -> None:
    found, refusal, relay = failed(*data, choices=2)
    assert found == [named(each) for each in data]
    assert refusal.fault is Fault.STREAM_BROKEN
    assert relay.cause is not None
    assert relay.cause.kind == "bad_answer"


def test_a_frame_that_is_cut_off_is_dropped() -> None:
    assert failed(chunk("Hi"), end=b'data: {"choices":[{"del')[0] == [named(chunk("Hi"))]


def test_a_cut_off_frame_behind_the_finish_does_no_harm() -> None:
    found, _ = relayed(chunk("Hi", "stop"), end=b'data: {"choices":[],"usa')
    assert found == [named(chunk("Hi", "stop"), persona=PERSONA), "[DONE]"]


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
        [{"error": {"message": "x"}}],
        [{"error": "x"}],
        [chunk("b", error={"message": "x"})],
        [chunk(None, "error", error={"code": 502, "message": "x"})],
        [{"object": "error", "message": "x", "type": "server_error", "code": 502}],
    ],
)
def test_an_error_later_ends_the_stream(data: list[object]) -> None:
    found, refusal, _ = failed(chunk("a"), *data, chunk("c", "stop"), end=DONE)
    assert found == [named(chunk("a"))]
    assert refusal.fault is Fault.STREAM_ERROR
    assert refusal.passed_on == {"message": "x", "type": "server_error", "code": "provider.stream_error"}


def test_an_error_behind_the_finish_still_is_one() -> None:
    assert failed(chunk("a", "stop"), {"error": {"message": "x"}}, end=DONE)[0] == [
        named(chunk("a", "stop"), persona=PERSONA)
    ]


def test_an_event_of_the_name_error_is_one() -> None:
    relay = relay_of()
    out = run(
        relay, [event(chunk("a")) + b'event: error\ndata: {"type":"overloaded","message":"x"}\n\n' + DONE]
    )
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


def test_the_last_frame_of_a_failed_stream_is_this() -> None:
    refusal = Refusal(Fault.STREAM_BROKEN, "The upstream `main` broke off.")
    assert error_frame(refusal) == snapshot(
        b'data: {"error":{"message":"The upstream `main` broke off.","type":"server_error",'
        b'"param":null,"code":"provider.stream_broken"}}\n\n'
    )
