"""A Responses request is measured beside the chat request that asks for the same."""

from benchmarks import load
from benchmarks.results import Figure, figure
from benchmarks.rig import Rig, cpu_each, interleaved, say
from benchmarks.shapes import BURST, SMALL
from benchmarks.target import Target

CHAT = "chat"
"""The same gateway bears this name where it is asked for chats."""


async def responses(rig: Rig, rounds: int = 7) -> list[Figure]:
    """Measure whole answers and bursts of a persona whose upstream chats alone."""
    say("CPU of a Responses request beside a chat request")
    chat = rig.gateway(rig.copy(), CHAT)
    targets = [chat.by_responses("gateway"), chat]
    for target in targets:
        for workload in (SMALL, BURST):
            await load.many(target, workload, 200)

    async def each(target: Target) -> dict[str, float]:
        return {"whole": await cpu_each(target, SMALL, 800), "burst": await cpu_each(target, BURST, 300)}

    found = await interleaved(targets, rounds, each)
    rig.stop(chat)
    title = "CPU by Responses and by chat"
    return [
        figure("responses_cpu", f"{title}, whole request", "µs", found["whole"]),
        figure("responses_burst_cpu", f"{title}, burst", "µs", found["burst"]),
    ]
