"""An upstream says in its own words why it failed: this knows where servers put that, and how it is shown."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from gateway.upstreams.masking import Mask

Reason: TypeAlias = dict[str, Any]
"""An error object in OpenAI's form: a `message`, and `type`, `param`, `code` and others where it has them."""

BODY_BYTES = 16 * 1024
"""Bytes; a larger body is not looked into."""
SHORT_BYTES = 2 * 1024
"""The most bytes of a reason that an upstream gives for a fault of its own."""
NO_REASON = "The upstream gave no reason."
UNREADABLE = "The upstream gave a reason that is not fit to be shown."
UNFIT = re.compile(r"<!doctype|<html|<body|traceback \(most recent call last\)|\n\s+at \S+\(", re.IGNORECASE)
"""Marks of a page for browsers, and of a traceback that tells where in its code a server has failed."""
STATUS = re.compile(r"[45][0-9]{2}")
KEPT = ("type", "param", "code")
KEPT_LENGTH = 100
"""Characters; a longer text is no word that a program looks for."""
DIGITS = 4000
"""Digits; Python refuses to write or read longer integers."""
BOM = b"\xef\xbb\xbf"
NAMED = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "exceed_context_size_error": 400,
    "content_policy_violation": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "overloaded_error": 529,
}
"""The status that a type or code stands for."""
MISTAKES = re.compile(
    r"""(?:error:\s*|jinja\s+exception:\s*)*(?:
        failed\s+to\s+(?:parse|apply|render)\s+(?:\w+\s+){0,2}
            (?:messages?|tools?|tool_choice|template|grammar|schema|json_schema)\b
        | (?:missing|invalid|expected|unsupported|unknown)\s+
            (?:\W?\w+\W?\s+){0,2}?\W?(?:messages?|content|role|tool|tool_choice|tool_calls?|format|template)\b
        | (?:json\s+)?schema\s+error\b
        | unable\s+to\s+generate\s+parser\s+for\s+this\s+template
        | (?:the|this)\s+(?:\w+\s+){0,2}template\b
        | \[json\.exception\.(?:type_error|parse_error|out_of_range)\b
        | cannot\s+(?:use|combine|set)\s+(?:both|custom|tools|grammar|json_schema)\b
        | (?:tools|tool_choice)\s+param\s+requires\b
        | (?:all|only|after|system|conversation)\s[^.]{0,60}\b(?:messages?|roles?)\b
    )
    |jinja\s+exception\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""llama.cpp's server begins so what it says with a 500 of a request: of messages that the model's template
does not take, of tools, of a grammar."""


def decoded(body: bytes) -> Any:
    """Decode the JSON value; `None` where the body is none, or too large to be looked into."""
    if len(body) > BODY_BYTES:
        return None
    # The body may be a view of a larger one, and msgspec has not made bytes of it yet.
    text = bytes(body).removeprefix(BOM)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _leniently_decoded(text)


def is_cut_off(body: bytes) -> bool:
    """Tell whether the body is too large to be looked into, and begins as a JSON error does."""
    return len(body) > BODY_BYTES and body[:100].removeprefix(BOM).lstrip()[:1] in (b"{", b"[")


def is_error(raw: bytes) -> bool:
    """Tell whether a JSON value in an error's place is one; the SDKs take any that is not null or empty."""
    return len(raw) > BODY_BYTES or bool(decoded(raw))


def find(body: bytes) -> Reason | None:
    """Find the reason in the body of a failed call; `None` where there is none."""
    found = _unwrapped(decoded(body))
    return _object(found) if isinstance(found, dict) else None


def of(error: object) -> Reason | None:
    """Read the reason from an error that stands in an answer."""
    return _object({"error": error})


def reported(value: object) -> object:
    """Read the error that a JSON value reports where an answer should be; `None` where it reports none."""
    value = _unwrapped(value)
    if not isinstance(value, dict):
        return None
    if value.get("error"):
        return value["error"]
    return value if value.get("object") == "error" else None


def status_of(error: object) -> int | None:
    """Read the HTTP status of an error object: `status`, `status_code`, `code`, or what its words imply."""
    if not isinstance(error, Mapping):
        return None
    for name in ("status", "status_code", "code"):
        value = error.get(name)
        number = int(value) if isinstance(value, str) and STATUS.fullmatch(value) else value
        if isinstance(number, int) and 400 <= number < 600:
            return number
    # A code says more than a type: `invalid_request_error` goes with `invalid_api_key` too.
    return NAMED.get(str(error.get("code"))) or NAMED.get(str(error.get("type")))


def blaming_request(found: Reason) -> Reason:
    """Turn llama.cpp's reason into one of the request's where it calls a caller's mistake its own."""
    is_own = found.get("type") in (None, "server_error") and found.get("code") in (None, 500)
    if is_own and MISTAKES.match(found["message"]):
        return {**found, "type": "invalid_request_error", "code": 400}
    return found


def whole(found: Reason, mask: Mask) -> Reason | None:
    """Return all that it says, masked; `None` where it is too deep or too large."""
    try:
        shown: Reason = mask.value(found)
        size = len(msgspec.json.encode(shown))
    except (RecursionError, UnicodeEncodeError):
        return None
    if UNFIT.search(shown["message"]):
        shown["message"] = UNREADABLE
    return shown if size <= BODY_BYTES else None


def short(found: Reason, mask: Mask) -> Reason | None:
    """Return its four keys in OpenAI's form, masked, in at most 2 KB; `None` where none is to be shown."""
    message = mask.text(found["message"][:BODY_BYTES])
    if message == NO_REASON or UNFIT.search(message):
        return None
    kept = {name: mask.text(value) for name in KEPT if isinstance(value := found.get(name), str)}
    kept = {name: value for name, value in kept.items() if value and len(value) <= KEPT_LENGTH}
    room = SHORT_BYTES - len(msgspec.json.encode(kept)) - len(b'"message":"",')
    return {"message": _shortened(message, room), **kept}


def _leniently_decoded(body: bytes) -> Any:
    """Decode what clients take and msgspec does not: lone surrogates, bad UTF-8, integers without end."""
    try:
        value = json.loads(
            body.decode("utf-8", "replace"), parse_int=lambda text: int(text) if len(text) < DIGITS else text
        )
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _unwrapped(value: object) -> object:
    """Take the object out of the array in which Google's endpoint wraps it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _object(found: dict[str, Any]) -> Reason | None:
    """Find the object in OpenAI's place, else in one of the places that other servers use."""
    error = found.get("error")
    if isinstance(error, dict):
        message = error.get("message")
        has_message = isinstance(message, str) and message
        return error if has_message else {**error, "message": NO_REASON}
    for text in (error, found.get("message"), found.get("detail")):
        if isinstance(text, str) and text:
            return {"message": text} | {name: found[name] for name in KEPT if name in found}
    if found.get("detail"):
        try:
            return {"message": msgspec.json.encode(found["detail"]).decode()}
        except RecursionError:
            return None
    return None


def _shortened(message: str, room: int) -> str:
    """Shorten the message to at most `room` bytes once it is encoded."""
    while len(written := msgspec.json.encode(message)) - 2 > room:
        # The size of a single character is not known before; each round comes closer.
        keep = len(message) * room // len(written)
        message = message[: max(0, min(keep, len(message) - 2))] + "…"
    return message
