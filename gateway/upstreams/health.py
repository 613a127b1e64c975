"""An operator wants to know how an upstream has been doing in the last minute."""

import logging
import time
from collections.abc import Callable

import msgspec

from gateway.config import Route

MINUTE = 60
QUIET = 1.0
"""Seconds after a line for one cause in which the same one is counted and not told again."""
CAUSES = 50
"""Causes of one upstream that are kept apart."""

log = logging.getLogger("gateway.upstreams")


class Report(msgspec.Struct, frozen=True):
    """`/health/ready` says this of one upstream."""

    last_failure: str | None
    """A word such as `status_503`; `None` where there was none since the start."""
    seconds_ago: float | None
    calls: int
    """Within the last minute, as is `failing`."""
    failing: float | None
    """The part of the calls that failed; `None` where there were none."""


class Health:
    """Counts the calls of one upstream, second by second, and tells its failures to the log."""

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._now = now
        self._seconds = [0] * MINUTE
        """The second that each place counts."""
        self._calls = [0] * MINUTE
        self._failures = [0] * MINUTE
        self._last: tuple[str, float] | None = None
        self._told: dict[tuple[str, str], tuple[float, int]] = {}
        """A cause was told then for the last time, and came so often since."""

    def succeed(self) -> None:
        """Note a call that ended well, or was refused for the request's own sake."""
        self._calls[self._place()] += 1

    def fail(self, route: Route, cause: str, kind: str | None = None) -> None:
        """Note a failed call; `cause` and `kind` are words of ours and never an upstream's."""
        place, now = self._place(), self._now()
        self._calls[place] += 1
        self._failures[place] += 1
        self._tell(route, cause, kind, now)

    def break_off(self, route: Route, cause: str) -> None:
        """Note that an answer failed whose call had begun well, and was counted."""
        now = self._now()
        self._failures[self._place()] += 1
        self._tell(route, cause, None, now)

    def report(self) -> Report:
        now = self._now()
        recent = [at for at in range(MINUTE) if self._seconds[at] > int(now) - MINUTE]
        calls = sum(self._calls[at] for at in recent)
        failures = sum(self._failures[at] for at in recent)
        cause, ago = (None, None) if self._last is None else (self._last[0], round(now - self._last[1], 1))
        return Report(cause, ago, calls, min(1.0, round(failures / calls, 3)) if calls else None)

    def _place(self) -> int:
        second = int(self._now())
        place = second % MINUTE
        if self._seconds[place] != second:
            self._seconds[place], self._calls[place], self._failures[place] = second, 0, 0
        return place

    def _tell(self, route: Route, cause: str, kind: str | None, now: float) -> None:
        self._last = cause, now
        key = route.model, cause
        told, since = self._told.get(key, (0.0, 0))
        if told and now - told < QUIET:
            self._told[key] = told, since + 1
            return
        if len(self._told) >= CAUSES:
            self._told.clear()
        self._told[key] = now or QUIET, 0
        facts = {"upstream": self._name, "model": route.model, "cause": cause}
        if kind is not None:
            facts["error"] = kind
        if since:
            facts["more"] = str(since)
        log.warning("an upstream has failed", extra={"facts": facts})
