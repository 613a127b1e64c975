"""A pooled client on aiohttp serves upstreams that the client of our own does not get on with."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from gateway.config import Upstream
from gateway.telemetry.trace import current
from gateway.upstreams.decoding import PackedBodyError, Unpacking, unpacking
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.lookup import Address, Lookups
from gateway.upstreams.pieces import Pieces
from gateway.upstreams.places import Places
from gateway.upstreams.request import below, headers
from gateway.upstreams.resolver import Resolver
from gateway.upstreams.response import LEAST_STATUS, READ_BYTES, Sink


class AiohttpClient:
    """A client on aiohttp without cookies, redirects, automatic headers or decoding."""

    def __init__(self, name: str, upstream: Upstream, lookups: Lookups) -> None:
        self._lookups = lookups
        self._name = name
        self._upstream = upstream
        self._base = urlsplit(upstream.base_url)
        self._headers = headers(upstream)
        self._places = Places(name, upstream.concurrency)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, body: bytes | Pieces, headers: Mapping[str, str]) -> "_AiohttpResponse":
        if isinstance(body, Pieces):
            body = await asyncio.to_thread(bytes, body)
        await self._places.enter()
        try:
            return _AiohttpResponse(self._name, await self._ask(path, body, headers), self._places)
        except BaseException:
            self._places.leave()
            raise

    async def get(self, path: str) -> "_AiohttpResponse":
        await self._places.enter()
        try:
            return _AiohttpResponse(self._name, await self._ask(path, b"", {}, "GET"), self._places)
        except BaseException:
            self._places.leave()
            raise

    async def _ask(
        self, path: str, body: bytes, headers: Mapping[str, str], method: str = "POST"
    ) -> aiohttp.ClientResponse:
        merged = {**self._headers, **{name.lower(): value for name, value in headers.items()}}
        trace = current.get()
        if trace is not None:
            merged |= trace.headers()
        try:
            session = self._session or self._connect()
            response = await session.request(
                method,
                self.url(path),
                data=body,
                headers=merged,
                allow_redirects=False,
                proxy=self._upstream.proxy or None,
            )
        except aiohttp.ConnectionTimeoutError:
            raise UpstreamFailure("connect_timeout", self._name, was_reached=False) from None
        except aiohttp.ClientConnectorError:
            raise UpstreamFailure("connection", self._name, was_reached=False) from None
        except aiohttp.ClientResponseError:
            raise UpstreamFailure("bad_answer", self._name) from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise UpstreamFailure("connection", self._name) from None
        if response.status < LEAST_STATUS:
            response.close()
            raise UpstreamFailure("bad_answer", self._name)
        return response

    def url(self, path: str) -> str:
        """Join the path to the base URL, whose query string stays at the end."""
        base = self._base
        return urlunsplit((base.scheme, base.netloc, below(base, path), base.query, ""))

    @property
    def waiting(self) -> int:
        return self._places.waiting

    async def close(self) -> None:
        self._places.close()
        if self._session is not None:
            await self._session.close()

    def _connect(self) -> aiohttp.ClientSession:
        """Make the session, on first use since it needs a running loop."""
        seconds = self._upstream.timeouts.connect
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=30,
                resolver=_Resolver(self._lookups, seconds),
                use_dns_cache=False,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=seconds, sock_connect=seconds),
            auto_decompress=False,
            read_bufsize=READ_BYTES,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=65_536,
            max_field_size=65_536,
        )
        return self._session


class _Resolver(Resolver):
    """Gives aiohttp the lookups that all upstreams share, for so many seconds."""

    def __init__(self, lookups: Lookups, seconds: float) -> None:
        super().__init__(lookups)
        self._seconds = seconds

    async def find(self, host: str, port: int) -> list[Address]:
        async with asyncio.timeout(self._seconds):
            return await super().find(host, port)


class _AiohttpResponse:
    def __init__(self, name: str, response: aiohttp.ClientResponse, places: Places) -> None:
        self._name = name
        self._places: Places | None = places
        self._response = response
        self._unpacking = unpacking(response.headers.get("content-encoding", ""))
        self.status = response.status
        self.headers: Mapping[str, str] = {key.lower(): value for key, value in response.headers.items()}

    @property
    def is_read(self) -> bool:
        return self._response.content.at_eof()

    async def read(self) -> bytes:
        try:
            if self._unpacking is None:
                return await self._response.content.readany()
            return await self._unpack(self._unpacking)
        except PackedBodyError:
            raise UpstreamFailure("bad_answer", self._name) from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamFailure("connection", self._name) from None

    async def _unpack(self, body: Unpacking) -> bytes:
        while not (piece := body.take()):
            data = await self._response.content.readany()
            if not data:
                body.finish()
                return b""
            body.feed(data)
        # A few bytes may become megabytes, and others must have their turn meanwhile.
        await asyncio.sleep(0)
        return piece

    async def pour(self, _sink: Sink) -> None:
        """Do nothing: the pieces can only be read."""

    def close(self) -> None:
        if self._places is not None:
            self._places.leave()
            self._places = None
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()
