"""What can go wrong with one call to an upstream, and what the caller is told in the end."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from gateway.errors import Fault, Refusal

Kind = Literal[
    "connection",
    "connect_timeout",
    "first_byte_timeout",
    "total_timeout",
    "status",
    "bad_answer",
    "error_event",
    "breaker_open",
    "not_configured",
]

ERROR_BYTES = 16 * 1024
"""An upstream's error object that is larger is not passed on."""
STATUS = re.compile(r"[45][0-9]{2}")
RETRIED = frozenset({408, 409, 429})
KEPT = ("type", "param", "code")
NO_RETRY = {"x-should-retry": "false"}
"""Keeps the SDKs from repeating what we have repeated already."""

WORDS: dict[str, str] = {
    "connection": "could not be reached or broke the connection",
    "connect_timeout": "could not be connected to within its time limit (connect)",
    "first_byte_timeout": "sent nothing within its time limit (first_byte)",
    "total_timeout": "did not finish its answer within its time limit (total)",
    "status": "failed",
    "bad_answer": "sent an answer that is not one",
    "error_event": "reported an error instead of an answer",
    "breaker_open": "has failed too often and is left alone for some seconds",
    "not_configured": "is not configured on this gateway",
}


class UpstreamFailure(Exception):
    """One failed call, before anything of an answer went to the caller."""

    def __init__(
        self,
        kind: Kind,
        upstream: str,
        *,
        status: int | None = None,
        error: Mapping[str, Any] | None = None,
        retry_after: str | None = None,
    ) -> None:
        super().__init__(f"{upstream}: {kind} {status or ''}".rstrip())
        self.kind = kind
        self.upstream = upstream
        self.status = status
        """The HTTP status, or the one that an error in a stream names."""
        self.error = error
        """The upstream's `error` object where callers may see it."""
        self.retry_after = retry_after

    @property
    def is_retryable(self) -> bool:
        return self.status is None or self.status in RETRIED or not 400 <= self.status < 500

    @property
    def trips_breaker(self) -> bool:
        """Connection errors, time-outs and 5xx do; what the upstream said on purpose does not."""
        if self.kind in ("breaker_open", "not_configured"):
            return False
        return self.status is None or not 400 <= self.status < 500

    @property
    def word(self) -> str:
        """A short text for the turn's row, such as `status_429` or `connect_timeout`."""
        return f"{self.kind}_{self.status}" if self.status else self.kind

    def refusal(self) -> Refusal:
        """What the caller gets once nothing is left to try."""
        if self.status in (401, 403):
            return Refusal(
                Fault.PROVIDER_CREDENTIALS,
                f"The upstream `{self.upstream}` refuses the gateway's credentials; its operator must act.",
                headers=NO_RETRY,
            )
        if self.status is not None and 400 <= self.status < 500:
            return self._passed_on(self.status)
        return Refusal(
            Fault.PROVIDER_UNAVAILABLE,
            f"The upstream `{self.upstream}` {WORDS[self.kind]}; try again later.",
            headers=NO_RETRY,
        )

    def _passed_on(self, status: int) -> Refusal:
        faults = {408: Fault.PROVIDER_TIMEOUT, 409: Fault.PROVIDER_CONFLICT, 429: Fault.PROVIDER_RATE_LIMITED}
        headers = NO_RETRY if status == 409 else {}
        asked = self.retry_after
        # The server would break off an answer with another header.
        if asked is not None and asked.isascii() and asked.isprintable():
            headers = {**headers, "retry-after": asked}
        return Refusal(
            faults.get(status, Fault.PROVIDER_REJECTED),
            f"The upstream `{self.upstream}` refused the request with status {status}.",
            status=status,
            headers=headers,
            passed_on=self.error,
        )


def from_status(
    upstream: str, status: int, body: bytes, headers: Mapping[str, str], secrets: Iterable[str]
) -> UpstreamFailure:
    """The failure that an answer with another status than 200 stands for."""
    visible = 400 <= status < 500 and status not in (401, 403)
    error = visible_error(body, secrets) if visible else None
    return UpstreamFailure(
        "status", upstream, status=status, error=error, retry_after=headers.get("retry-after")
    )


def from_event(upstream: str, error: object, secrets: Iterable[str]) -> UpstreamFailure:
    """The failure that a truthy `error` in a 200 answer stands for; a status that it names counts as one."""
    status = named_status(error)
    shown = None
    if status is not None and 400 <= status < 500 and status not in (401, 403):
        shown = visible_error(msgspec.json.encode({"error": error}), secrets)
    return UpstreamFailure("error_event", upstream, status=status, error=shown)


def named_status(error: object) -> int | None:
    """The HTTP status in an error object: `code`, `status` or `status_code`, else what its `type` implies."""
    if not isinstance(error, dict):
        return None
    for name in ("status", "status_code", "code"):
        value = error.get(name)
        number = int(value) if isinstance(value, str) and STATUS.fullmatch(value) else value
        if isinstance(number, int) and 400 <= number < 600:
            return number
    kinds = {"invalid_request_error": 400, "rate_limit_error": 429, "rate_limit_exceeded": 429}
    return kinds.get(str(error.get("type"))) or kinds.get(str(error.get("code")))


def visible_error(body: bytes, secrets: Iterable[str]) -> dict[str, Any] | None:
    """The `error` object in a JSON body, configured secrets masked; `None` where there is none to show."""
    if len(body) > ERROR_BYTES:
        return None
    try:
        # Masked once it is decoded, since JSON can write one text in many ways.
        found = _masked(msgspec.json.decode(body), tuple(secrets))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(found, list) and len(found) == 1:
        # Google's endpoint wraps the object in an array.
        found = found[0]
    return _error_object(found) if isinstance(found, dict) else None


def _error_object(found: dict[str, Any]) -> dict[str, Any] | None:
    """The object in OpenAI's place, else in one of the places that other servers use."""
    error = found.get("error")
    if isinstance(error, dict):
        message = error.get("message")
        has_message = isinstance(message, str) and message
        return error if has_message else {**error, "message": "The upstream gave no reason."}
    for text in (error, found.get("message"), found.get("detail")):
        if isinstance(text, str) and text:
            return {"message": text} | {name: found[name] for name in KEPT if name in found}
    if found.get("detail"):
        return {"message": msgspec.json.encode(found["detail"]).decode()}
    return None


def _masked(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        return mask(value, secrets)
    if isinstance(value, list):
        return [_masked(item, secrets) for item in value]
    if isinstance(value, dict):
        return {mask(name, secrets): _masked(item, secrets) for name, item in value.items()}
    return value


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with every configured secret, and whatever looks like a provider's key, replaced."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return re.sub(r"\b(sk|pk_live|pk_test)[-_][A-Za-z0-9_-]{16,}", "***", text)
