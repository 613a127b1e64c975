"""A body that comes in pieces may pause for so long, and may take so long in all."""

import asyncio
from collections.abc import Callable

from gateway.server.lean import Flow


class Arrival:
    """Looks after one body from its first piece until `stop`; a piece costs an attribute, no timer."""

    __slots__ = ("_end", "_flow", "_late", "_looked", "_loop", "_pause", "_seen", "_timer", "_total")

    def __init__(self, flow: Flow, pause: float, total: float, late: Callable[[str], None]) -> None:
        """`late` is called once, with a sentence, when nothing came for `pause` or not all in `total`."""
        self._flow = flow
        self._pause = pause
        self._total = total
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._seen = self._looked = self._loop.time()
        self._end = self._seen + total
        self._timer = self._loop.call_at(self._due(), self._look)

    def came(self) -> None:
        """Note that another piece is there."""
        self._seen = self._loop.time()

    def stop(self) -> None:
        self._timer.cancel()

    def _due(self) -> float:
        return min(self._seen + self._pause, self._end)

    def _look(self) -> None:
        now = self._loop.time()
        if self._flow.read_paused:
            # The caller cannot send while nothing is read from it.
            self._seen = now
            self._end += now - self._looked
        self._looked = now
        if self._due() > now:
            self._timer = self._loop.call_at(self._due(), self._look)
        elif self._end <= now:
            self._late(f"The request's body took more than {self._total:g} seconds; send it faster.")
        else:
            pause = f"Nothing of the request's body came for {self._pause:g} seconds"
            self._late(f"{pause}; send it without pauses.")
