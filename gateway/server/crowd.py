"""A worker has room for so many callers at the same time, with a reserve for those who have shown a key."""

import logging
import resource
from typing import Protocol

STRANGERS = 4, 3
"""Callers who have shown no key may hold three of every four connections."""
DEFAULT_MOST = 10_000
OTHER_FILES = 128
"""Open files that are neither a caller's connection nor an upstream's."""
MOST_FILES = 1 << 20

log = logging.getLogger("gateway.server")


class Guest(Protocol):
    """Has what a crowd needs of a connection."""

    def cut(self) -> None:
        """End it at once."""


class Crowd:
    """Holds the connections of one worker: at most so many, and of strangers at most three in four.

    A stranger who comes takes the place of the one who has been there longest without showing a key: that
    one had the most time for it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_strangers = max(1, most * STRANGERS[1] // STRANGERS[0])
        self._strangers: dict[Guest, None] = {}
        self._known: set[Guest] = set()

    def __len__(self) -> int:
        return len(self._strangers) + len(self._known)

    def enter(self, guest: Guest) -> bool:
        """Let somebody in; tells whether there is room, the last of which is for those with a key alone."""
        if self._strangers and (len(self) >= self._most or len(self._strangers) >= self._most_strangers):
            oldest = next(iter(self._strangers))
            self.leave(oldest)
            oldest.cut()
        self._strangers[guest] = None
        return len(self._known) < self._most

    def vouch(self, guest: Guest) -> None:
        """Note that this guest has shown a key, and is no stranger any more."""
        if guest in self._strangers:
            del self._strangers[guest]
            self._known.add(guest)

    def leave(self, guest: Guest) -> None:
        self._strangers.pop(guest, None)
        self._known.discard(guest)


def room(most: int) -> int:
    """Return how many callers may be connected; 0 means as many as open files allow, within reason.

    Each may need another connection, to an upstream.
    """
    allowed = max(1, (_raise_files() - OTHER_FILES) // 2)
    if most > allowed:
        log.warning("max_connections is lowered to %d: the system allows no more open files", allowed)
    return min(most or DEFAULT_MOST, allowed)


def _raise_files() -> int:
    """Raise the limit of open files as far as the system lets this process, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST_FILES if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        # Some systems name a limit that they do not grant.
        return soft
    return wanted
