"""Two versions are compared in a process of its own, since callers decide how much work that is."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from gateway.errors import Fault, Refusal
from gateway.personas import difference
from gateway.personas.model import Draft

T = TypeVar("T")

FINE_SECONDS = 2
"""Seconds to find the smallest difference; after that a coarser one is told."""
MOST_SECONDS = 20.0
MOST_MEMORY = 1 << 30
AT_ONCE = 2
"""Comparisons of a worker at one time; further ones wait in turn."""
CHILD = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from gateway.personas import comparison; comparison.main()"
)


class Task(msgspec.Struct, frozen=True):
    """Holds what is compared: versions as they are shown, and as files where these may be seen."""

    before: dict[str, Any]
    after: dict[str, Any]
    old: Draft | None
    new: Draft | None


class Compared(msgspec.Struct, frozen=True):
    patch: list[dict[str, Any]]
    text: str


class Comparing:
    """Starts a process for each comparison, but only a few at once."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def compare(self, task: Task) -> Compared:
        """Raises Refusal where the comparison takes too long."""
        async with self._places:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", CHILD, json.dumps(sys.path)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={},
            )
            try:
                async with asyncio.timeout(MOST_SECONDS):
                    told, _ = await child.communicate(msgspec.json.encode(task))
            except TimeoutError:
                told = b""
            finally:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        if not told:
            raise Refusal(Fault.NOT_READY, "The comparison took too long; try again later.")
        return msgspec.json.decode(told, type=Compared)


def main() -> None:
    """Run as the child: a task comes on standard input, its result goes to standard output."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(MOST_SECONDS), int(MOST_SECONDS)))
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    sys.stdout.buffer.write(msgspec.json.encode(compared(task)))


def compared(task: Task) -> Compared:
    """Compute the smallest difference if that is found in time, else a coarser one. Needs the main thread."""
    # Only the child loads this; otherwise every worker would hold it.
    import jsonpatch

    def fine() -> list[dict[str, Any]]:
        patch: list[dict[str, Any]] = jsonpatch.make_patch(task.before, task.after).patch
        return patch

    patch = _in_time(fine, lambda: coarse(task.before, task.after))
    if task.old is None or task.new is None:
        return Compared(patch, "")
    # The YAML library stays out of processes that compare nothing.
    from gateway.personas.writing import dump

    old, new = dump(task.old), dump(task.new)
    text = _in_time(lambda: difference.smallest(old, new), lambda: difference.coarse(old, new))
    return Compared(patch, text)


def coarse(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Make a patch that replaces each field that differs; both versions have the same fields."""
    changed = [name for name in after if before[name] != after[name]]
    return [{"op": "replace", "path": f"/{name}", "value": after[name]} for name in changed]


def _in_time(fine: Callable[[], T], coarser: Callable[[], T]) -> T:
    class OutOfTime(BaseException):
        pass

    def stop(*_: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, FINE_SECONDS)
    try:
        return fine()
    except OutOfTime:
        return coarser()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
