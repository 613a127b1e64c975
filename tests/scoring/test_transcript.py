"""A transcript is the conversation in a request, and knows places in it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.scoring import transcript
from gateway.scoring.transcript import Conversation, Past, Said, following, read, text_of

ORIGIN = hash("ver_1")


def conversation(*messages: object, origin: int = ORIGIN) -> Conversation:
    return read([msgspec.Raw(json.dumps(message).encode()) for message in messages], origin)


def message(role: object, content: object, **more: object) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        (None, ""),
        (3, ""),
        ({"text": "a"}, ""),
        ([], ""),
        ([{"type": "text", "text": "a"}, {"type": "image"}, "b", {"text": 3}, None], "ab"),
    ],
)
def test_the_text_of_a_content_is_its_parts(content: object, text: str) -> None:
    assert text_of(content) == text


@pytest.mark.parametrize(
    ("said", "nothing"),
    [
        (Said(0, "Hi"), None),
        (Said(0, "Hi", called_tools=True, refused=True), None),
        (Said(0, ""), "empty"),
        (Said(0, " \n"), "empty"),
        (Said(0, "", refused=True), "refusal"),
        (Said(0, "", called_tools=True), "tool_call"),
    ],
)
def test_what_says_nothing_says_why(said: Said, nothing: str | None) -> None:
    assert said.nothing == nothing


def test_every_answer_goes_with_what_it_answers() -> None:
    found = conversation(
        message("system", "Be brief."),
        message("user", "A?"),
        message("assistant", "a"),
        message("user", [{"type": "text", "text": "B"}, {"type": "text", "text": "?"}]),
        message("assistant", None, tool_calls=[{}]),
        message("tool", "42"),
        message("assistant", [{"type": "text", "text": "b"}]),
        message("user", "C?"),
    )
    assert [(past.user, past.answer) for past in found.past] == [("A?", "a"), ("B?", "b")]
    assert found.user == "C?"


def test_an_earlier_answer_that_is_data_is_passed_over() -> None:
    found = conversation(
        message("user", "As JSON?"),
        message("assistant", ' {"title": "The harbour"}\n'),
        message("user", "A list?"),
        message("assistant", "[1, 2]"),
        message("user", "And?"),
        message("assistant", "[sighs, and wipes the lamp]"),
        message("user", "Well?"),
        message("assistant", "{well, well}"),
        message("user", "B?"),
    )
    assert [past.answer for past in found.past] == ["[sighs, and wipes the lamp]", "{well, well}"]


def test_what_is_no_message_is_passed_over() -> None:
    assert conversation("x", 3, None, {}, message(["user"], "A?"), message("user", "B?")).user == "B?"
    assert conversation() == Conversation([], "", ORIGIN)


def test_an_answer_stands_where_the_next_request_has_it() -> None:
    asked = conversation(message("user", "A?"))
    place = following(asked.place, "assistant", "a")
    after = conversation(message("user", "A?"), message("assistant", "a"), message("user", "B?"))
    assert after.past == [Past("A?", "a", place)]


def test_system_messages_move_no_place() -> None:
    asked, answered = message("user", "A?"), message("assistant", "a")
    with_it = conversation(message("system", "x"), asked, message("developer", "y"), answered)
    assert with_it == conversation(asked, answered)


turns = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "tool"]), st.text("ab", max_size=2)), max_size=5
)


@given(turns, turns)
def test_other_words_have_other_places(one: list[Any], other: list[Any]) -> None:
    places = [conversation(*(message(*turn) for turn in each)).place for each in (one, other)]
    assert (places[0] == places[1]) == (one == other)


def test_another_origin_has_other_places() -> None:
    hello = message("user", "A?")
    assert conversation(hello).place != conversation(hello, origin=hash("ver_2")).place


def test_a_text_that_is_too_long_is_not_read_and_still_tells_places_apart() -> None:
    def said(letter: str, *, in_parts: bool) -> Any:
        text = letter * (transcript.LONGEST + 1)
        parts = [
            {"type": "text", "text": "Look:"},
            {"type": "text", "text": text},
            "there",
            {"type": "image_url"},
        ]
        message = {"role": "user", "content": parts if in_parts else text}
        return transcript.read([msgspec.Raw(msgspec.json.encode(message))], 7)

    assert said("a", in_parts=True).user == "Look:there"
    assert said("a", in_parts=False).user == ""
    for in_parts in (True, False):
        assert said("a", in_parts=in_parts).place == said("a", in_parts=in_parts).place
        assert said("a", in_parts=in_parts).place != said("b", in_parts=in_parts).place
