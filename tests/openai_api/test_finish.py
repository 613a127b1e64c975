"""The end of a stream: the chunk that may be the last is held, and the last one has the persona."""

from typing import Any

import pytest

from gateway.scoring.transcript import Said
from tests.openai_api.streams import (
    DONE,
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


def test_the_persona_rides_on_the_chunk_that_finishes_the_last_choice() -> None:
    found, relay = relayed(
        *(chunk("x", index=index) for index in range(3)),
        *(chunk(None, f"r{index}", index) for index in (2, 0, 1)),
        choices=3,
    )
    assert ["persona" in each for each in found[:-1]] == [False] * 5 + [True]
    assert relay.transcript.finish_reason == "r2"


def test_one_chunk_may_finish_all_choices() -> None:
    one = {
        "id": "1",
        "choices": [{"index": index, "delta": {}, "finish_reason": "stop"} for index in range(3)],
    }
    assert relayed(one, choices=3)[0] == [{**one, "persona": PERSONA}, "[DONE]"]


def test_the_last_of_several_finishes_counts_and_has_the_persona() -> None:
    last = chunk(None, "stop")
    found, relay = relayed(chunk("a"), last, last, chunk(None, "length"))
    assert found[1:] == [named(last), named(last), named(chunk(None, "length"), persona=PERSONA), "[DONE]"]
    assert relay.transcript.finish_reason == "length"


def test_an_empty_finish_reason_means_not_yet() -> None:
    first = chunk("Hi", "")
    found, _ = relayed(first, chunk(None, "stop"))
    assert found == [named(first), named(chunk(None, "stop"), persona=PERSONA), "[DONE]"]


def test_what_says_nothing_more_waits_behind_a_held_chunk() -> None:
    relay = relay_of(wants_usage=True)
    late = chunk("") | {"prompt_filter_results": []}
    assert frames(relay.feed(event(chunk("a"), chunk(None, "stop"), late, USAGE))) == [named(chunk("a"))]
    assert relay.is_held
    assert not relay.is_settled
    assert relay.feed(DONE + event(chunk("later"))) == b""
    assert relay.is_settled
    assert frames(relay.release(b"{}")) == [
        named(chunk(None, "stop"), persona={}),
        named(late),
        named(USAGE),
        "[DONE]",
    ]
    assert relay.done
    assert not relay.is_held


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "b"},
        {"reasoning_content": "b"},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
        {"refusal": "No"},
        {"of_another_kind": {"x": 1}},
    ],
)
def test_more_behind_a_held_chunk_lets_it_go(delta: dict[str, Any]) -> None:
    more = {"id": "1", "model": "gpt", "choices": [{"index": 0, "delta": delta}]}
    relay = relay_of()
    first = event(chunk("a"), chunk(None, "stop"), chunk(""), more)
    assert frames(relay.feed(first))[1:] == [named(chunk(None, "stop")), named(chunk("")), named(more)]
    assert not relay.is_held
    assert relay.feed(event(chunk(None, "length"))) == b""
    assert frames(run(relay, [DONE])) == [named(chunk(None, "length"), persona=PERSONA), "[DONE]"]


def test_a_finish_reason_on_every_chunk_ends_nothing() -> None:
    said = [chunk("", "stop"), *(chunk(text, "stop") for text in "abc")]
    found, relay = relayed(*said)
    assert found == [*map(named, said[:-1]), named(said[-1], persona=PERSONA), "[DONE]"]
    assert relay.transcript.said() == [Said(0, "abc")]
    assert relay.transcript.finish_reason == "stop"


def test_a_finish_that_nothing_follows_for_a_while_is_the_last() -> None:
    relay = relay_of()
    relay.feed(event(chunk("a"), chunk(None, "stop")))
    assert relay.settle() == b""
    assert relay.is_settled
    assert frames(relay.release(b"{}")) == [named(chunk(None, "stop"), persona={})]
    assert not relay.done
    assert frames(run(relay, [event(USAGE) + DONE])) == ["[DONE]"]


@pytest.mark.parametrize(
    "said",
    [
        [chunk("a", "stop")],
        [chunk("", "stop")],
        [chunk("a"), chunk(None, "stop"), chunk("b"), chunk(None, "stop")],
    ],
    ids=["with a text", "before any text", "after one that was none"],
)
def test_a_doubtful_finish_that_nothing_follows_for_a_while_is_let_go(said: list[dict[str, Any]]) -> None:
    relay = relay_of()
    relay.feed(event(*said))
    assert frames(relay.settle()) == [named(said[-1])]
    assert not relay.is_held
    last = frames(run(relay, [DONE]))
    assert [each["persona"] for each in last[:-1]] == [PERSONA]


def test_more_behind_a_finish_that_was_the_last_is_scored_anew() -> None:
    relay = relay_of()
    relay.feed(event(chunk("a"), chunk(None, "stop")))
    relay.settle()
    relay.release(b"{}")
    found = frames(run(relay, [event(chunk("b"), chunk("c"), chunk("d"), chunk(None, "stop")) + DONE]))
    assert ["persona" in each for each in found[:-1]] == [False, False, False, True]
    assert relay.transcript.said() == [Said(0, "abcd")]


def test_a_chunk_that_says_nothing_behind_the_last_one_needs_no_other_last_one() -> None:
    relay = relay_of()
    relay.feed(event(chunk("a"), chunk(None, "stop")))
    relay.settle()
    relay.release(b"{}")
    empty = chunk("")
    assert frames(run(relay, [event(empty), event(empty) + DONE])) == [named(empty), named(empty), "[DONE]"]


def test_what_waits_is_bounded() -> None:
    relay = relay_of()
    late = chunk("") | {"padding": "x" * 20_000}
    assert relay.feed(event(chunk("a"), chunk(None, "stop"), late, late, late))
    assert frames(relay.feed(event(late)))[0] == named(chunk(None, "stop"))
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
    found, relay = relayed(chunk("Hi") | {"created": 7})
    choice = {"index": 0, "delta": {}, "finish_reason": None}
    ours = {"id": "1", "object": "chat.completion.chunk", "created": 7, "choices": [choice]}
    assert found == [named(chunk("Hi"), created=7), named(ours, persona=PERSONA), "[DONE]"]
    assert relay.transcript.finish_reason is None


def test_nothing_but_done_is_an_empty_answer() -> None:
    found, relay = relayed()
    assert (found[0]["id"], found[0]["persona"], found[1:]) == ("chatcmpl-ours", PERSONA, ["[DONE]"])
    assert relay.transcript.said() == [Said(0, "")]


def test_without_a_finish_the_usage_that_was_asked_for_has_the_persona() -> None:
    found, _ = relayed(chunk("Hi"), USAGE, wants_usage=True)
    assert found == [named(chunk("Hi")), named(USAGE, persona=PERSONA), "[DONE]"]


def test_one_choice_in_place_of_two_has_the_persona() -> None:
    found, relay = relayed(chunk("Hi"), chunk(None, "stop"), choices=2)
    assert found == [named(chunk("Hi")), named(chunk(None, "stop"), persona=PERSONA), "[DONE]"]
    assert relay.transcript.finish_reason == "stop"


def test_the_first_of_two_choices_waits_for_the_second_no_longer_than_it_has_to() -> None:
    relay = relay_of(choices=2)
    relay.feed(event(chunk("a"), chunk(None, "stop")))
    assert frames(relay.settle()) == [named(chunk(None, "stop"))]
    found = frames(run(relay, [event(chunk("b", index=1), chunk(None, "stop", 1)) + DONE]))
    assert ["persona" in each for each in found[:-1]] == [False, True]


def test_a_plain_model_without_a_finish_gets_no_chunk_of_ours() -> None:
    assert relayed(chunk("Hi"), plain=True)[0] == [chunk("Hi"), "[DONE]"]
