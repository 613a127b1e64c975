"""A request may be interrupted by a caller who leaves, a time limit, or the end of the process."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Protocol

from gateway.upstreams.deadline import Deadlines

Why = Literal["gone", "stalled", "idle", "total", "shutdown"]


class Presence(Protocol):
    """The caller's connection, as far as it tells whether the caller is there."""

    is_stalled: bool
    """Tells whether it was cut because the caller did not read."""

    def when_gone(self, call: Callable[[], None] | None) -> None:
        """Call this when the caller leaves, or now if it has left; `None` calls nothing any more."""


class Interrupted(Exception):
    """The watched block was cut short."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Watch:
    """Cancels the block under `with` and turns the cancellation into `Interrupted`.

    Time limits are checked by one lazy timer, so that a chunk that comes in costs one attribute; without a
    connection nobody can leave. If `ends` is given, which are all `total` away, a block without any other
    limit needs no timer of its own.
    """

    def __init__(self, connection: Presence | None, *, total: float, ends: Deadlines | None = None) -> None:
        self._ends = ends
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._seen = self._sent = self._loop.time()
        self._end = self._seen + total
        self.is_writing = False
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        """The timer looks then, which may be early: it looks again as long as there is a limit ahead."""
        self._task: asyncio.Task[Any] | None = None
        self._why: Why | None = None
        self._idle: float | None = None
        self._beat: Callable[[], None] | None = None
        self._pace = 0.0

    def __enter__(self) -> "Watch":
        self._task = asyncio.current_task()
        if self._ends is None or self._beat is not None:
            self._ends = None
            self._look_at(self._soonest())
        else:
            self._ends.add(self, self._loop)
        if self._connection is not None:
            self._connection.when_gone(self._left)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._ends is not None:
            self._ends.discard(self)
        if self._connection is not None:
            self._connection.when_gone(None)
        # `beat` holds on to this watch: without this line, both would wait for the cycle collector.
        self._beat = None
        # An interruption from now on would hit whatever the task does next.
        task, self._task = self._task, None
        if self._why is not None and task is not None:
            left = task.uncancel()
            if kind is asyncio.CancelledError and left == 0:
                raise Interrupted(self._why) from None

    def interrupt(self, why: Why) -> None:
        """Cut the block short at its next await."""
        if self._why is None and self._task is not None:
            self._why = why
            self._task.cancel()

    def pass_by(self) -> None:
        """Note that its time is up."""
        self.interrupt("total")

    def keep_alive(self, pace: float, beat: Callable[[], None]) -> None:
        """Call `beat` whenever nothing has gone out for `pace` seconds."""
        self._pace, self._beat = pace, beat
        self._bring_forward(self._loop.time() + pace)

    def limit_total(self, end: float) -> None:
        """Interrupt at this `loop.time()` at the latest."""
        self._end = end
        self._bring_forward(end)

    def limit_idle(self, seconds: float | None) -> None:
        """Interrupt when the upstream has been waited for this long; `None` lifts the limit."""
        self._seen = self._loop.time()
        self._idle = seconds
        if seconds is not None:
            self._bring_forward(self._seen + seconds)

    def read(self) -> None:
        """Note that the upstream has said something."""
        self._seen = self._loop.time()

    def write(self) -> None:
        """Note that a write to the caller begins, which lasts as long as the caller is slow to read."""
        self.is_writing = True

    def wrote(self) -> None:
        """Note that the write is done; only now is the upstream waited for again."""
        self._sent = self._seen = self._loop.time()
        self.is_writing = False

    def _left(self) -> None:
        self.interrupt("stalled" if self._connection is not None and self._connection.is_stalled else "gone")

    def _bring_forward(self, at: float) -> None:
        """Have the timer look at this time at the latest; before the block it does not look at all."""
        if self._timer is not None and at < self._due:
            self._timer.cancel()
            self._look_at(at)

    def _look_at(self, at: float) -> None:
        self._due = at
        self._timer = self._loop.call_at(at, self._tick)

    def _soonest(self) -> float:
        """Return the time before which no limit can be reached, whatever happens meanwhile."""
        if self._idle is None and self._beat is None:
            return self._end
        soonest, now = min(self._dues().values()), self._loop.time()
        if self._idle is not None:
            soonest = min(soonest, now + self._idle)
        if self._beat is not None:
            soonest = min(soonest, now + self._pace)
        return soonest

    def _dues(self) -> dict[Why | Literal["beat"], float]:
        """Tell when each limit is reached, as far as things stand now."""
        dues: dict[Why | Literal["beat"], float] = {"total": self._end}
        if self.is_writing:
            return dues
        if self._idle is not None:
            dues["idle"] = self._seen + self._idle
        if self._beat is not None:
            dues["beat"] = self._sent + self._pace
        return dues

    def _tick(self) -> None:
        now = self._loop.time()
        for why, due in self._dues().items():
            if due > now:
                continue
            if why != "beat":
                self.interrupt(why)
                return
            self._sent = now
            if self._beat is not None:
                self._beat()
        self._look_at(self._soonest())
