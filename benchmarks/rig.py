"""A measurement needs the mock, nginx, gateways, the cores they run on, and rounds that take turns."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import uvloop

from benchmarks import gateway, load, nginx
from benchmarks.gateway import Home
from benchmarks.process import TICK_NS, BenchError, Process, allow_open_files, start_mock
from benchmarks.results import Disturbance
from benchmarks.shapes import BURST, SMALL, Workload
from benchmarks.target import Target

OPEN_FILES = 8192
"""Open files of a server that has a connection on each side for 2,000 streams."""
SETTLE_SECONDS = 0.4
"""Seconds; a gateway still writes turns after its answers, every quarter of a second."""
LATE_SECONDS = 30
"""Seconds in which a gateway finds the scores that were not ready with their answers."""
QUIET_NS = 3_000_000
"""CPU time within a tenth of a second, below which a server counts as at rest."""

T = TypeVar("T")
Rounds = dict[str, dict[str, list[float]]]
"""Figures by name, then by server."""


class Rig:
    """Holds everything that is started for a run, and ends it when it is left."""

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise BenchError("two cores are needed: one for the server, one for the load and the mock")
        self.can_open_many = allow_open_files(OPEN_FILES)
        self.cores = cores
        self.server_core, self.load_core = [cores[-1]], [cores[0]]
        self._processes: list[Process] = []
        self._homes = 0
        self._before = _machine_ticks()
        self._used_before = sum(os.times()[:4]) * 1e9 / TICK_NS

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="persona-bench-")
        self.folder = Path(self._folder.name)
        os.sched_setaffinity(0, self.load_core)
        try:
            process, self.mock_port = start_mock(self.load_core, self.folder)
            self.keep(process)
            self.direct = Target("direct", process, self.mock_port)
            say("preparing a store")
            self.home = gateway.prepare(self.folder / "home", self.server_core)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        for process in reversed(self._processes):
            process.stop()
        os.sched_setaffinity(0, self.cores)
        self._folder.cleanup()

    def disturbance(self) -> Disturbance:
        """Return what the machine has done beside this run since its beginning."""
        busy, stolen, total = (now - then for now, then in zip(_machine_ticks(), self._before, strict=True))
        used = os.times()
        running = sum(process.cpu_ns() for process in self._processes) / TICK_NS
        ours = sum(used[:4]) * 1e9 / TICK_NS + running - self._used_before
        return Disturbance(round(max(busy - ours, 0) / total, 3), round(stolen / total, 3))

    def keep(self, process: Process) -> None:
        """Let the process end with the run."""
        self._processes.append(process)

    def stop(self, *targets: Target) -> None:
        for target in targets:
            target.process.stop()
            with suppress(ValueError):
                self._processes.remove(target.process)

    def nginx(self) -> Target:
        self._homes += 1
        target = nginx.start(self.server_core, self.folder / f"nginx{self._homes}", self.mock_port)
        self.keep(target.process)
        return target

    def copy(self) -> Home:
        """Make a home like the prepared one."""
        self._homes += 1
        return self.home.copy(self.folder / f"home{self._homes}")

    def gateway(
        self,
        home: Home,
        name: str = "gateway",
        *,
        more: str = "",
        workers: int = 1,
        cores: Sequence[int] | None = None,
    ) -> Target:
        process = home.start(cores or self.server_core, self.mock_port, more=more, workers=workers)
        self.keep(process)
        return home.target(process, name)


def _machine_ticks() -> tuple[int, int, int]:
    """Read CPU time since the machine started: in use, stolen, and in all; see proc(5)."""
    with Path("/proc/stat").open() as file:
        user, nice, system, idle, waiting, irq, soft, stolen = map(int, file.readline().split()[1:9])
    busy = user + nice + system + irq + soft
    return busy, stolen, busy + stolen + idle + waiting


def say(what: str) -> None:
    """Tell the progress to whoever waits."""
    print(f"· {what}", file=sys.stderr, flush=True)


async def settle(target: Target) -> None:
    """Wait until the server has finished what it does after its answers."""
    await asyncio.sleep(SETTLE_SECONDS)
    for _ in range(10 * LATE_SECONDS):
        before = target.process.cpu_ns()
        await asyncio.sleep(0.1)
        is_quiet = target.process.cpu_ns() - before < QUIET_NS
        if is_quiet and (target.counts is None or not target.counts().unscored):
            return


async def warm(targets: Sequence[Target], workloads: Sequence[Workload] = (SMALL, BURST)) -> None:
    """Ask each server a few hundred times, and check that what comes back is what the mock sent."""
    for target in targets:
        for workload in workloads:
            await load.verify(target, workload)
            await load.many(target, workload, 200)
        await settle(target)


async def cpu_each(
    target: Target, workload: Workload, count: int, models: Sequence[str] | None = None
) -> float:
    """Measure the CPU time of one of `count` requests in microseconds, with all that is done for it
    afterwards."""
    before = target.process.cpu_ns()
    await load.many(target, workload, count, models)
    await settle(target)
    return (target.process.cpu_ns() - before) / count / 1000


async def interleaved(
    targets: Sequence[Target], rounds: int, measure: Callable[[Target], Awaitable[dict[str, float]]]
) -> Rounds:
    """Measure each server in turn, so many rounds; every other round in the opposite order."""
    found: Rounds = {}
    for turn in range(rounds):
        for target in targets if turn % 2 == 0 else reversed(targets):
            for figure, value in (await measure(target)).items():
                found.setdefault(figure, {}).setdefault(target.name, []).append(value)
    return {
        figure: {target.name: by[target.name] for target in targets if target.name in by}
        for figure, by in found.items()
    }


def measured(main: Callable[[Rig], Coroutine[Any, Any, T]]) -> T:
    """Run a measurement on a rig of its own."""
    with Rig() as rig:
        return uvloop.run(main(rig))
