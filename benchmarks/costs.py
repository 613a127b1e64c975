"""The CPU time of the server's whole process tree is measured for each piece of work, and its highest
rate."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from benchmarks import load, wrk
from benchmarks.results import Figure, figure
from benchmarks.rig import Rig, cpu_each, interleaved, say, settle
from benchmarks.shapes import BURST, LARGE, SMALL, Shape, Workload
from benchmarks.target import Target

PACED = Workload(Shape(True, 60, 50), connections=200)
WRK = Workload(Shape(False, 500), connections=64)
LATE = 1.1
"""Chunks may take this many times the time that they are meant to take."""
FULL = 0.85
"""A server has to use this share of its core for its rate to be its own limit."""

PIECES = {
    "request_cpu": ("CPU per whole request, 0.5 KB", SMALL, 2000),
    "request_50k_cpu": ("CPU per whole request, 50 KB", LARGE, 100),
    "burst_cpu": ("CPU per burst of 100 chunks", BURST, 400),
}
"""Each figure has a title, what is asked, and how many times in a round."""


async def pieces(
    targets: Sequence[Target], rounds: int, less: Mapping[str, int] | None = None
) -> list[Figure]:
    """Measure whole requests and bursts; `less` divides the number of requests for a server that is slow."""
    return [await _piece(name, targets, rounds, less or {}) for name in PIECES]


class Scores:
    """Counts how many answers went out with their score, and how many have it in the end."""

    def __init__(self) -> None:
        self._turns = self._unscored = self._late = 0

    @contextmanager
    def counted(self, target: Target) -> Iterator[None]:
        """Count what the target records meanwhile."""
        before = target.counts() if target.counts is not None else None
        yield
        if target.counts is not None and before is not None:
            after = target.counts()
            self._turns += after.turns - before.turns
            self._unscored += after.unscored - before.unscored
            self._late += after.late - before.late

    def note(self) -> str:
        """Say both shares; empty where nothing was recorded."""
        if not self._turns:
            return ""
        # Scores that were put off before it was counted may have come meanwhile.
        in_the_end = min(1.0, 1 - self._unscored / self._turns)
        on_the_answer = in_the_end - self._late / self._turns
        return f"{on_the_answer:.1%} scored on the answer, {in_the_end:.2%} in the end"


async def _piece(name: str, targets: Sequence[Target], rounds: int, less: Mapping[str, int]) -> Figure:
    title, workload, count = PIECES[name]
    say(title)
    scores = Scores()

    async def each(target: Target) -> dict[str, float]:
        with scores.counted(target):
            return {"cpu": await cpu_each(target, workload, count // less.get(target.name, 1))}

    found = (await interleaved(targets, rounds, each))["cpu"]
    return figure(name, title, "µs", found, scores.note())


async def paced(targets: Sequence[Target], rounds: int, workload: Workload = PACED) -> list[Figure]:
    """Measure what one chunk of slow streams costs, and whether each arrives by itself."""
    about = f"{workload.connections} streams, one chunk every {workload.shape.interval_ms} ms"
    say(f"CPU per paced chunk, {about}")
    late: set[str] = set()

    async def each(target: Target) -> dict[str, float]:
        window = await load.paced(target, workload)
        await settle(target)
        if window.seconds > LATE * window.events / workload.connections * workload.shape.interval_ms / 1000:
            late.add(target.name)
        return {"cpu": window.cpu_ns / window.events / 1000, "reads": window.reads / window.events}

    found = await interleaved(targets, rounds, each)
    about += f"; {', '.join(sorted(late))} fell behind" if late else ""
    few = "" if workload is PACED else f", {workload.connections} streams"
    name = "" if workload is PACED else f"_{workload.connections}"
    one = "1 where each chunk arrives by itself"
    return [
        figure(f"paced_chunk{name}_cpu", f"CPU per paced chunk{few}", "µs", found["cpu"], about),
        figure(f"paced{name}_reads", f"Client reads per paced chunk{few}", "", found["reads"], one),
    ]


async def rates(rig: Rig, targets: Sequence[Target]) -> Figure:
    """Measure the highest rate on one core; where the core was not full, the load was the limit."""
    say("highest rate")
    free: set[str] = set()
    scores = Scores()

    async def each(target: Target) -> dict[str, float]:
        before, began = target.process.cpu_ns(), time.monotonic_ns()
        with scores.counted(target):
            found = await asyncio.to_thread(wrk.rate, target, WRK, rig.load_core, rig.folder)
            if (target.process.cpu_ns() - before) / (time.monotonic_ns() - began) < FULL:
                free.add(target.name)
            await settle(target)
        return {"rate": found}

    found = await interleaved(targets, 3, each)
    held = f"; for {', '.join(sorted(free))} the load was the limit" if free else ""
    few = f"; {scores.note()}" if scores.note() else ""
    return figure(
        "max_rate", "Highest rate on one core", "/s", found["rate"], f"0.5 KB, 64 connections{held}{few}"
    )


async def idle(gateway: Target) -> Figure:
    """Measure what a gateway costs that nobody asks anything."""
    found = []
    for _ in range(3):
        before = gateway.process.cpu_ns()
        await asyncio.sleep(1)
        found.append((gateway.process.cpu_ns() - before) / 1e6)
    return figure("idle_cpu", "CPU in a second without requests", "ms", {gateway.name: found})
