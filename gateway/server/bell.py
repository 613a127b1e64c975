"""A process without an event loop waits here, and goes on as soon as a signal comes or a child ends."""

import os
import select
import signal
from collections.abc import Sequence
from contextlib import suppress

DRAINED = 4096
"""Bytes that are taken out of the pipe at once; each stands for a signal."""


class Bell:
    """Rings at each signal, by the pipe into which Python writes the signal's number.

    A handler alone would not do: a sleep or a `select` goes on after a signal until its time is over
    (PEP 475).
    """

    def __init__(self) -> None:
        self._ringing, self._writing = os.pipe()
        for end in (self._ringing, self._writing):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        # Python tells of a signal only if it has a handler.
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def wait(self, seconds: float, pipes: Sequence[int] = ()) -> list[int]:
        """Wait this long at most, and return those of the `pipes` that can be read."""
        ready: list[int] = select.select([self._ringing, *pipes], [], [], seconds)[0]
        if self._ringing in ready:
            ready.remove(self._ringing)
            with suppress(BlockingIOError):
                os.read(self._ringing, DRAINED)
        return ready

    def close(self) -> None:
        """Ring no more; a child that was forked does so before it does anything else."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._ringing)
        os.close(self._writing)
