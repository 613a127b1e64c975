"""Connecting: which of a host's addresses is taken, and that no socket is left behind."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from gateway.upstreams import dial
from gateway.upstreams.lookup import Address, Lookups
from tests.fakes import upstream_faults as faults
from tests.fakes.until import PATIENCE
from tests.faults.proc import PROC, sockets
from tests.upstreams.peer import Line, serving

pytestmark = pytest.mark.skipif(not (PROC / "self/fd").exists(), reason="needs /proc")


@pytest.fixture
async def good() -> AsyncIterator[int]:
    """The port of a server that answers."""

    async def wait(line: Line) -> None:
        await line.rest()

    async with serving(wait) as peer:
        yield peer.port


@pytest.fixture
async def named(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says at which ports of this machine a host is found, in order."""

    def name(*ports: int) -> None:
        async def found(*_: object) -> list[Address]:
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, ("127.0.0.1", port)) for port in ports]

        monkeypatch.setattr(Lookups, "find", found)

    return name


async def port_of_first() -> int:
    made = await dial.connected("upstream.test", 80, Lookups())
    with made:
        port: int = made.getpeername()[1]
    return port


async def test_a_number_needs_no_lookup(good: int, named: Callable[..., None]) -> None:
    named()
    with await dial.connected("127.0.0.1", good, Lookups()) as made:
        assert made.getpeername()[1] == good
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_an_address_that_refuses_makes_way_at_once(
    good: int, named: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "STAGGER", 10 * PATIENCE)
    with faults.refused_port() as refused:
        named(refused, refused, good)
        async with asyncio.timeout(PATIENCE):
            assert await port_of_first() == good


async def test_an_address_that_hangs_makes_way_after_its_head_start(
    good: int, named: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "STAGGER", 0.01)
    with faults.unanswered_port() as hanging:
        named(hanging, hanging, good)
        before = sockets(os.getpid())
        assert await port_of_first() == good
        # Those that were still connecting are closed when their tasks have ended.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sockets(os.getpid()) <= before + 1


async def test_the_first_address_is_taken_where_it_answers(good: int, named: Callable[..., None]) -> None:
    with faults.refused_port() as refused:
        named(good, refused)
        assert await port_of_first() == good


async def test_the_last_failure_is_told_where_none_answers(named: Callable[..., None]) -> None:
    with faults.refused_port() as refused:
        named(refused, refused)
        with pytest.raises(ConnectionRefusedError):
            await port_of_first()


async def test_cancelling_closes_every_socket(
    named: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dial, "STAGGER", 0.001)
    with faults.unanswered_port() as hanging:
        named(*[hanging] * 5)
        before = sockets(os.getpid())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await port_of_first()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sockets(os.getpid()) == before


async def test_the_families_take_turns() -> None:
    def address(family: int, place: str) -> Address:
        return (family, socket.SOCK_STREAM, 6, "", (place,))

    six = [address(socket.AF_INET6, f"six{number}") for number in range(3)]
    four = [address(socket.AF_INET, "four0")]
    found = [place for *_, (place,) in dial._interleaved([*six, *four])]
    assert found == ["six0", "four0", "six1", "six2"]
