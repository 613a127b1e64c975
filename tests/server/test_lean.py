"""These stand in for asyncio's events and queues in each connection."""

import asyncio

import pytest

from gateway.server.lean import Flow, Queue, Signal


async def waiting(signal: Signal, count: int = 1) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(signal.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_a_signal_wakes_everybody_who_waits() -> None:
    signal = Signal()
    tasks = await waiting(signal, 3)
    assert not signal.is_set()
    signal.set()
    await asyncio.gather(*tasks)
    assert signal.is_set()
    await signal.wait()


async def test_a_signal_that_is_cleared_is_waited_for_again() -> None:
    signal = Signal(is_set=True)
    signal.clear()
    tasks = await waiting(signal, 2)
    assert not any(task.done() for task in tasks)
    signal.set()
    # As with an event, whoever has waited is woken even if the first one clears it.
    signal.clear()
    await asyncio.gather(*tasks)
    (task,) = await waiting(signal)
    assert not task.done()
    signal.set()
    await task


async def test_one_who_stops_waiting_does_not_stop_the_others() -> None:
    signal = Signal()
    first, second = await waiting(signal, 2)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    signal.set()
    await second


async def test_a_drain_waits_while_the_caller_is_slow() -> None:
    flow = Flow(asyncio.Transport())
    await flow.drain()
    flow.pause_writing()
    task = asyncio.create_task(flow.drain())
    await asyncio.sleep(0)
    assert not task.done()
    flow.resume_writing()
    await task
    assert not flow.write_paused


def test_a_queue_gives_out_what_came_first() -> None:
    queue = Queue()
    for number in range(3):
        queue.appendleft(number)
    assert [queue.pop() for _ in range(3)] == [0, 1, 2]
    assert not queue
