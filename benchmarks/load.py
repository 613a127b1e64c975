"""Loads ask in several ways: an exact number in turn, a steady rate, many streams at once, one with care."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from benchmarks.client import Answer, Connection, Tally, check
from benchmarks.process import BenchError, cpu_ns
from benchmarks.shapes import Workload
from benchmarks.target import Target

LIMIT_SECONDS = 120
"""Seconds that one load may take at most."""

numbers = itertools.count(1)
"""One number for each request, so that no two answers are the same."""


async def connect(target: Target, connection: Callable[[], Connection]) -> Connection:
    _, made = await asyncio.get_running_loop().create_connection(connection, "127.0.0.1", target.port)
    return made


async def many(
    target: Target, workload: Workload, count: int, models: Sequence[str] | None = None
) -> list[Answer]:
    """Ask `count` times over several connections, each of which asks again as soon as it is answered."""
    names = itertools.cycle(models or [target.model])
    answers: list[Answer] = []
    left = count
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ask(connection: Connection) -> None:
        nonlocal left
        if left:
            left -= 1
            connection.send(target.request(workload, next(numbers), next(names)))

    def receive(connection: Connection, answer: Answer | None) -> None:
        if done.done():
            return
        try:
            answers.append(check(answer, is_stream=workload.shape.is_stream))
        except BenchError as error:
            done.set_exception(error)
            return
        if len(answers) == count:
            done.set_result(None)
        else:
            ask(connection)

    async with asyncio.timeout(LIMIT_SECONDS):
        connections = [
            await connect(target, lambda: Connection(receive))
            for _ in range(min(workload.connections, count))
        ]
        try:
            for connection in connections:
                ask(connection)
            await done
        finally:
            for connection in connections:
                connection.close()
    return answers


async def one(target: Target, workload: Workload, *, keep_body: bool = True) -> tuple[int, Answer]:
    """Send one request on a connection of its own; return its number and the answer, checked for being
    whole."""
    number = next(numbers)
    answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
    connection = await connect(
        target, lambda: Connection(lambda _, answer: answered.set_result(answer), keep_body=keep_body)
    )
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            connection.send(target.request(workload, number))
            return number, check(await answered, is_stream=workload.shape.is_stream)
    finally:
        connection.close()


async def verify(target: Target, workload: Workload) -> dict[str, Any]:
    """Send a request whose answer must say just what the mock sent; return it with its last object."""
    number, answer = await one(target, workload)
    objects = list(_objects(answer.body, is_stream=workload.shape.is_stream))
    said = "".join(_said(chunk) for chunk in objects)
    if said != workload.shape.text(number):
        raise BenchError(f"{target.name} answered another text than the mock sent: {said[:100]!r}…")
    return next((one for one in objects if "persona" in one), objects[-1])


async def steadily(target: Target, workload: Workload, rate: float, count: int) -> list[Answer]:
    """Ask `count` times, `rate` a second, whether or not the answers before have come."""
    loop = asyncio.get_running_loop()
    done: asyncio.Queue[Answer | None] = asyncio.Queue()
    idle: list[Connection] = []

    def receive(connection: Connection, answer: Answer | None) -> None:
        if answer is not None:
            idle.append(connection)
        done.put_nowait(answer)

    async with asyncio.timeout(LIMIT_SECONDS):
        connections = [
            await connect(target, lambda: Connection(receive)) for _ in range(workload.connections)
        ]
        idle += connections
        start = loop.time() + 0.01
        try:
            for turn in range(count):
                await asyncio.sleep(start + turn / rate - loop.time())
                if not idle:
                    raise BenchError(f"{target.name} cannot keep up with {rate:g} requests a second")
                idle.pop().send(target.request(workload, next(numbers)))
            answers = [await done.get() for _ in range(count)]
        finally:
            for connection in connections:
                connection.close()
    return [check(answer, is_stream=workload.shape.is_stream) for answer in answers]


class Window(msgspec.Struct):
    """Holds what was seen between two counts of events, while all streams were open."""

    cpu_ns: int
    events: int
    reads: int
    seconds: float
    late_ms: float = 0
    """Milliseconds beyond the interval between two chunks of a stream, at the 99th percentile."""


async def paced(target: Target, workload: Workload, *, skip: int = 5) -> Window:
    """Open streams, spread over one interval, and look at them while all are open.

    `skip` events of each stream are left out at either end.
    """
    streams, size = workload.connections, workload.shape.size
    pids = target.process.tree()
    tally = Tally()
    seen: list[Window] = []

    def look() -> None:
        seen.append(Window(cpu_ns(pids), tally.events, tally.reads, time.perf_counter()))

    tally.at(streams * skip, look)
    tally.at(streams * (size - skip), look)
    async with asyncio.timeout(LIMIT_SECONDS):
        await _streams(target, workload, tally)
    first, last = seen
    gaps = sorted(tally.gaps_ns[first.reads : last.reads])
    return Window(
        cpu_ns=last.cpu_ns - first.cpu_ns,
        events=last.events - first.events,
        reads=last.reads - first.reads,
        seconds=last.seconds - first.seconds,
        late_ms=gaps[len(gaps) * 99 // 100] / 1e6 - workload.shape.interval_ms,
    )


async def _streams(target: Target, workload: Workload, tally: Tally) -> None:
    """Open all streams of a paced load, from beginning to end."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Queue[Answer | None] = asyncio.Queue()
    connections = [
        await connect(target, lambda: Connection(lambda _, answer: ended.put_nowait(answer), tally))
        for _ in range(workload.connections)
    ]
    start = loop.time()
    step = workload.shape.interval_ms / 1000 / workload.connections
    try:
        for turn, connection in enumerate(connections):
            await asyncio.sleep(start + turn * step - loop.time())
            connection.send(target.request(workload, next(numbers)))
        for _ in connections:
            check(await ended.get(), is_stream=True)
    finally:
        for connection in connections:
            connection.close()


async def hold(target: Target, workload: Workload, count: int) -> list[Connection]:
    """Open `count` streams and leave them open, each with its first event received."""
    held: list[Connection] = []
    while len(held) < count:
        held += await _begin(target, workload, min(50, count - len(held)))
    return held


async def _begin(target: Target, workload: Workload, count: int) -> list[Connection]:
    """Open streams and wait until each has said something."""
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    tally = Tally()
    tally.at(2 * count, lambda: begun.set_result(None))

    def broke(_connection: Connection, answer: Answer | None) -> None:
        if not begun.done():
            status = answer.status if answer else "with the end of the connection"
            begun.set_exception(
                BenchError(f"{target.name} answered {status} where a stream was to stay open")
            )

    opened = [await connect(target, lambda: Connection(broke, tally)) for _ in range(count)]
    for connection in opened:
        connection.send(target.request(workload, next(numbers)))
    async with asyncio.timeout(LIMIT_SECONDS):
        await begun
    return opened


def _objects(body: bytes, *, is_stream: bool) -> Iterator[dict[str, Any]]:
    """Decode the JSON objects of an answer, one for each event of a stream."""
    if not is_stream:
        yield msgspec.json.decode(body, type=dict[str, Any])
        return
    for line in body.splitlines():
        if line.startswith(b"data: {"):
            yield msgspec.json.decode(line.removeprefix(b"data: "), type=dict[str, Any])


def _said(chunk: dict[str, Any]) -> str:
    said = [choice.get("delta") or choice.get("message") or {} for choice in chunk.get("choices", [])]
    return "".join(str(one.get("content") or "") for one in said)
