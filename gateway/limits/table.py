"""Counts of the last minute lie in memory that all workers share, and that a worker's sudden death frees."""

import fcntl
import mmap
import os
import tempfile
import time
import weakref
from collections.abc import Callable
from typing import NamedTuple

from gateway.limits.rings import CELLS, MOST, NEWEST, PER_SECOND, RECORD, SPAN, TOTAL, Rings

ROOM = 65_536
"""Records. Memory is taken from the system only for those that were used at some time."""
PROBES = 64
"""Places at which a record may lie."""
DIRTY = 0
"""The word that names the record that is being changed; the first record's place holds nothing else."""

Clock = Callable[[], float]


class TableFullError(Exception):
    """More is counted within a minute than there is room for."""


class Count(NamedTuple):
    """So much has been counted in the last minute under one name."""

    is_taken: bool
    """Tells whether what was asked for is among it."""
    total: int
    oldest: int
    """The cell of the oldest that counts; the newest one where nothing does."""
    cell: int
    """The cell of now."""


class Table(Rings):
    """Counts under names; the parent makes it, and the workers that it forks have it in common.

    Every change holds a lock on a file, which the kernel takes from a process that dies. Who finds a change
    that was begun and not ended puts that record right. `clock` tells seconds, the same in all processes.
    """

    def __init__(self, room: int = ROOM, clock: Clock = time.monotonic) -> None:
        self.room = room
        self._clock = clock
        memory = memoryview(mmap.mmap(-1, 4 * RECORD * (room + 1)))
        super().__init__(memory.cast("I"))
        self._names = memory.cast("Q")
        # The file holds no byte and has no name; only its lock is used.
        with tempfile.TemporaryFile() as file:
            self._lock = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._lock)
        self._places: dict[int, int] = {}

    def take(self, name: int, amount: int, most: int) -> Count:
        """Count this amount under the name, unless the total would be more than `most`.

        Raises TableFullError.
        """
        at, cell = self._begin(name)
        try:
            total = self._words[at + TOTAL]
            is_taken = total + amount <= most
            if is_taken:
                total = self._add(at, cell, amount)
            return Count(is_taken, total, self._oldest(at, cell), cell)
        finally:
            self._end()

    def add(self, name: int, amount: int) -> None:
        """Count this amount under the name, whatever the total is. Raises TableFullError."""
        at, cell = self._begin(name)
        try:
            self._add(at, cell, amount)
        finally:
            self._end()

    def look(self, name: int) -> Count:
        """Raises TableFullError."""
        at, cell = self._begin(name)
        try:
            return Count(False, self._words[at + TOTAL], self._oldest(at, cell), cell)
        finally:
            self._end()

    def give_back(self, name: int, cell: int) -> None:
        """Take back one that was counted in that cell, if it still counts. Raises TableFullError."""
        at, now = self._begin(name)
        try:
            self._give_back(at, cell, now)
        finally:
            self._end()

    def renew(self, name: int, cell: int) -> int:
        """Count now one that was counted in that cell, and return the cell of now. Raises TableFullError."""
        at, now = self._begin(name)
        try:
            self._give_back(at, cell, now)
            self._add(at, now, 1)
            return now
        finally:
            self._end()

    def now(self) -> int:
        """Tell the cell of now."""
        return int(self._clock() * PER_SECOND)

    def until(self, cell: int) -> float:
        """Tell in how many seconds from now what was counted in this cell counts no more."""
        return max(0.0, (cell + SPAN) / PER_SECOND - self._clock())

    def _begin(self, name: int) -> tuple[int, int]:
        """Take the lock, and return the place of the record, brought up to now, and the cell of now."""
        words = self._words
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            if words[DIRTY]:
                self._mend(words[DIRTY])
            # The clock is read behind the lock, so that no record goes back in time.
            cell = self.now()
            at = self._places.get(name, 0)
            if not at or self._names[at >> 1] != name:
                at = self._find(name, cell)
            words[DIRTY] = at
            if words[at + NEWEST] != cell:
                self._advance(at, cell)
        except BaseException:
            self._end()
            raise
        return at, cell

    def _end(self) -> None:
        self._words[DIRTY] = 0
        fcntl.lockf(self._lock, fcntl.LOCK_UN)

    def _find(self, name: int, cell: int) -> int:
        """Find the record of this name, or make one where nothing counts any more. Raises TableFullError."""
        free = 0
        for step in range(min(PROBES, self.room)):
            at = ((name + step) % self.room + 1) * RECORD
            there = self._names[at >> 1]
            if there == name:
                break
            if not free and (there == 0 or self._words[at + NEWEST] + SPAN <= cell):
                free = at
            if there == 0:
                at = free
                break
        else:
            at = free
        if not at:
            raise TableFullError
        if self._names[at >> 1] != name:
            self._empty(at)
            self._words[at + NEWEST] = cell
            self._names[at >> 1] = name
        if len(self._places) >= self.room:
            self._places.clear()
        self._places[name] = at
        return at

    def _mend(self, at: int) -> None:
        """Put right the record of a process that died while it changed it: the cells are what counts."""
        self._words[at + TOTAL] = min(MOST, sum(self._words[at + CELLS : at + CELLS + SPAN]))
        self._find_oldest(at)
        self._words[DIRTY] = 0
