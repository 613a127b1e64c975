"""An upstream says why it failed: this is where servers put it, the status it stands for, and what is
shown."""

import json

import pytest

from gateway.upstreams.masking import Mask
from gateway.upstreams.reason import decoded, find, is_error, reported, status_of, whole


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "a", "x": {"y": 1}}}, {"message": "a", "x": {"y": 1}}),
        ({"error": {"code": 7}}, {"message": "The upstream gave no reason.", "code": 7}),
        ({"error": {"message": None}}, {"message": "The upstream gave no reason."}),
        ({"error": "a", "code": 7, "x": 1}, {"message": "a", "code": 7}),
        ({"message": "a", "type": "t"}, {"message": "a", "type": "t"}),
        ({"detail": "a"}, {"message": "a"}),
        ({"detail": [{"loc": ["x"]}]}, {"message": '[{"loc":["x"]}]'}),
        ([{"error": {"message": "a"}}], {"message": "a"}),
        ({"error": {"message": "a", "n": 10**40}}, {"message": "a", "n": 10**40}),
    ],
)
def test_an_error_is_found_where_servers_put_it(body: object, error: dict[str, object]) -> None:
    assert find(json.dumps(body).encode()) == error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, None),
        ("429", None),
        ({}, None),
        ({"code": 429}, 429),
        ({"code": "429"}, 429),
        ({"code": 200}, None),
        ({"code": 600}, None),
        ({"code": True}, None),
        ({"code": "٤٢٩"}, None),
        ({"code": "²"}, None),
        ({"code": "4" * 5000}, None),
        ({"status": 503, "code": 429}, 503),
        ({"status": "UNAVAILABLE", "code": 503}, 503),
        ({"status_code": 404}, 404),
        ({"type": "invalid_request_error"}, 400),
        ({"type": "rate_limit_error"}, 429),
        ({"code": "rate_limit_exceeded"}, 429),
        ({"type": "invalid_request_error", "code": "invalid_api_key"}, 401),
        ({"code": "context_length_exceeded"}, 400),
        ({"type": "overloaded_error"}, 529),
        ({"type": ["x"]}, None),
    ],
)
def test_an_error_names_its_status(error: object, status: int | None) -> None:
    assert status_of(error) == status


def test_an_integer_without_end_in_an_error_does_no_harm() -> None:
    found = find(b'{"error":{"message":"a","n":' + b"7" * 5000 + b"}}")
    assert found is not None
    assert whole(found, Mask(())) == {"message": "a", "n": "7" * 5000}


@pytest.mark.parametrize("body", [b'{"error":{"message":"\\ud83d a"}}', b'{"error":{"message":"\xff a"}}'])
def test_half_a_character_is_replaced(body: bytes) -> None:
    found = find(body)
    assert found is not None
    assert found["message"].endswith(" a")
    json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.parametrize("raw", [b"null", b" false", b'""', b"{ }", b"[]", b"0", b"nonsense"])
def test_what_is_empty_is_no_error(raw: bytes) -> None:
    assert not is_error(raw)


@pytest.mark.parametrize("raw", [b'"a"', b'{"message":null}', b"true", b"[1]", b'"' + b"x" * 99_999 + b'"'])
def test_anything_else_is(raw: bytes) -> None:
    assert is_error(raw)


@pytest.mark.parametrize("body", [b'{"object":"chat.completion"}', b'{"object":"error_list"}', b'["error"]'])
def test_what_is_no_error_by_its_shape_reports_none(body: bytes) -> None:
    assert reported(decoded(body)) is None
