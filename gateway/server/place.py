"""A place is what a worker is given; a worker is a process that has one, as the parent sees it."""

import os

import msgspec

from gateway import ids
from gateway.config import Config
from gateway.metrics.board import Page
from gateway.restarts import Restarts
from gateway.server.accepting import Share


class Place(msgspec.Struct):
    """Holds what a worker is given, and its successors after it."""

    share: Share | None
    """Its share of the connections; a process that does work which lasts takes none."""
    page: Page | None = None
    process_id: str = ""
    restarts: Restarts = msgspec.field(default_factory=Restarts)
    due: float = 0.0
    """The next worker may be started then, in `time.monotonic()` seconds."""


class Worker(msgspec.Struct):
    pid: int
    place: Place
    status: int
    """The reading end of the pipe in which it says that it is ready."""
    started: float
    generation: int
    is_ready: bool = False
    is_retired: bool = False
    """Tells whether it only finishes what it has begun."""


def workplaces(settings: Config) -> list[Place]:
    """Make the places of the processes that do work which lasts."""
    return [Place(None, process_id=ids.new("wrk")) for _ in range(settings.work.processes)]


def exit_code(pid: int) -> int | None:
    """Return the code with which a child has ended, negative for a signal; `None` as long as it runs."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 1
    return os.waitstatus_to_exitcode(status) if ended == pid else None
