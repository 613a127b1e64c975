"""`python -m benchmarks.limits`: the CPU time that limits take of each request, counted in memory."""

import asyncio
import os
import statistics
import time
from collections.abc import Mapping

from gateway.config import Plan
from gateway.limits.bounds import NONE, Bounds, KeyLimits, of_key, of_plan
from gateway.limits.limiter import Limiter
from gateway.limits.memory import Memory
from gateway.limits.table import Table

REQUESTS, ROUNDS, PROCESSES = 5_000, 9, 4
MANY = 1_000_000_000
PLAN = Plan(chat_per_minute=MANY)
BOUNDS: Mapping[str, Bounds] = {
    "no plan": NONE,
    "a plan": of_plan(PLAN, "ws_0QwErTy1aBcDeFgHiJkL"),
    "a plan that is used up": of_plan(Plan(chat_per_minute=1), "ws_1QwErTy1aBcDeFgHiJkL"),
    "a plan with tokens": of_plan(
        Plan(chat_per_minute=MANY, tokens_per_minute=MANY), "ws_2QwErTy1aBcDeFgHiJkL"
    ),
    "a plan, and the key's own limits": of_key(
        of_plan(PLAN, "ws_3QwErTy1aBcDeFgHiJkL"), KeyLimits(chat_per_minute=MANY), "key_0QwErTy1aBcDeFgHiJkL"
    ),
}


def spent(table: Table, bounds: Bounds) -> float:
    """Return the microseconds of CPU time, in this process, that a request takes."""
    limiter = Limiter(Memory(table))

    async def ask() -> None:
        for _ in range(REQUESTS):
            # The door does this for every request.
            if bounds is not NONE:
                await limiter.enter(bounds, "chat", spends=True, is_openai=True)
                limiter.charge(bounds, 400)

    begun = time.process_time()
    asyncio.run(ask())
    return (time.process_time() - begun) / REQUESTS * 1e6


def together(table: Table, bounds: Bounds) -> float:
    """Return the same while several processes count under one name, for the one that takes the longest."""
    reading, writing = os.pipe()
    children = []
    for _ in range(PROCESSES):
        child = os.fork()
        if child == 0:
            os.write(writing, f"{spent(table, bounds):.3f}\n".encode())
            os._exit(0)
        children.append(child)
    os.close(writing)
    for child in children:
        os.waitpid(child, 0)
    with os.fdopen(reading) as told:
        return max(float(line) for line in told)


def main() -> None:
    table = Table()
    print("| CPU time of a request, µs | one process | 4 processes at once |")
    print("| --- | --: | --: |")
    for name, bounds in BOUNDS.items():
        alone = statistics.median(spent(table, bounds) for _ in range(ROUNDS))
        beside = statistics.median(together(table, bounds) for _ in range(ROUNDS))
        print(f"| {name} | {alone:.1f} | {beside:.1f} |")


if __name__ == "__main__":
    main()
