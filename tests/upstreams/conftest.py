"""Tests of the clients share these."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
import uvloop

from gateway.config import Upstream
from gateway.upstreams.client import Client, Response, pooled
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.lookup import Lookups
from tests.fakes.upstream import ScriptedUpstream, Seen

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
ON_BOTH_LOOPS = ("test_borders.py", "test_connection.py", "test_http.py", "test_pouring.py", "test_tls.py")
"""Tests that run on both loops: the server runs on uvloop, whose transports differ from asyncio's in small
ways."""
PATH = "/chat/completions"

New = Callable[..., Client]


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    factories: dict[str, LoopFactory] = {"asyncio": asyncio.SelectorEventLoop}
    if item.path.name in ON_BOTH_LOOPS:
        factories["uvloop"] = uvloop.new_event_loop
    return factories


@pytest.fixture
async def new() -> AsyncIterator[New]:
    """Makes a client of a base URL, with the settings of an upstream."""
    made: list[Client] = []

    def make(base_url: str, **settings: Any) -> Client:
        made.append(pooled("main", Upstream(base_url=base_url, **settings), Lookups()))
        return made[-1]

    yield make
    for client in made:
        await client.close()


async def read_all(response: Response) -> bytes:
    pieces = []
    while piece := await response.read():
        pieces.append(piece)
    return b"".join(pieces)


async def ask(client: Client, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> bytes:
    """Ask, and return the whole body of one answer."""
    response = await client.post(PATH, body, headers or {})
    try:
        return await read_all(response)
    finally:
        response.close()


async def failure_of(client: Client) -> str:
    with pytest.raises(UpstreamFailure) as caught:
        await ask(client)
    assert caught.value.upstream == "main"
    return caught.value.kind


@pytest.fixture(params=["native", "aiohttp"])
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def client(kind: str, new: New, upstream: ScriptedUpstream) -> Client:
    return new(upstream.base_url, client=kind, api_key="k")


async def seen(upstream: ScriptedUpstream, count: int = 1) -> Seen:
    """Return the last of `count` requests."""
    return (await asyncio.to_thread(upstream.wait_for, count))[count - 1]
