"""A circuit breaker: an upstream that keeps failing is left alone for a while."""

from collections import deque

WINDOW = 10.0
"""Seconds over which calls are counted."""
LEAST_CALLS = 20
FAILING_SHARE = 0.5
OPEN_SECONDS = 5.0
"""How long it stays open before one probe is let through."""


class Breaker:
    """Opens when at least 20 calls ended within the window and half of them failed. Times are in seconds."""

    def __init__(self) -> None:
        self._calls: deque[tuple[float, bool]] = deque()
        self._failed = 0
        self._opened: float | None = None
        self._probing = False
        self._round = 0
        """Grows when the breaker opens and with each probe; a call of an earlier round changes nothing."""

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    def opens_at(self, now: float) -> float:
        """When the next call may be made: now, or the time of the probe, or never while a probe is out."""
        if self._opened is None:
            return now
        return float("inf") if self._probing else max(now, self._opened + OPEN_SECONDS)

    def start(self) -> int:
        """A call that `opens_at` allows begins, on an open breaker the probe. Its ticket, for its end."""
        if self._opened is not None:
            self._probing = True
            self._round += 1
        return self._round

    def succeed(self, ticket: int, now: float) -> None:
        """The call ended well; one that began before the breaker opened says nothing any more."""
        if ticket != self._round:
            return
        if self._opened is not None:
            self._calls.clear()
            self._failed = 0
        self._opened, self._probing = None, False
        self._count(now, failed=False)

    def fail(self, ticket: int, now: float) -> None:
        """The call failed, which counts as a success does."""
        if ticket != self._round:
            return
        self._count(now, failed=True)
        trips = len(self._calls) >= LEAST_CALLS and self._failed >= FAILING_SHARE * len(self._calls)
        if self._probing or trips:
            self._opened, self._probing = now, False
            self._round += 1

    def forgive(self, ticket: int) -> None:
        """The call ended without saying anything about the upstream, as when the caller left."""
        if ticket == self._round:
            self._probing = False

    def _count(self, now: float, *, failed: bool) -> None:
        self._calls.append((now, failed))
        self._failed += failed
        while self._calls[0][0] < now - WINDOW:
            self._failed -= self._calls.popleft()[1]
