import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from gateway.server.accepting import Acceptor, Share, shares

TOGETHER = 64


class Kept(asyncio.Protocol):
    """A connection that stays open, counted by its worker."""

    def __init__(self, connections: set[asyncio.Protocol], full: asyncio.Semaphore) -> None:
        self._connections = connections
        self._full = full

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._connections.add(self)
        self._full.release()


@asynccontextmanager
async def accepted(*taking: Share) -> AsyncIterator[list[int]]:
    """Return how many of the connections each got, once all have been taken."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=TOGETHER)
    listener.setblocking(False)
    taken = asyncio.Semaphore(0)
    workers: list[set[asyncio.Protocol]] = [set() for _ in taking]
    acceptors = [
        Acceptor(listener.dup(), partial(Kept, connections, taken), connections, share)
        for share, connections in zip(taking, workers, strict=True)
    ]
    callers = [socket.create_connection(listener.getsockname()) for _ in range(TOGETHER)]
    for acceptor in acceptors:
        acceptor.start()
    async with asyncio.timeout(25):
        for _ in callers:
            await taken.acquire()
    yield [len(connections) for connections in workers]
    for acceptor in acceptors:
        await acceptor.stop()
        acceptor._listener.close()
    for connection in (one for connections in workers for one in connections):
        assert isinstance(connection, Kept)
        connection.transport.abort()  # type: ignore[attr-defined]
    for caller in callers:
        caller.close()
    listener.close()
    await asyncio.sleep(0)


async def test_workers_share_connections_that_are_opened_together() -> None:
    async with accepted(*shares(2)) as counts:
        assert sum(counts) == TOGETHER
        assert min(counts) >= TOGETHER // 2 - TOGETHER // 8


async def test_a_worker_that_does_not_take_its_share_leaves_it_to_the_other() -> None:
    idle, busy = shares(2)
    idle.state(0)
    async with accepted(busy) as counts:
        assert counts == [TOGETHER]


async def test_a_connection_that_was_taken_has_begun_when_its_worker_stops() -> None:
    connections: set[asyncio.Protocol] = set()
    is_taken = asyncio.Event()

    def protocol() -> Kept:
        is_taken.set()
        return Kept(connections, asyncio.Semaphore(0))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        acceptor = Acceptor(listener, protocol, connections, shares(1)[0])
        with socket.create_connection(listener.getsockname()):
            acceptor.start()
            await is_taken.wait()
            assert not connections
            # A caller who ends the connections must not miss one.
            await acceptor.stop()
            (kept,) = connections
    assert isinstance(kept, Kept)
    kept.transport.abort()  # type: ignore[attr-defined]
    await asyncio.sleep(0)


def test_a_worker_is_ahead_by_an_eighth_and_one() -> None:
    one, other = shares(2)
    other.state(16)
    one.state(19)
    assert not one.is_ahead()
    one.state(20)
    assert one.is_ahead()
    assert not other.is_ahead()


def test_nobody_is_ahead_of_a_worker_that_is_no_more() -> None:
    one, other = shares(2)
    other.state(0)
    one.state(5)
    other.leave()
    assert not one.is_ahead()
