"""Texts differ from one number to the next, and requests say which answer they want."""

import msgspec
import pytest

from benchmarks import shapes, texts
from benchmarks.shapes import BURST, LARGE, SMALL, Shape, Workload


@pytest.mark.parametrize("size", [500, 50_000])
def test_texts_are_long_enough_and_all_different(size: int) -> None:
    found = {texts.text(number, size) for number in range(200)}
    assert len(found) == 200
    assert all(size <= len(text) < size * 1.6 for text in found)


@pytest.mark.parametrize("workload", [SMALL, LARGE, BURST])
def test_a_request_names_its_answer_and_has_its_size(workload: Workload) -> None:
    body = shapes.body(workload, 17, "some-model")
    assert shapes.parse(body) == (workload.shape, 17)
    assert workload.request_size < len(body) < workload.request_size * 1.3 + 1000
    assert [one["role"] for one in msgspec.json.decode(body)["messages"]][:2] != ["user", "user"]


def test_the_words_of_a_stream_are_as_many_as_asked() -> None:
    assert len(texts.words(3, 100)) == 100
    assert "".join(texts.words(3, 100)) == Shape(True, 100).text(3)


def test_a_responses_request_asks_for_the_same_as_a_chat() -> None:
    chat, asked = (msgspec.json.decode(write(SMALL, 7, "m")) for write in (shapes.body, shapes.response_body))
    assert [asked["instructions"], *(each["content"] for each in asked["input"])] == [
        each["content"] for each in chat["messages"]
    ]
    assert shapes.parse(shapes.response_body(SMALL, 7, "m")) == (SMALL.shape, 7)
