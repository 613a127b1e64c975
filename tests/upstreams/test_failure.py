"""A caller is told of an upstream's failure status by status, and some things are never shown."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.envelope import openai_error
from gateway.errors import Fault
from gateway.upstreams.failure import Kind, UpstreamFailure, from_answer, from_event, from_status
from gateway.upstreams.masking import Mask
from gateway.upstreams.reason import BODY_BYTES, SHORT_BYTES

SECRET = "a-secret-of-ours"
MASK = Mask([SECRET])
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
        "main", status, body, {name.replace("_", "-"): headers[name] for name in headers}, MASK
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
        (429, Fault.RATE_LIMITED, {"retry-after": "7"}),
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


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 529, 599])
def test_a_broken_upstream_is_unavailable_and_says_why(status: int) -> None:
    failure = answered(
        status, b'{"error":{"message":"The server is overloaded","code":null}}', retry_after="7"
    )
    refusal = failure.refusal()
    assert failure.is_retryable
    assert (refusal.fault, refusal.status) == (Fault.PROVIDER_UNAVAILABLE, 503)
    assert refusal.headers == {"x-should-retry": "false"}
    assert told(failure) == {
        "message": "The server is overloaded",
        "type": "server_error",
        "param": None,
        "code": "provider.unavailable",
    }


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307])
def test_what_is_neither_an_answer_nor_an_error_is_unavailable_and_not_shown(status: int) -> None:
    failure = answered(status)
    assert failure.is_retryable
    assert not failure.trips_breaker
    assert failure.refusal().status == 503
    assert "No such model" not in str(told(failure))


@pytest.mark.parametrize(
    ("status", "body", "trips"),
    [
        (500, b"", True),
        (500, b"<html>", True),
        (500, b"null", True),
        (500, b'{"error":{"message":"Out of memory"}}', False),
        (500, b'{"error":"Out of memory"}', False),
        (500, b'{"error":{"message":"' + b"x" * BODY_BYTES + b'"}}', False),
        (502, b'{"error":{"message":"Out of memory"}}', True),
        (503, b"", True),
        (504, b"", True),
        (529, b'{"error":{"message":"Overloaded"}}', True),
        (501, b"", False),
        (599, b"", False),
    ],
)
def test_a_500_with_a_json_error_says_nothing_about_the_upstream(
    status: int, body: bytes, trips: bool
) -> None:
    failure = answered(status, body)
    assert failure.trips_breaker is trips
    assert failure.is_retried_once is (status == 500 and not trips)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"message": "Too long", "code": "context_length_exceeded"}, 400),
        ({"message": "Too long", "type": "invalid_request_error", "code": 500}, 500),
        ({"message": "Too long", "type": "invalid_request_error"}, 400),
        ({"message": "Too fast", "type": "rate_limit_error"}, 429),
        ({"message": "Failed to parse messages: Missing tool call type: 5", "code": 500}, 400),
        ({"message": "Failed to parse tools: not an array", "type": "server_error"}, 400),
        ({"message": "Failed to parse the weights", "code": 500}, 500),
        ({"message": "No", "code": "invalid_api_key"}, 500),
        ({"message": "No", "code": 503}, 500),
    ],
)
def test_a_500_that_names_a_mistake_of_the_caller_is_one(error: dict[str, object], status: int) -> None:
    failure = answered(500, json.dumps({"error": error}).encode())
    assert failure.status == status
    assert failure.refusal().status == (503 if status == 500 else status)


@pytest.mark.parametrize(
    "message",
    [
        'Failed to parse messages: Missing tool call type: "x"',
        "Failed to parse messages: [json.exception.type_error.302] type must be string, but is object",
        "Failed to parse tools: Missing tool function",
        "Failed to parse grammar",
        "Missing tool call function: {}",
        "Invalid 'content' type",
        "Unsupported content part type: audio",
        "Invalid tool_choice: x",
        "Unknown reasoning format: x",
        "Cannot use both json_schema and grammar",
        "Cannot use custom grammar constraints with tools.",
        "tools param requires --jinja flag",
        "[json.exception.type_error.302] type must be string, but is number",
        "JSON schema error at #: unrecognized type nonsense",
        "Unable to generate parser for this template. Automatic parser generation failed: no",
        "This chat template does not support tools",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "After the optional system message, conversation roles must alternate user and assistant roles",
        "Only user and assistant roles are supported!",
        "Error: Jinja Exception: Only user and assistant roles are supported!",
    ],
)
@pytest.mark.parametrize("answers", [False, True])
def test_llama_cpps_500_for_a_mistake_of_the_caller_is_a_400(message: str, answers: bool) -> None:
    error = {"message": message, "type": "server_error", "code": 500}
    failure = (
        from_event("main", json.dumps(error).encode(), Mask(()))
        if answers
        else answered(500, json.dumps({"error": error}).encode())
    )
    assert failure.status == 400
    assert not failure.is_retryable
    assert not failure.trips_breaker
    refusal = failure.refusal()
    assert (refusal.status, refusal.passed_on) == (
        400,
        {"message": message, "type": "invalid_request_error", "code": 400},
    )


@pytest.mark.parametrize(
    "error",
    [
        {"message": "Failed to parse messages", "type": "server_error", "code": "busy"},
        {"message": "Failed to parse messages", "type": "api_error", "code": 500},
        {"message": "Compute error.", "type": "server_error", "code": 500},
        {"message": "Invalid input batch.", "type": "server_error", "code": 500},
        {"message": "Failed to allocate the messages", "type": "server_error", "code": 500},
        {"message": "Cannot allocate memory", "type": "server_error", "code": 500},
        {"message": "context shift is disabled", "type": "server_error", "code": 500},
        {"message": "The server had an error, with messages", "type": "server_error", "code": 500},
    ],
)
def test_a_500_that_does_not_name_the_request_stays_the_upstreams(error: dict[str, object]) -> None:
    assert answered(500, json.dumps({"error": error}).encode()).status == 500


@pytest.mark.parametrize("status", [500, 503])
def test_a_reason_of_an_upstream_s_own_fault_is_cut_to_the_four_keys_and_two_kilobytes(status: int) -> None:
    error = {"message": "ş\n" * 3000, "type": "t" * 500, "code": "busy", "param": ["x"], "stack": "at main.c"}
    shown = told(answered(status, json.dumps({"error": error}, ensure_ascii=False).encode()))
    assert set(shown) == {"message", "type", "param", "code"}
    assert (shown["type"], shown["param"], shown["code"]) == ("server_error", None, "busy")
    assert shown["message"].startswith("ş\nş")
    assert shown["message"].endswith("…")
    assert len(json.dumps(shown, ensure_ascii=False).encode()) < SHORT_BYTES + 100


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (400, "The upstream gave a reason that is not fit to be shown.", "c"),
        (500, "The upstream `main` failed; try again later.", "provider.unavailable"),
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><p>nginx</p>",
        "upstream said: <HTML><body>x",
        'Traceback (most recent call last):\n  File "x.py"',
    ],
)
def test_a_page_or_a_traceback_in_json_is_not_shown(status: int, message: str, code: str, text: str) -> None:
    shown = told(answered(status, json.dumps({"error": {"message": text, "code": "c"}}).encode()))
    assert (shown["message"], shown["code"]) == (message, code)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"message": "Gone", "code": 502}, "provider.stream_error"),
        ({"message": "Gone", "code": "overloaded"}, "overloaded"),
        ("Gone", "provider.stream_error"),
    ],
)
def test_an_error_in_mid_stream_is_shown(error: object, code: str) -> None:
    refusal = from_event("main", json.dumps(error).encode(), MASK).refusal_midway()
    shown = dict(openai_error(refusal))
    assert shown == {"message": "Gone", "type": "server_error", "param": None, "code": code}


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_not_shown_in_mid_stream(status: int) -> None:
    refusal = from_event("main", b'{"message":"Key K is wrong","code":%d}' % status, MASK).refusal_midway()
    assert "Key K" not in str(openai_error(refusal))


@pytest.mark.parametrize(
    ("body", "word", "message"),
    [
        (b'{"error":{"message":"a","code":400}}', "error_event_400", "a"),
        (b'[{"error":{"message":"a"}}]', "error_event", "a"),
        (b'{"error":"a"}', "error_event", "a"),
        (b'{"object":"error","message":"a","type":"BadRequestError","code":400}', "error_event_400", "a"),
        (b'\xef\xbb\xbf{"object":"error","message":"a"}', "error_event", "a"),
    ],
)
def test_an_answer_that_reports_an_error_has_failed_with_it(body: bytes, word: str, message: str) -> None:
    failure = from_answer("main", body, MASK)
    assert (failure.word, told(failure)["message"]) == (word, message)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"error":null}', b'{"error":{}}', b"7"])
def test_an_answer_that_is_none_and_reports_nothing_is_a_bad_one(body: bytes) -> None:
    assert from_answer("main", body, MASK).word == "bad_answer"


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_without_an_answer_is_unavailable(kind: Kind) -> None:
    failure = UpstreamFailure(kind, "main")
    refusal = failure.refusal()
    assert failure.is_retryable
    # An answer that is none may be the request's doing, and is no sign that the upstream is down.
    assert failure.trips_breaker == (kind == "connection" or kind.endswith("timeout"))
    assert (refusal.fault, refusal.status) == (Fault.PROVIDER_UNAVAILABLE, 503)
    assert "`main`" in refusal.message
    assert failure.word == kind


def test_the_word_of_a_failure_names_its_status() -> None:
    assert answered(429).word == "status_429"
    assert from_event("main", b'{"code":429}', MASK).word == "error_event_429"


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
        b'{"error":' * 100_000,
        b'{"error":{"message":"' + b"x" * BODY_BYTES + b'"}}',
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


def test_every_error_has_the_four_keys_of_openai() -> None:
    assert told(answered(400, b'{"detail":"a"}')) == {
        "message": "a",
        "type": None,
        "param": None,
        "code": None,
    }


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
    failure = from_event("main", json.dumps(error).encode(), MASK)
    shown = told(failure)
    assert isinstance(shown["message"], str)
    assert SECRET not in json.dumps(shown)
    if failure.status in (401, 403):
        assert failure.error is None


@given(
    st.integers(100, 599), json_values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30)
)
def test_any_answer_becomes_a_refusal(status: int, body: bytes) -> None:
    failure = answered(status, body, retry_after="soon")
    refusal = failure.refusal()
    assert 400 <= refusal.status < 600
    assert SECRET not in json.dumps(told(failure))


@pytest.mark.parametrize(
    "value", ["7\udcff", "7\x01", "\x00", "soon", SECRET, f"7 {SECRET}", "-1", "inf", "1e3"]
)
def test_a_retry_after_that_is_no_time_is_left_out(value: str) -> None:
    assert answered(429, retry_after=value).refusal().headers == {}


DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("value", "shown"), [("7", "7"), ("0.5", "0.5"), (DATE, DATE), (f"{DATE} ({SECRET})", DATE)]
)
def test_of_a_retry_after_only_the_time_is_passed_on(value: str, shown: str) -> None:
    assert answered(429, retry_after=value).refusal().headers == {"retry-after": shown}
