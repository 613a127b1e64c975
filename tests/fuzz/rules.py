"""These rules hold for every answer of the gateway, whatever was asked and whatever the upstream did."""

import json
import re
from typing import Any

from tests.fuzz.case import PROMPT_MARK, Case
from tests.fuzz.line import Reply

OPENAI = "/v1/openai"
REQUEST_ID = re.compile(r"req_[0-9A-Za-z]{20}")
OPENAI_KEYS = {"message", "type", "param", "code"}
NATIVE_KEYS = {"code", "message", "type", "doc_url", "request_id"}
NATIVE_EXTRAS = {"run_id", "details"}
FAILURES = {502, 503}
"""An upstream's misbehaviour may become these."""


def check(case: Case, reply: Reply, secrets: tuple[str, ...]) -> None:
    """Raises AssertionError where the answer breaks a rule."""
    ids = reply.values("x-request-id")
    assert len(ids) == 1, f"{len(ids)} request ids"
    assert REQUEST_ID.fullmatch(ids[0]), f"an odd request id: {ids[0]}"
    if reply.status >= 500:
        assert case.may_fail, "a 5xx although the upstream is well"
        assert reply.status in FAILURES, "a 5xx of ours"
    shown = repr(reply.headers).encode() + reply.body
    for secret in secrets:
        if secret == PROMPT_MARK and _may_show_prompts(case, reply):
            continue
        assert secret.encode() not in shown, f"the answer shows {secret}"
    if reply.status >= 400 and reply.body and not _is_page(case, reply):
        _check_error(case, reply, ids[0])
    elif reply.value("content-type").startswith("text/event-stream"):
        check_stream(reply)


def _may_show_prompts(case: Case, reply: Reply) -> bool:
    """The routes of personas show prompts to whoever may read them."""
    return reply.status < 400 and case.path is not None and case.path.startswith("/v1/personas")


def _check_error(case: Case, reply: Reply, request_id: str) -> None:
    assert reply.value("content-type").startswith("application/json"), "an error that is not JSON"
    body = strict_json(reply.body)
    assert list(body) == ["error"], f"keys beside `error`: {list(body)}"
    error = body["error"]
    keys = set(error)
    is_openai = keys >= OPENAI_KEYS and "doc_url" not in keys
    if case.path is not None:
        expected = case.path == OPENAI or case.path.startswith(OPENAI + "/")
        assert is_openai is expected, f"the wrong envelope for {case.path}: {error}"
    if not is_openai:
        assert keys >= NATIVE_KEYS, f"keys are missing: {error}"
        assert keys <= NATIVE_KEYS | NATIVE_EXTRAS, f"unknown keys: {error}"
        assert error["request_id"] == request_id, "another request id in the body"
    assert isinstance(error["message"], str), f"a message that is no text: {error}"
    assert error["message"], "an empty message"
    assert error.get("code") != "server.error", "a fault of ours"


def _is_page(case: Case, reply: Reply) -> bool:
    """Tell whether it is the page that Litestar shows for what is missing under its own /docs."""
    return (case.path or "/docs/").startswith("/docs/") and reply.value("content-type").startswith(
        "text/html"
    )


def check_stream(reply: Reply) -> None:
    """Whole frames only; `[DONE]` or an error ends it, once; each frame has choices or an error."""
    assert b"\r" not in reply.body, "a carriage return in a stream"
    *frames, rest = reply.body.split(b"\n\n")
    assert not rest, f"half a frame: {rest[-200:]!r}"
    assert frames, "an empty stream"
    for frame in frames:
        assert frame.startswith(b"data: "), f"a frame that is not data: {frame[:200]!r}"
        assert b"\n" not in frame, f"a frame of several lines: {frame[:200]!r}"
    *payloads, last = (frame.removeprefix(b"data: ") for frame in frames)
    values = [loose_json(payload) for payload in payloads]
    for value in values:
        assert isinstance(value, dict), f"a frame that is no object: {value!r}"
        assert not value.get("error"), "something follows an error"
        assert isinstance(value.get("choices"), list), f"a frame without choices: {value}"
    if last != b"[DONE]":
        value = loose_json(last)
        assert isinstance(value, dict), "the end is no object"
        assert value.get("error"), "a stream that just ends"
        assert set(value["error"]) >= OPENAI_KEYS, f"keys are missing: {value}"
    ids = {json.dumps(value.get("id")) for value in values[_first_named(values) :]}
    assert len(ids) < 2, f"several ids: {ids}"
    assert sum("persona" in value for value in values) < 2, "the persona object stands twice"


def _first_named(values: list[dict[str, Any]]) -> int:
    """Find the first chunk whose id is not empty, since some upstreams leave it empty ahead of that."""
    return next((at for at, value in enumerate(values) if value.get("id") != ""), len(values))


def payloads(reply: Reply) -> list[dict[str, Any]]:
    """Decode the chunks of a stream, its last event left out."""
    frames = reply.body.split(b"\n\n")[:-2]
    return [loose_json(frame.removeprefix(b"data: ")) for frame in frames]


def strict_json(data: bytes) -> Any:
    """Decode JSON as the standard has it: UTF-8, no NaN, no key twice."""
    return json.loads(data.decode(), parse_constant=_no_constant, object_pairs_hook=_once)


def loose_json(data: bytes) -> Any:
    """Decode what an upstream may send and clients take."""
    return json.loads(data.decode("utf-8", "replace"), strict=False, parse_constant=str)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} in JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    assert len(found) == len(pairs), f"a key stands twice: {pairs}"
    return found
