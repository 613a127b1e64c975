"""`make bench-growth`: the cost of a request as connections, personas, turns and workers become many."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence

import msgspec

from benchmarks import load, nginx, results, stores, wrk
from benchmarks.costs import WRK, Scores
from benchmarks.gateway import PATIENT
from benchmarks.process import cpu_ns, idle_ns
from benchmarks.results import Figure, Run, figure
from benchmarks.rig import Rig, cpu_each, interleaved, say, settle, warm
from benchmarks.shapes import SMALL
from benchmarks.starts import first_answer
from benchmarks.target import Target

CONNECTIONS = (1, 32, 128, 512)
PERSONAS = (10, 1_000, 100_000)
TURNS = 1_000_000
ROUNDS = 7
COUNT = 1000
"""Requests in a round, of which each connection gets at least EACH: its opening would show otherwise."""
EACH = 8


async def measure(rig: Rig, turns: int = TURNS) -> Run:
    """Measure every figure of growth."""
    began = time.monotonic()
    about = results.machine(len(rig.cores), {"nginx": nginx.version()})
    figures = await connections(rig)
    figures += await personas(rig)
    figures += await rows(rig, turns)
    figures += await workers(rig)
    notes = ["two workers share one of their two cores with the load and the mock"] * (len(rig.cores) < 3)
    run = results.run("growth", time.monotonic() - began, about, rig.disturbance(), figures, notes)
    return msgspec.structs.replace(
        run, ratios=_growth(figures, turns, _of_rounds), ratios_of_lows=_growth(figures, turns, _of_lows)
    )


def _growth(
    figures: Sequence[Figure], turns: int, ratio: Callable[[Figure, Figure], float]
) -> dict[str, float]:
    """Compute how much a figure grows from a small number to a large one."""
    named = {one.name: one for one in figures}
    pairs = [
        ("connections_128_cpu", "connections_32_cpu"),
        ("connections_512_cpu", "connections_32_cpu"),
        (f"personas_{PERSONAS[-1]}_cpu", f"personas_{PERSONAS[0]}_cpu"),
        (f"turns_{turns}_cpu", "turns_0_cpu"),
        ("workers_2_rate", "workers_1_rate"),
        ("workers_2_own_rate", "workers_1_own_rate"),
        ("workers_2_cpu", "workers_1_cpu"),
    ]
    return {f"{large}_vs_{small}": round(ratio(named[large], named[small]), 3) for large, small in pairs}


def _of_rounds(large: Figure, small: Figure) -> float:
    """Take the median of the rounds' ratios: what one round compares has run on the same mood of the
    machine."""
    rounds = zip(large.samples["gateway"].rounds, small.samples["gateway"].rounds, strict=True)
    return statistics.median(one / other for one, other in rounds)


def _of_lows(large: Figure, small: Figure) -> float:
    """Take the ratio of the rounds that were disturbed least: the lowest costs, the highest rates."""
    one, other = large.samples["gateway"], small.samples["gateway"]
    return one.high / other.high if large.unit == "/s" else one.low / other.low


async def connections(rig: Rig) -> list[Figure]:
    """Measure a whole request, with more and more of them under way."""
    say("connections")
    targets = [rig.nginx(), rig.gateway(rig.copy(), more=PATIENT)]
    await warm(targets)
    scores = {count: Scores() for count in CONNECTIONS}

    async def each(target: Target) -> dict[str, float]:
        found = {}
        for count in CONNECTIONS:
            workload = msgspec.structs.replace(SMALL, connections=count)
            with scores[count].counted(target):
                found[f"connections_{count}_cpu"] = await cpu_each(target, workload, _requests(count))
        return found

    found = await interleaved(targets, ROUNDS, each)
    rig.stop(*targets)
    return [
        figure(
            name,
            f"CPU per whole request, connections: {count}",
            "µs",
            found[name],
            scores[count].note(),
        )
        for count, name in zip(CONNECTIONS, found, strict=True)
    ]


def _requests(connections: int) -> int:
    return max(COUNT, EACH * connections)


async def personas(rig: Rig) -> list[Figure]:
    """Measure a whole request to one of ten personas of a store that has many, and the start on that
    store."""
    say("personas")
    targets, figures = [], []
    for count in PERSONAS:
        home = rig.copy()
        stores.with_personas(home, count)
        begun = [await first_answer(rig, home) for _ in range(3)]
        title = f"Time from start to the first answer, {count:,} personas"
        figures.append(
            figure(f"personas_{count}_start", title, "ms", {"gateway": [wall for _, wall in begun]})
        )
        targets.append(rig.gateway(home, f"{count}", more=PATIENT))
    await warm(targets)

    async def each(target: Target) -> dict[str, float]:
        return {"cpu": await cpu_each(target, SMALL, COUNT, stores.models(int(target.name)))}

    found = (await interleaved(targets, ROUNDS, each))["cpu"]
    rig.stop(*targets)
    return figures + [
        figure(
            f"personas_{count}_cpu", f"CPU per whole request, {count:,} personas", "µs", {"gateway": taken}
        )
        for count, taken in zip(PERSONAS, found.values(), strict=True)
    ]


async def rows(rig: Rig, count: int) -> list[Figure]:
    """Measure a whole request and its record, in a store with few turns and with very many."""
    say("turns")
    home = rig.copy()
    target = rig.gateway(home)
    await load.one(target, SMALL)
    await settle(target)
    rig.stop(target)
    full = stores.turns_home(home, count)
    begun = [await first_answer(rig, full) for _ in range(3)]
    targets = [rig.gateway(home, "0", more=PATIENT), rig.gateway(full, f"{count}", more=PATIENT)]
    await warm(targets)

    async def each(target: Target) -> dict[str, float]:
        return {"cpu": await cpu_each(target, SMALL, COUNT)}

    found = (await interleaved(targets, ROUNDS, each))["cpu"]
    rig.stop(*targets)
    title = f"Time from start to the first answer, {count:,} turns stored"
    start = figure(f"turns_{count}_start", title, "ms", {"gateway": [wall for _, wall in begun]})
    return [start] + [
        figure(
            f"turns_{name}_cpu",
            f"CPU per whole request, {int(name):,} turns stored",
            "µs",
            {"gateway": taken},
        )
        for name, taken in found.items()
    ]


async def workers(rig: Rig) -> list[Figure]:
    """Measure the highest rate of one worker on one core and of two on two, and how evenly these two work."""
    say("workers")
    cores = {"1": rig.server_core, "2": rig.cores[-2:]}
    targets = [
        rig.gateway(rig.copy(), name, more=PATIENT, workers=int(name), cores=cores[name]) for name in cores
    ]
    await warm(targets)
    shares: list[float] = []

    async def each(target: Target) -> dict[str, float]:
        rate, own_rate, share = await _at_full_speed(rig, target, cores[target.name])
        if target.name == "2":
            shares.append(share)
        await settle(target)
        return {"rate": rate, "own_rate": own_rate, "cpu": await cpu_each(target, SMALL, COUNT)}

    found = await interleaved(targets, ROUNDS, each)
    rig.stop(*targets)
    titles = {
        "rate": ("Highest rate with", "/s", ""),
        "own_rate": ("Highest rate, other work on the cores taken out, with", "/s", "idle time left in"),
        "cpu": ("CPU per whole request with", "µs", ""),
    }
    figures = [
        figure(
            f"workers_{name}_{kind}",
            f"{title} {name} worker{'s' if name == '2' else ''}",
            unit,
            {"gateway": found[kind][name]},
            note,
        )
        for kind, (title, unit, note) in titles.items()
        for name in cores
    ]
    title = "Work of the idler of two workers, as a share of the other's"
    return [*figures, figure("workers_balance", title, "", {"gateway": shares})]


async def _at_full_speed(rig: Rig, target: Target, cores: Sequence[int]) -> tuple[float, float, float]:
    """Return the highest rate, the rate with the cores to itself, and the share of the idlest worker.

    Where load, mock and a worker share a core, the rate is what the first two leave. The time that the
    gateway had is what it used and what nobody used: a worker that waits for another leaves its core
    idle.
    """
    pids = target.process.tree()[1:]
    used, idle, began = [cpu_ns([pid]) for pid in pids], idle_ns(cores), time.monotonic_ns()
    rate = await asyncio.to_thread(wrk.rate, target, WRK, rig.load_core, rig.folder)
    taken, left = time.monotonic_ns() - began, idle_ns(cores) - idle
    worked = [cpu_ns([pid]) - ago for pid, ago in zip(pids, used, strict=True)]
    had = min(sum(worked) + left, taken * len(cores))
    return rate, rate * taken * len(cores) / had, min(worked) / max(worked)
