"""Upstreams, and what users name, are reached through a proxy that is configured."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from gateway.config import Egress, Timeouts, Upstream
from gateway.egress.fetcher import Fetcher
from gateway.egress.target import EgressError
from gateway.tools.guarded import Guarded
from gateway.upstreams.client import pooled
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.http import HttpClient
from gateway.upstreams.lookup import Lookups
from tests.upstreams.conftest import PATH, read_all
from tests.upstreams.peer import Line, serving
from tests.upstreams.test_tls import folder, server, trusting

__all__ = ["folder", "server", "trusting"]
TWO = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab"
SECRET = "Basic " + base64.b64encode(b"ann:pass word").decode()


class Passing:
    """A proxy that notes what it is asked for, and does so where it is told the password."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0
        self.refuses = False

    @property
    def url(self) -> str:
        return f"http://ann:pass%20word@127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            self.asked.append(first)
            headers = dict(line.lower().split(": ", 1) for line in lines if line)
            if self.refuses or headers.get("proxy-authorization") != SECRET.lower():
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
                return
            method, target, _ = first.split(" ")
            if method == "CONNECT":
                there, back = await asyncio.open_connection("127.0.0.1", int(target.rpartition(":")[2]))
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                place, _, path = target.removeprefix("http://").partition("/")
                there, back = await asyncio.open_connection("127.0.0.1", int(place.rpartition(":")[2]))
                back.write(head.replace(target, f"/{path}").encode())
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def passing() -> AsyncIterator[Passing]:
    proxy = Passing()
    served = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = served.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        served.close()


async def _answer(line: Line) -> None:
    while await line.request():
        line.write(TWO)


async def _read_and_answer(line: Line) -> None:
    await line.head()
    line.write(TWO)
    await line.rest()


@pytest.mark.parametrize("client", ["native", "aiohttp"])
async def test_a_plain_request_names_the_whole_url_to_the_proxy(client: str) -> None:
    async with serving(_answer) as peer, passing() as proxy:
        base = f"http://127.0.0.1:{peer.port}/v1"
        made = pooled("main", Upstream(base_url=base, proxy=proxy.url, client=client), Lookups())  # type: ignore[arg-type]
        assert await read_all(await made.post(PATH, b"{}", {})) == b"ab"
        await made.close()
        assert proxy.asked == [f"POST {base}{PATH} HTTP/1.1"]


async def test_tls_goes_through_a_tunnel(
    server: ssl.SSLContext, trusting: ssl.SSLContext, folder: Path
) -> None:
    async with serving(_answer, tls=server) as peer, passing() as proxy:
        upstream = Upstream(base_url=f"https://localhost:{peer.port}/v1", proxy=proxy.url)
        made = HttpClient("main", upstream, Lookups(), trusting)
        for _ in range(2):
            assert await read_all(await made.post(PATH, b"{}", {})) == b"ab"
        await made.close()
        assert proxy.asked == [f"CONNECT localhost:{peer.port} HTTP/1.1"]


async def test_a_proxy_that_refuses_is_a_failure_to_connect(trusting: ssl.SSLContext) -> None:
    async with passing() as proxy:
        proxy.refuses = True
        upstream = Upstream(base_url="https://localhost:9/v1", proxy=proxy.url, timeouts=Timeouts(connect=5))
        made = HttpClient("main", upstream, Lookups(), trusting)
        with pytest.raises(UpstreamFailure) as failed:
            await made.post(PATH, b"{}", {})
        assert (failed.value.kind, failed.value.was_reached) == ("connection", False)
        await made.close()


async def test_an_mcp_server_is_asked_through_the_proxy_unless_it_is_here() -> None:
    async with serving(_read_and_answer) as peer, passing() as proxy:
        fetcher = Fetcher(Egress(proxy=proxy.url))
        async with httpx2.AsyncClient(transport=Guarded(fetcher, 5)) as client:
            for host in ("127.0.0.1", "localhost"):
                assert (await client.post(f"http://{host}:{peer.port}/mcp", json={})).content == b"ab"
            assert proxy.asked == []
            away = f"http://tools.example:{peer.port}/mcp"
            assert (await client.post(away, json={})).content == b"ab"
        assert proxy.asked == [f"POST {away} HTTP/1.1"]
        await fetcher.close()


async def test_urls_of_users_go_through_the_proxy_and_may_still_not_lead_inside() -> None:
    async with serving(_read_and_answer) as peer, passing() as proxy:
        place = f"127.0.0.1:{peer.port}"
        fetcher = Fetcher(Egress(proxy=proxy.url, allow=[place]))
        assert (await fetcher.fetch(f"http://{place}/hook")).body == b"ab"
        assert proxy.asked == [f"GET http://{place}/hook HTTP/1.1"]
        with pytest.raises(EgressError):
            await fetcher.fetch("https://localhost/hook")
        assert len(proxy.asked) == 1
        await fetcher.close()
