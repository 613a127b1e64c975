"""/proc tells these things of a process."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROC = Path("/proc")


WORK = "persona-work"
"""The name of a process that does work which lasts."""


def children(pid: int) -> list[int]:
    """List the processes that run and were started by this one, except for those that do work."""
    return [child for child in offspring(pid) if _name(child) != WORK]


def work_processes(pid: int) -> list[int]:
    """List the processes that do work for this parent."""
    return [child for child in offspring(pid) if _name(child) == WORK]


def offspring(pid: int) -> list[int]:
    """List the processes that run and were started by this one."""
    pids = [place for place in PROC.iterdir() if place.name.isdigit()]
    return sorted(int(place.name) for place in pids if _parent(place) == pid)


def is_running(pid: int) -> bool:
    return _parent(PROC / str(pid)) is not None


def is_stopped(pid: int) -> bool:
    """Tell whether it sleeps after SIGSTOP."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "T"


def memory(pid: int) -> int:
    """Read how many bytes it holds in memory."""
    kilobytes = re.search(r"VmRSS:\s+(\d+) kB", (PROC / str(pid) / "status").read_text())
    assert kilobytes
    return int(kilobytes[1]) * 1024


@contextmanager
def peak(pid: int) -> Iterator[Callable[[], int]]:
    """Yield a way to ask for the most bytes that it has held since the beginning of this block."""
    place = PROC / str(pid)
    (place / "clear_refs").write_text("5")

    def most() -> int:
        kilobytes = re.search(r"VmHWM:\s+(\d+) kB", (place / "status").read_text())
        assert kilobytes
        return int(kilobytes[1]) * 1024

    yield most


def sockets(pid: int) -> int:
    """Count its open sockets."""
    found = 0
    for place in (PROC / str(pid) / "fd").iterdir():
        try:
            found += str(place.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return found


def _name(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _parent(place: Path) -> int | None:
    """Read its parent; `None` for a process that has ended."""
    try:
        state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "XZ" else int(parent)
