"""A connection remembers what it has felt of the commits of others, so as to ask SQLite seldom."""

import time

from gateway.storage.backend import Mark

TICK_NS = 100_000_000
"""Nanoseconds; the clock by which file systems note times goes in steps of some milliseconds."""
SURE_SECONDS = 0.75
"""Seconds after which the store is asked for commits in any case, whatever its files say."""


class Felt:
    """Says what a connection has read of the commits of others, and for how long that holds."""

    def __init__(self, mark: Mark | None, version: object) -> None:
        self.version = version
        self._mark = mark
        self._read_at = time.monotonic()
        written_at = None if mark is None else mark[-1]
        # What is written in the same tick of the clock leaves the same mark.
        self._is_sure = isinstance(written_at, int) and time.time_ns() - written_at > TICK_NS

    def holds(self, mark: Mark | None) -> bool:
        """Tell whether nobody has committed since, going by the log's mark."""
        return self._is_sure and mark == self._mark and time.monotonic() - self._read_at < SURE_SECONDS
