"""A server adds some time to an answer; this measures how much, at a steady, low rate."""

import statistics
from collections.abc import Sequence

from benchmarks import load
from benchmarks.results import Figure, figure
from benchmarks.rig import interleaved, say, settle
from benchmarks.shapes import Shape, Workload
from benchmarks.target import Target

RATE = 50
"""Requests a second."""
WHOLE = Workload(Shape(False, 500), connections=2 * RATE)
STREAM = Workload(Shape(True, 100), connections=2 * RATE)
"""There are as many connections as requests, for servers that fall behind; the last one used is used
again."""
TITLES = {
    "first_byte": ("first byte of a stream", f"the median of a round, {RATE}/s"),
    "p50": ("p50", f"of whole answers, {RATE}/s"),
    "p99": ("p99", f"of whole answers, {RATE}/s"),
}


async def delays(direct: Target, targets: Sequence[Target], rounds: int = 6) -> list[Figure]:
    """Measure for each kind the time of the direct way, then what each server adds to its median."""
    say(f"delays at {RATE} requests a second")
    found = await interleaved([direct, *targets], rounds, _round)
    figures = []
    for name, (title, note) in TITLES.items():
        plain = found[name].pop(direct.name)
        base = statistics.median(plain)
        added = {server: [one - base for one in taken] for server, taken in found[name].items()}
        figures.append(figure(f"{name}_direct", f"Direct: {title}", "ms", {direct.name: plain}, note))
        figures.append(figure(f"added_{name}", f"Added: {title}", "ms", added, note))
    return figures


async def _round(target: Target) -> dict[str, float]:
    answers = await load.steadily(target, WHOLE, RATE, 2 * RATE)
    streams = await load.steadily(target, STREAM, RATE, RATE)
    await settle(target)
    taken = sorted(_ms(one.sent_ns, one.ended_ns) for one in answers)
    return {
        "first_byte": statistics.median(_ms(one.sent_ns, one.first_ns) for one in streams),
        "p50": statistics.median(taken),
        "p99": taken[len(taken) * 99 // 100 - 1],
    }


def _ms(begin_ns: int, end_ns: int) -> float:
    return (end_ns - begin_ns) / 1e6
