"""A connection rests between two requests, and is closed once it has rested for long."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from gateway.config import Log, Server
from gateway.openai_api import edge
from gateway.server import protocol as protocols
from gateway.server.protocol import Protocol
from gateway.telemetry.access import Access

ASKED = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
REST = 5


class Loop:
    """Real tasks run on it, but its time passes by the test's word alone."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], object]]] = []
        self.create_task = asyncio.get_running_loop().create_task

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Callable[[], object]) -> Any:
        self.timers.append(timer := (self.now + seconds, call))
        return Timer(self, timer)

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [timer for timer in self.timers if timer[0] <= until]:
            timer = min(due, key=lambda each: each[0])
            self.timers.remove(timer)
            self.now = timer[0]
            timer[1]()
        self.now = until


class Timer:
    def __init__(self, loop: Loop, timer: tuple[float, Callable[[], object]]) -> None:
        self._loop, self._timer = loop, timer

    def cancel(self) -> None:
        if self._timer in self._loop.timers:
            self._loop.timers.remove(self._timer)


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.answers = 0
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.answers += bytes(data).count(b"HTTP/1.1 200 OK")

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_write_buffer_size(self) -> int:
        return 0


@pytest.fixture
def gate() -> asyncio.Event:
    found = asyncio.Event()
    found.set()
    return found


@pytest.fixture
async def loop() -> Loop:
    return Loop()


@pytest.fixture
async def ask(
    gate: asyncio.Event, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[], Awaitable[Transport]]]:
    """Ask once more on one connection, and wait for the answer where the gate is open."""
    # Else this process would be allowed more open files, for all tests.
    monkeypatch.setattr(protocols, "room", int)

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await gate.wait()
        await edge.send_json(send, 200, b"{}")

    settings = Config(app, timeout_keep_alive=REST, log_config=None)
    settings.load()
    kind = protocols.limited(Server(max_connections=10), Access(Log(access=False)))
    protocol: Protocol = kind(settings, ServerState(), {}, loop)
    transport = Transport()
    protocol.connection_made(transport)

    async def once() -> Transport:
        protocol.data_received(ASKED)
        tasks = list(protocol.tasks)
        if gate.is_set():
            await asyncio.gather(*tasks)
        return transport

    yield once
    gate.set()
    await asyncio.gather(*protocol.tasks)


Ask = Callable[[], Awaitable[Transport]]


async def test_a_connection_that_rests_for_long_is_closed(ask: Ask, loop: Loop) -> None:
    peer = await ask()
    loop.wait(REST - 1)
    assert not peer.is_closed
    loop.wait(1)
    assert (peer.answers, peer.is_closed) == (1, True)


async def test_one_timer_serves_for_all_rests_and_each_has_its_whole_time(ask: Ask, loop: Loop) -> None:
    for _ in range(3):
        peer = await ask()
        loop.wait(REST - 1)
        assert len(loop.timers) == 1
        assert not peer.is_closed
    loop.wait(1)
    assert (peer.answers, peer.is_closed) == (3, True)


async def test_a_connection_that_is_in_use_is_not_at_rest(ask: Ask, loop: Loop, gate: asyncio.Event) -> None:
    await ask()
    gate.clear()
    peer = await ask()
    loop.wait(3 * REST)
    assert (peer.answers, peer.is_closed) == (1, False)
