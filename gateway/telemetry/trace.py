"""A request belongs to a trace, which its caller may have begun, and which its upstreams go on with."""

import random
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""W3C Trace Context; a version that is newer may say more behind it."""
STATE_BYTES = 512
"""Bytes of `tracestate` that are passed on, as the recommendation asks for at least."""
SAMPLED = 1


class Trace:
    """One request's place in a trace, and the turns that it has had."""

    __slots__ = ("id", "is_sampled", "parent", "span", "state", "turn", "turns")

    def __init__(self, headers: Mapping[bytes, bytes], share: float) -> None:
        """Go on with the caller's trace, or begin one, of which this share is kept."""
        self.parent: int | None = None
        self.state = ""
        known = _read(headers.get(b"traceparent", b""))
        if known is None:
            self.id = _number(128)
            self.is_sampled = random.random() < share  # noqa: S311 - nothing is kept secret by it
        else:
            self.id, self.parent, self.is_sampled = known
            state = headers.get(b"tracestate", b"")
            self.state = state.decode("ascii", "replace") if len(state) <= STATE_BYTES else ""
        self.span, self.turn = _number(64), _number(64)
        self.turns: list[tuple[int, Any]] = []
        """Turns that have ended, each with the id of its span."""

    def ended(self, turn: Any) -> None:
        """Note a turn; the next one has a span of its own."""
        self.turns.append((self.turn, turn))
        self.turn = _number(64)

    def headers(self) -> dict[str, str]:
        """Say to an upstream where it stands in the trace."""
        flags = SAMPLED if self.is_sampled else 0
        found = {"traceparent": f"00-{self.id:032x}-{self.turn:016x}-{flags:02x}"}
        return {**found, "tracestate": self.state} if self.state.isprintable() and self.state else found

    def joined(self, head: bytes) -> bytes:
        """Put the same at the end of a head that is written already."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers().items())
        return head[:-2] + lines.encode("ascii", "replace") + b"\r\n"


class Request(NamedTuple):
    """Tells of a request that has ended."""

    trace: Trace
    method: str
    path: str
    status: int | None
    request_id: str
    seconds: float
    at: int
    """The time at which it ended, in nanoseconds since the epoch."""


current: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""The trace of the request that runs; `None` where nobody traces."""


def _number(bits: int) -> int:
    return random.getrandbits(bits) or 1


def _read(header: bytes) -> tuple[int, int, bool] | None:
    """Read `traceparent`; `None` where it says nothing that is valid."""
    found = TRACEPARENT.fullmatch(header.decode("ascii", "replace").strip())
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    return (trace, span, bool(int(found[4], 16) & SAMPLED)) if trace and span else None
