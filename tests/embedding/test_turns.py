"""One text at a time has the model, and those who are patient come last."""

import asyncio

from gateway.embedding.turns import Turns


async def test_a_patient_order_waits_for_all_others() -> None:
    turns, seen = Turns(), list[str]()
    gate = asyncio.Event()

    async def work(name: str, *, is_patient: bool) -> None:
        async with turns.turn(is_patient=is_patient):
            seen.append(name)
            await gate.wait()

    tasks = []
    for name, is_patient in (("first", True), ("filling", True), ("query", False), ("other", False)):
        tasks.append(asyncio.create_task(work(name, is_patient=is_patient)))
        await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks)
    assert seen == ["first", "query", "other", "filling"]


async def test_one_who_leaves_passes_its_turn_on() -> None:
    turns, gate = Turns(), asyncio.Event()

    async def work() -> None:
        async with turns.turn(is_patient=False):
            await gate.wait()

    first, second, third = (asyncio.create_task(work()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    gate.set()
    await asyncio.gather(first, third)
    assert second.cancelled() or (await asyncio.gather(second, return_exceptions=True))
    async with turns.turn(is_patient=True):
        pass
