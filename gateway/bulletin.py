"""Workers ask the parent for a reload, and read what came of it, in memory that all share."""

import fcntl
import mmap
import os
import signal
import tempfile
import weakref
from typing import NamedTuple

TEXT = 64
"""The text begins at this byte."""
TEXT_BYTES = 4000
ASKED, ANSWERED, IS_DONE, SIZE = range(4)
"""Words: the last ticket, the last one with an answer, whether it was done, and the length of the text."""


class Outcome(NamedTuple):
    """It tells what came of a reload."""

    is_done: bool
    text: str
    """A sentence that says why it was not done, or the tables that have changed, with spaces between."""


class Bulletin:
    """The parent makes it before it forks; only the parent answers."""

    def __init__(self) -> None:
        self._bytes = memoryview(mmap.mmap(-1, TEXT + TEXT_BYTES))
        self._words = self._bytes[:TEXT].cast("Q")
        with tempfile.TemporaryFile() as file:
            self._lock = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._lock)
        self._parent = os.getpid()

    def ask(self) -> int:
        """Ask the parent for a reload, and return the ticket that its answer will have."""
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            self._words[ASKED] += 1
            ticket = self._words[ASKED]
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)
        os.kill(self._parent, signal.SIGHUP)
        return ticket

    @property
    def asked(self) -> int:
        """The last ticket."""
        return self._words[ASKED]

    def answer(self, ticket: int, outcome: Outcome) -> None:
        """Answer all tickets up to this one."""
        text = outcome.text.encode()[:TEXT_BYTES]
        self._bytes[TEXT : TEXT + len(text)] = text
        self._words[SIZE], self._words[IS_DONE] = len(text), int(outcome.is_done)
        self._words[ANSWERED] = ticket

    def read(self, ticket: int) -> Outcome | None:
        """Read the answer to a ticket; `None` where there is none yet."""
        if self._words[ANSWERED] < ticket:
            return None
        text = bytes(self._bytes[TEXT : TEXT + self._words[SIZE]])
        return Outcome(bool(self._words[IS_DONE]), text.decode("utf-8", "replace"))
