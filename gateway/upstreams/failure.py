"""One call to an upstream can fail in these ways, and its caller is told this in the end."""

import random
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Literal

import msgspec

from gateway.errors import Fault, Refusal
from gateway.upstreams import reason
from gateway.upstreams.masking import Mask

Kind = Literal[
    "connection",
    "connect_timeout",
    "first_byte_timeout",
    "only_comments",
    "total_timeout",
    "status",
    "bad_answer",
    "error_event",
    "breaker_open",
    "not_configured",
    "overloaded",
]

LATE = frozenset({"connect_timeout", "first_byte_timeout", "only_comments", "total_timeout"})
RETRIED = frozenset({408, 409, 429})
SICK = frozenset({502, 503, 504, 529})
"""An upstream, or a proxy in front of it, says these when it is not well."""
CREDENTIALS = frozenset({401, 403})
"""These concern the gateway and the upstream alone; nothing that is said of them is ever shown."""
SECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,10})?")
NO_RETRY = {"x-should-retry": "false"}
"""This keeps the SDKs from repeating what has been repeated already."""

WORDS: dict[str, str] = {
    "connection": "could not be reached or broke the connection",
    "connect_timeout": "could not be connected to within its time limit (connect)",
    "first_byte_timeout": "was silent for longer than its time limit (first_byte)",
    "only_comments": "sent comments only, and nothing of an answer within its time limit (total)",
    "total_timeout": "did not finish its answer within its time limit (total)",
    "status": "failed",
    "bad_answer": "sent an answer that is not one",
    "error_event": "reported an error instead of an answer",
    "breaker_open": "has failed too often and is left alone for some seconds",
    "not_configured": "is not configured on this gateway",
    "overloaded": "has as many calls as it may have, and too many wait",
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
        was_reached: bool = True,
        was_reasoned: bool = False,
    ) -> None:
        super().__init__(f"{upstream}: {kind} {status or ''}".rstrip())
        self.kind = kind
        self.upstream = upstream
        self.status = status
        """The HTTP status, or the one that an error in an answer names."""
        self.error = error
        """The upstream's reason in the form that callers may see: `message` and whatever else it has."""
        self.retry_after = retry_after
        self.was_reached = was_reached
        """Tells whether there was a connection at all, so that the request itself may be at fault."""
        self.was_reasoned = was_reasoned
        """Tells whether the upstream said why in JSON, shown or not, as one that is up does."""

    @property
    def is_retryable(self) -> bool:
        """Tells whether another try may do better, if need be at another upstream."""
        return self.status is None or self.status in RETRIED or not 400 <= self.status < 500

    @property
    def is_retried_once(self) -> bool:
        """Tells whether the request may well have caused it, so that more tries would do harm."""
        return self.kind == "status" and self.status == 500 and self.was_reasoned

    @property
    def trips_breaker(self) -> bool:
        """Tells whether it shows a sick upstream: a broken connection, a time-out, certain statuses."""
        if self.kind == "status":
            return self.status in SICK or (self.status == 500 and not self.was_reasoned)
        return self.kind in LATE or self.kind == "connection"

    @property
    def word(self) -> str:
        """A short word for the turn's row, such as `status_429` or `connect_timeout`."""
        return f"{self.kind}_{self.status}" if self.status else self.kind

    def refusal(self) -> Refusal:
        """Make the refusal that the caller gets once nothing is left to try."""
        if self.kind == "overloaded":
            # Nothing was tried yet, so the SDKs may well ask again, though not all at once.
            return Refusal(
                Fault.UPSTREAM_FULL,
                f"The upstream `{self.upstream}` {WORDS[self.kind]}; try again in a moment.",
                headers={"retry-after": str(random.randint(1, 3))},  # noqa: S311 - spreads load only
            )
        if self.status in CREDENTIALS:
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
            passed_on=self._within(Fault.PROVIDER_UNAVAILABLE),
        )

    def refusal_midway(self) -> Refusal:
        """Make the refusal that ends a stream of which something has gone out."""
        return Refusal(
            Fault.STREAM_ERROR,
            f"The upstream `{self.upstream}` reported an error in the middle of its answer.",
            passed_on=self._within(Fault.STREAM_ERROR),
        )

    def _passed_on(self, status: int) -> Refusal:
        faults = {408: Fault.PROVIDER_TIMEOUT, 409: Fault.PROVIDER_CONFLICT, 429: Fault.RATE_LIMITED}
        headers = NO_RETRY if status == 409 else {}
        if self.retry_after is not None:
            headers = {**headers, "retry-after": self.retry_after}
        return Refusal(
            faults.get(status, Fault.PROVIDER_REJECTED),
            f"The upstream `{self.upstream}` refused the request with status {status}.",
            status=status,
            headers=headers,
            passed_on=self.error,
        )

    def _within(self, fault: Fault) -> Mapping[str, Any] | None:
        """Put the upstream's reason inside an error of ours, whose type and code fill what it lacks."""
        if self.error is None:
            return None
        ours = {"type": fault.openai_type, "code": fault.openai_code or fault.code}
        return ours | {name: value for name, value in self.error.items() if value is not None}


def from_status(
    upstream: str, status: int, body: bytes, headers: Mapping[str, str], mask: Mask
) -> UpstreamFailure:
    """Make the failure that an answer with another status than 200 stands for."""
    found = reason.find(body)
    if status == 500 and found is not None:
        # Some servers have no other status for a mistake that is the caller's.
        found = reason.blaming_request(found)
        named = reason.status_of(found)
        status = named if named is not None and named < 500 and named not in CREDENTIALS else status
    return UpstreamFailure(
        "status",
        upstream,
        status=status,
        error=_shown(found, status, len(body), mask),
        retry_after=_retry_after(headers.get("retry-after")),
        was_reasoned=found is not None or reason.is_cut_off(body),
    )


def from_event(upstream: str, error: bytes, mask: Mask) -> UpstreamFailure:
    """Make the failure for an error, as JSON, in a 200 answer or a stream; a status in it counts."""
    value = reason.decoded(error)
    found = reason.of(value)
    if found is not None:
        found = reason.blaming_request(found)
    status = reason.status_of(found if found is not None else value)
    return UpstreamFailure(
        "error_event",
        upstream,
        status=status,
        error=_shown(found, status or 500, 0, mask),
        was_reasoned=True,
    )


def from_answer(upstream: str, body: bytes, mask: Mask) -> UpstreamFailure:
    """Make the failure for a 200 whose body is no answer: the error that it reports, if it does."""
    error = reason.reported(reason.decoded(body))
    if error is None:
        return UpstreamFailure("bad_answer", upstream)
    return from_event(upstream, msgspec.json.encode(error), mask)


def _retry_after(value: str | None) -> str | None:
    """Read the header in one of its two forms (RFC 9110, 10.2.3); `None` stands for anything else, which
    could hold a secret or the prompt."""
    if value is None or SECONDS.fullmatch(value):
        return value
    try:
        # The date is written anew, since the parser skips whatever stands beside it.
        return format_datetime(parsedate_to_datetime(value).astimezone(UTC), usegmt=True)
    except (ValueError, OverflowError):
        return None


def _shown(found: reason.Reason | None, status: int, size: int, mask: Mask) -> reason.Reason | None:
    """Return the part that callers see: all of an error of the request, of any other one the four keys."""
    if found is None or status < 400 or status in CREDENTIALS or size > reason.BODY_BYTES:
        return None
    return reason.whole(found, mask) if status < 500 else reason.short(found, mask)
