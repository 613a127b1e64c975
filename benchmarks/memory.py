"""Resident memory of the process tree, at rest and with many open streams."""

import asyncio
from collections.abc import Sequence

from benchmarks import load
from benchmarks.client import Connection
from benchmarks.results import Figure, figure
from benchmarks.rig import Rig, say, warm
from benchmarks.shapes import Shape, Workload
from benchmarks.target import Target

HELD = Workload(Shape(True, 1000, 4000))
"""Streams that stay open, and say something now and then."""
COUNTS = (200, 2000)
ROUNDS = 2
TITLES = {
    "memory_worker": ("Memory at rest, the largest process", "MB", "what it shares with others included"),
    "memory_idle": ("Memory at rest, all processes", "MB", "what they share counted once"),
    "memory_200": ("Memory with 200 open streams", "MB", "all processes"),
    "memory_2000": ("Memory with 2,000 open streams", "MB", "all processes"),
    "stream_kb": ("Memory per open stream", "KB", "from 200 to 2,000 streams"),
}


async def memory(rig: Rig) -> list[Figure]:
    """Measure nginx and the gateway, each in a fresh process."""
    say("memory")
    counts = COUNTS if rig.can_open_many else COUNTS[:1]
    found: dict[str, dict[str, list[float]]] = {}
    for name in ("nginx", "gateway") * ROUNDS:
        target = rig.nginx() if name == "nginx" else rig.gateway(rig.copy())
        for key, value in (await _measure(target, counts)).items():
            found.setdefault(key, {}).setdefault(name, []).append(value)
        rig.stop(target)
    return [
        figure(key, title, unit, found[key], note)
        for key, (title, unit, note) in TITLES.items()
        if key in found
    ]


async def _measure(target: Target, counts: Sequence[int]) -> dict[str, float]:
    await warm([target])
    process = target.process
    found = {"memory_worker": process.largest_kb() / 1024, "memory_idle": process.memory_kb() / 1024}
    held: list[Connection] = []
    for count in counts:
        held += await load.hold(target, HELD, count - len(held))
        await asyncio.sleep(0.5)
        found[f"memory_{count}"] = process.memory_kb() / 1024
    if len(counts) > 1:
        first, last = counts[0], counts[-1]
        grown = found[f"memory_{last}"] - found[f"memory_{first}"]
        found["stream_kb"] = grown * 1024 / (last - first)
    for connection in held:
        connection.close()
    # The loop closes them in its next turns; until then a gateway that is told to end waits for them.
    await asyncio.sleep(0.5)
    return found
