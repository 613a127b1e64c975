"""`make bench`: the core table, nginx and the gateway in turn."""

import time

from benchmarks import costs, load, nginx, results
from benchmarks.delays import delays
from benchmarks.drift import drift
from benchmarks.gateway import Home
from benchmarks.memory import memory
from benchmarks.process import BenchError
from benchmarks.responses import responses
from benchmarks.results import Run
from benchmarks.rig import Rig, say, settle, warm
from benchmarks.shapes import BURST, LARGE, SMALL
from benchmarks.starts import starts
from benchmarks.target import Target


async def measure(rig: Rig) -> Run:
    """Measure every figure of the core table."""
    began = time.monotonic()
    about = results.machine(len(rig.cores), {"nginx": nginx.version()})
    home = rig.copy()
    gateway = rig.gateway(home)
    targets = [rig.nginx(), gateway]
    say("warming up, checking answers and records")
    await warm([rig.direct, *targets], (SMALL, LARGE, BURST))
    notes = [await check_all_on(gateway, home)]
    if not rig.can_open_many:
        notes.append("memory with 2,000 streams was skipped: the limit on open files is too low")
    figures = await costs.pieces(targets, 7)
    figures += await costs.paced(targets, 5)
    figures += await delays(rig.direct, targets)
    figures += [await costs.rates(rig, targets), await costs.idle(gateway)]
    rig.stop(*targets)
    figures += await memory(rig)
    figures += await starts(rig)
    figures += await responses(rig)
    figures += await drift(rig, notes)
    return results.run("core", time.monotonic() - began, about, rig.disturbance(), figures, notes)


async def check_all_on(gateway: Target, home: Home) -> str:
    """Check that every turn is recorded, and say what the scorer does. Raises BenchError."""
    await settle(gateway)
    before = home.turns()
    answer = await load.verify(gateway, BURST)
    await load.many(gateway, SMALL, 100)
    await settle(gateway)
    if home.turns() - before != 101:
        raise BenchError(f"{home.turns() - before} of 101 turns were recorded")
    if "persona" not in answer:
        raise BenchError("the gateway's answers say nothing of a persona")
    said = answer["persona"]["drift"]
    return f"the drift verdict of a checked answer was `{said['verdict']}` ({said.get('reason') or 'scored'})"
