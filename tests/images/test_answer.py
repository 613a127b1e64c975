"""Answers of upstreams: pictures in base64, URLs, and what is neither."""

import base64
import json
from typing import Any

import pytest

from gateway.images.answer import read
from gateway.turns.usage import Usage
from tests.fakes.pictures import PICTURE, USAGE

IN_BASE64 = {"b64_json": base64.b64encode(PICTURE).decode()}


def test_a_picture_and_what_it_took_are_read() -> None:
    found = read(json.dumps({"data": [IN_BASE64], "usage": USAGE}).encode())
    assert found == (PICTURE, None, Usage(100, 1000, 1100))


def test_a_url_is_read_and_a_usage_that_is_none_is_passed_over() -> None:
    nonsense: list[Any] = [None, {}, [], {"input_tokens": -1}, "many"]
    for usage in nonsense:
        answer = {"data": [{"url": "https://a.test/b.png"}], "usage": usage}
        assert read(json.dumps(answer).encode()) == (None, "https://a.test/b.png", None)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": []},
        {"data": [{}]},
        {"data": [{"b64_json": "???"}]},
        {"data": [{"b64_json": "ü"}]},
        [],
        "x",
    ],
)
def test_what_holds_no_picture_is_no_answer(answer: Any) -> None:
    assert read(json.dumps(answer).encode()) is None


def test_bytes_that_are_no_json_are_no_answer() -> None:
    for body in (b"", b"\xff", b"[" * 5000, b'{"data": [{"url": "\\ud83d"}]}'):
        assert read(body) is None
