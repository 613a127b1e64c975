"""What a caller is told of an upstream's failure, status by status, and what is never shown."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Fault, openai_error
from gateway.upstreams.failure import (
    ERROR_BYTES,
    Kind,
    UpstreamFailure,
    from_event,
    from_status,
    mask,
    named_status,
    visible_error,
)

SECRET = "a-secret-of-ours"
ERROR = {"message": "No such model", "type": "invalid_request_error", "param": "model", "code": "nope"}
BODY = json.dumps({"error": ERROR}).encode()
KINDS: list[Kind] = [
    "connection",
    "connect_timeout",
    "first_byte_timeout",
    "total_timeout",
    "bad_answer",
    "error_event",
    "breaker_open",
    "not_configured",
]


def answered(status: int, body: bytes = BODY, **headers: str) -> UpstreamFailure:
    return from_status(
        "main", status, body, {name.replace("_", "-"): headers[name] for name in headers}, [SECRET]
    )


def told(failure: UpstreamFailure) -> dict[str, Any]:
    return dict(openai_error(failure.refusal()))


@pytest.mark.parametrize("status", [400, 402, 404, 405, 410, 413, 415, 422, 451])
def test_an_error_of_the_request_is_passed_on(status: int) -> None:
    failure = answered(status)
    refusal = failure.refusal()
    assert not failure.is_retryable
    assert not failure.trips_breaker
    assert (refusal.status, refusal.headers, told(failure)) == (status, {}, ERROR)


@pytest.mark.parametrize(
    ("status", "fault", "headers"),
    [
        (408, Fault.PROVIDER_TIMEOUT, {"retry-after": "7"}),
        (409, Fault.PROVIDER_CONFLICT, {"retry-after": "7", "x-should-retry": "false"}),
        (429, Fault.PROVIDER_RATE_LIMITED, {"retry-after": "7"}),
    ],
)
def test_an_error_of_the_moment_keeps_status_error_and_retry_after(
    status: int, fault: Fault, headers: dict[str, str]
) -> None:
    failure = answered(status, retry_after="7")
    refusal = failure.refusal()
    assert failure.is_retryable
    assert not failure.trips_breaker
    assert (refusal.fault, refusal.status, refusal.headers) == (fault, status, headers)
    assert told(failure) == ERROR


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_the_operator_s_business(status: int) -> None:
    failure = answered(status, retry_after="7")
    refusal = failure.refusal()
    assert not failure.is_retryable
    assert not failure.trips_breaker
    assert (refusal.fault, refusal.status) == (Fault.PROVIDER_CREDENTIALS, 502)
    assert refusal.headers == {"x-should-retry": "false"}
    assert refusal.passed_on is None


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 529, 599, 201, 204, 301, 302, 307])
def test_a_broken_upstream_is_unavailable(status: int) -> None:
    failure = answered(status, retry_after="7")
    refusal = failure.refusal()
    assert failure.is_retryable
    assert failure.trips_breaker
    assert (refusal.fault, refusal.status) == (Fault.PROVIDER_UNAVAILABLE, 503)
    assert refusal.headers == {"x-should-retry": "false"}
    assert "No such model" not in str(told(failure))


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_without_an_answer_is_unavailable(kind: Kind) -> None:
    failure = UpstreamFailure(kind, "main")
    refusal = failure.refusal()
    assert failure.is_retryable
    assert failure.trips_breaker == (kind not in ("breaker_open", "not_configured"))
    assert (refusal.fault, refusal.status) == (Fault.PROVIDER_UNAVAILABLE, 503)
    assert "`main`" in refusal.message
    assert failure.word == kind


def test_the_word_of_a_failure_names_its_status() -> None:
    assert answered(429).word == "status_429"
    assert from_event("main", {"code": 429}, []).word == "error_event_429"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><b>nginx</b></html>",
        b"nonsense",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b'{"error":null}',
        b'{"error":{"message":"\xff"}}',
        b'{"error":{"message":"\\ud83d"}}',
        b'{"error":' * 100_000,
        b'{"error":{"message":"' + b"x" * ERROR_BYTES + b'"}}',
    ],
    ids=lambda body: repr(body)[:40],
)
def test_what_is_no_error_object_is_not_shown(body: bytes) -> None:
    failure = answered(422, body)
    assert failure.error is None
    assert told(failure) == {
        "message": "The upstream `main` refused the request with status 422.",
        "type": "invalid_request_error",
        "param": None,
        "code": "provider.rejected_request",
    }


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
    assert visible_error(json.dumps(body).encode(), []) == error


def test_every_error_has_the_four_keys_of_openai() -> None:
    assert told(answered(400, b'{"detail":"a"}')) == {
        "message": "a",
        "type": None,
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize(
    "written", [SECRET, SECRET.replace("e", "\\u0065"), "x" + SECRET + "x", SECRET + SECRET], ids=ascii
)
@pytest.mark.parametrize(
    "place",
    ['{"error":{"message":"%s"}}', '{"error":{"message":"a","x":[{"%s":1}]}}', '{"detail":{"x":"%s"}}'],
)
def test_a_configured_secret_is_masked_however_it_is_written(written: str, place: str) -> None:
    shown = json.dumps(visible_error((place % written).encode(), [SECRET]))
    assert SECRET not in shown
    assert "***" in shown


def test_a_secret_with_a_quote_is_masked() -> None:
    assert visible_error(json.dumps({"error": {"message": 'a/"b\\c'}}).encode(), ['/"b\\']) == {
        "message": "a***c"
    }


def test_the_longest_of_two_alike_secrets_is_masked() -> None:
    assert mask("key abcdefgh-1234", ["abcdefgh", "abcdefgh-1234"]) == "key ***"


@pytest.mark.parametrize(
    "key", ["sk-proj-abcdefghij_klmnop", "pk_live_0123456789abcdefABCDEF", "pk_test_0123456789abcdefABCDEF"]
)
def test_what_looks_like_a_key_is_masked(key: str) -> None:
    assert mask(f"Incorrect API key provided: {key}.", []) == "Incorrect API key provided: ***."


def test_what_looks_like_no_key_stays() -> None:
    text = "The task-oriented desk-top risk-assessment, sk-short"
    assert mask(text, []) == text


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
        ({"type": ["x"]}, None),
    ],
)
def test_an_error_names_its_status(error: object, status: int | None) -> None:
    assert named_status(error) == status


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from([SECRET, "429", 403, 500]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "status", "type", "detail"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_error_in_a_200_becomes_a_failure(error: object) -> None:
    failure = from_event("main", error, [SECRET])
    shown = told(failure)
    assert isinstance(shown["message"], str)
    assert SECRET not in json.dumps(shown)
    if failure.status in (None, 401, 403) or failure.status >= 500:
        assert failure.error is None


@given(
    st.integers(100, 599), json_values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30)
)
def test_any_answer_becomes_a_refusal(status: int, body: bytes) -> None:
    failure = answered(status, body, retry_after="soon")
    refusal = failure.refusal()
    assert 400 <= refusal.status < 600
    assert SECRET not in json.dumps(told(failure))


@pytest.mark.parametrize("value", ["7\udcff", "7\x01", "\x00"])
def test_a_retry_after_that_is_no_header_is_left_out(value: str) -> None:
    assert answered(429, retry_after=value).refusal().headers == {}
