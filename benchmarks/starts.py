"""CPU and time are measured from the start of the gateway's process to its first answer."""

import time

import msgspec

from benchmarks import load
from benchmarks.gateway import Home
from benchmarks.results import Figure, figure
from benchmarks.rig import Rig, say
from benchmarks.shapes import SMALL

DEMO = "persona/the-night-librarian"
"""A persona of a store that nobody has written to."""
TITLES = {
    "start_cpu": "CPU from start to the first answer",
    "start_wall": "Time from start to the first answer",
    "first_start_cpu": "CPU of the very first start, store made",
    "first_start_wall": "Time of the very first start, store made",
}


async def starts(rig: Rig) -> list[Figure]:
    """Measure starts with a store that is there and with none."""
    say("starts")
    found: dict[str, list[float]] = {name: [] for name in TITLES}
    for name, times in (("start", 5), ("first_start", 3)):
        for _ in range(times):
            home = rig.copy()
            if name == "first_start":
                for file in home.folder.glob("persona.db*"):
                    file.unlink()
            cpu, wall = await first_answer(rig, home, is_first=name == "first_start")
            found[f"{name}_cpu"].append(cpu)
            found[f"{name}_wall"].append(wall)
    return [figure(name, title, "ms", {"gateway": found[name]}) for name, title in TITLES.items()]


async def first_answer(rig: Rig, home: Home, *, is_first: bool = False) -> tuple[float, float]:
    """Measure the CPU and time in milliseconds until a gateway has answered one request."""
    target = rig.gateway(home)
    if is_first:
        target = msgspec.structs.replace(target, model=DEMO)
    await load.one(target, SMALL)
    wall = time.perf_counter_ns() - target.process.started_ns
    cpu = target.process.cpu_ns() + target.process.ended_children_cpu_ns()
    rig.stop(target)
    return cpu / 1e6, wall / 1e6
