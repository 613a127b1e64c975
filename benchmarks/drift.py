"""The cost of the drift scorer is measured: the same work with and without it, and what other streams
notice."""

import asyncio

from benchmarks import load
from benchmarks.costs import PACED
from benchmarks.delays import RATE, STREAM
from benchmarks.results import Figure, figure
from benchmarks.rig import Rig, cpu_each, interleaved, say, warm
from benchmarks.shapes import BURST, SMALL
from benchmarks.target import Target

SECONDS = 2.8
"""A little less than the paced streams take."""
ABOUT = f"{PACED.connections} slow streams, {RATE} bursts a second beside them"
OFF = "[drift]\nenabled = false\n"
SKIPPED = "the drift scorer's share was skipped: this version has no `[drift] enabled`"


async def drift(rig: Rig, notes: list[str]) -> list[Figure]:
    """Send the same requests to two gateways in turn; where scoring cannot be switched off, only add a
    note."""
    say("the drift scorer's share")
    if not rig.copy().accepts(OFF):
        notes.append(SKIPPED)
        return []
    targets = [rig.gateway(rig.copy()), rig.gateway(rig.copy(), "without drift", more=OFF)]
    await warm(targets)

    async def each(target: Target) -> dict[str, float]:
        return {
            "whole": await cpu_each(target, SMALL, 800),
            "burst": await cpu_each(target, BURST, 300),
            "late": await _late_ms(target),
        }

    found = await interleaved(targets, 5, each)
    rig.stop(*targets)
    title = "CPU with and without drift scoring"
    return [
        figure("drift_request_cpu", f"{title}, whole request", "µs", found["whole"]),
        figure("drift_burst_cpu", f"{title}, burst", "µs", found["burst"]),
        figure(
            "drift_late",
            "Paced chunks late, 99th percentile, as others' turns end",
            "ms",
            found["late"],
            ABOUT,
        ),
    ]


async def _late_ms(target: Target) -> float:
    """Measure how late chunks of slow streams are while other streams end, whose turns are scored."""
    window, _ = await asyncio.gather(
        load.paced(target, PACED), load.steadily(target, STREAM, RATE, int(RATE * SECONDS))
    )
    return window.late_ms
