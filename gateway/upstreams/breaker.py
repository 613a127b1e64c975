"""A circuit breaker: a model of an upstream that keeps failing is left alone for a while."""

from collections import deque
from typing import Literal, TypeAlias

import msgspec

WINDOW = 10.0
"""Seconds over which calls are counted."""
LEAST_CALLS = 20
FAILING_SHARE = 0.5
OPEN_SECONDS = 5.0
"""Seconds that it stays open before one probe is let through."""
FORGOTTEN_AFTER = 60.0
"""Seconds after which it closes if it opened for a key that has not come back."""

NEVER = float("inf")

End: TypeAlias = Literal["well", "unreached", "failed"]
"""A call's end: the request cannot have caused `unreached`, but it can have caused `failed`."""


class _Call(msgspec.Struct, gc=False):
    at: float
    key: str
    end: End


class _Tally(msgspec.Struct):
    """Counts a key's calls within the window."""

    calls: int = 0
    failed: int = 0


class _Circuit(msgspec.Struct):
    opened: float
    since: int
    """Calls count for it from this ticket on; an earlier one says nothing any more."""
    probe: int | None = None
    """The ticket of the call that decides whether it closes."""
    failed_for: str | None = None
    """The key whose probe has failed where that may have been the request's doing."""

    def opens_at(self, now: float) -> float:
        return NEVER if self.probe is not None else max(now, self.opened + OPEN_SECONDS)


class Breaker:
    """Opens when at least 20 calls ended within the window and half of them failed. Times are in seconds.

    A failure that the request may have caused opens it only for the key that sees it. It opens for
    everybody once another key has seen one too, or where no other key is active: nobody can take a model
    from the others by requests that break it.
    """

    def __init__(self) -> None:
        self._calls: deque[_Call] = deque()
        self._tallies: dict[str, _Tally] = {}
        """The calls of each key that has any in the window."""
        self._unreached = self._failed = self._keys_failed = 0
        self._ticket = 0
        """Grows when a circuit opens and with each probe."""
        self._everybody: _Circuit | None = None
        self._own: dict[str, _Circuit] = {}

    @property
    def is_open(self) -> bool:
        """Tells whether it is open for everybody."""
        return self._everybody is not None

    def is_open_for(self, key: str) -> bool:
        return self._everybody is not None or key in self._own

    def opens_at(self, key: str, now: float) -> float:
        """Return when the key's next call may be made: now, at the probe's time, or never while one is
        out."""
        if self._everybody is None and not self._own:
            return now
        return max((circuit.opens_at(now) for circuit in self._circuits(key)), default=now)

    def start(self, key: str) -> int:
        """Begin a call that `opens_at` allows, on an open circuit the probe. Returns a ticket for its end."""
        if self._everybody is not None or self._own:
            circuits = self._circuits(key)
            self._ticket += bool(circuits)
            for circuit in circuits:
                circuit.probe = self._ticket
        return self._ticket

    def succeed(self, key: str, ticket: int, now: float) -> None:
        """Note that the call ended well; one that began before a circuit opened says nothing any more."""
        if self._everybody is not None or self._own:
            if self._is_early(key, ticket):
                return
            self._close(key)
        self._count(_Call(now, key, "well"))

    def _close(self, key: str) -> None:
        """Close every circuit that the key's calls have to pass."""
        if self._everybody is not None:
            self._everybody = None
            self._forget(None)
        if self._own.pop(key, None) is not None:
            self._forget(key)

    def fail(self, key: str, ticket: int, now: float, *, was_reached: bool) -> None:
        """Note that the call failed; it counts if a success would."""
        if self._is_early(key, ticket):
            return
        self._count(_Call(now, key, "failed" if was_reached else "unreached"))
        own, everybody = self._own.get(key), self._everybody
        tally = self._tallies[key]
        if own is not None or (everybody is not None and was_reached) or _trips(tally.failed, tally.calls):
            self._open_own(key, now)
        if everybody is None:
            if _trips(self._counted(), len(self._calls)):
                self._everybody = self._opened(now)
        elif not was_reached or everybody.failed_for not in (None, key):
            self._everybody = self._opened(now)
        else:
            # Others may still be served well: one of them is the next probe.
            everybody.probe, everybody.failed_for = None, key

    def forgive(self, key: str, ticket: int) -> None:
        """Note that the call ended without saying anything about the upstream, as when the caller left."""
        for circuit in self._circuits(key):
            if circuit.probe == ticket:
                circuit.probe = None

    def _circuits(self, key: str) -> list[_Circuit]:
        """List the open ones that this key's calls have to pass."""
        return [circuit for circuit in (self._everybody, self._own.get(key)) if circuit is not None]

    def _is_early(self, key: str, ticket: int) -> bool:
        return any(ticket < circuit.since for circuit in self._circuits(key))

    def _opened(self, now: float) -> _Circuit:
        self._ticket += 1
        return _Circuit(now, self._ticket)

    def _open_own(self, key: str, now: float) -> None:
        for gone in [name for name, circuit in self._own.items() if circuit.opened < now - FORGOTTEN_AFTER]:
            del self._own[gone]
        self._own[key] = self._opened(now)

    def _counted(self) -> int:
        """Count the failures in the window that count for everybody."""
        are_several = self._keys_failed > 1 or len(self._tallies) == 1
        return self._unreached + (self._failed if are_several else 0)

    def _count(self, call: _Call) -> None:
        self._calls.append(call)
        tally = self._tallies.get(call.key)
        if tally is None:
            tally = self._tallies[call.key] = _Tally()
        tally.calls += 1
        if call.end != "well":
            self._add_failure(tally, call, 1)
        while self._calls[0].at < call.at - WINDOW:
            self._drop(self._calls.popleft())

    def _drop(self, call: _Call) -> None:
        tally = self._tallies[call.key]
        tally.calls -= 1
        if call.end != "well":
            self._add_failure(tally, call, -1)
        if not tally.calls:
            del self._tallies[call.key]

    def _add_failure(self, tally: _Tally, call: _Call, sign: int) -> None:
        if call.end == "unreached":
            self._unreached += sign
            return
        before = bool(tally.failed)
        tally.failed += sign
        self._failed += sign
        self._keys_failed += bool(tally.failed) - before

    def _forget(self, key: str | None) -> None:
        """Drop the calls of a key, or of all keys, since they say nothing about now."""
        calls, self._calls = self._calls, deque()
        for call in calls:
            if key is None or call.key == key:
                self._drop(call)
            else:
                self._calls.append(call)


def _trips(failed: int, calls: int) -> bool:
    return calls >= LEAST_CALLS and failed >= FAILING_SHARE * calls
