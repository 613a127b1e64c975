"""One pooled HTTP client per upstream; what the chat path knows of HTTP upstream is this interface."""

import zlib
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from gateway import __version__
from gateway.config import Upstream
from gateway.upstreams.failure import UpstreamFailure

USER_AGENT = f"persona-gateway/{__version__}"
READ_BYTES = 64 * 1024
"""How much of an answer may wait unread before the upstream is made to wait."""


class Response(Protocol):
    """An upstream's answer, its body not yet read."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names."""

    async def read(self) -> bytes:
        """The next piece as it came, decompressed; empty at the end. Raises UpstreamFailure."""

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else drop it at once."""


class Client(Protocol):
    """A pool of connections to one upstream."""

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send a JSON body to a path below the base URL. Raises UpstreamFailure."""

    async def close(self) -> None:
        """Drop all connections."""


class AiohttpClient:
    """The client on aiohttp: no cookies, no redirects, no automatic headers, no decoding."""

    def __init__(self, name: str, upstream: Upstream) -> None:
        self._name = name
        self._upstream = upstream
        self._base = urlsplit(upstream.base_url)
        self._headers = _headers(upstream)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        merged = {**self._headers, **{name.lower(): value for name, value in headers.items()}}
        try:
            session = self._session or self._connect()
            response = await session.post(self.url(path), data=body, headers=merged, allow_redirects=False)
        except aiohttp.ConnectionTimeoutError:
            raise UpstreamFailure("connect_timeout", self._name) from None
        except aiohttp.ClientResponseError:
            raise UpstreamFailure("bad_answer", self._name) from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise UpstreamFailure("connection", self._name) from None
        return _AiohttpResponse(self._name, response)

    def url(self, path: str) -> str:
        """The path below the base URL, whose query string stays at the end."""
        base = self._base
        return urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + path, base.query, ""))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _connect(self) -> aiohttp.ClientSession:
        """The session, made on first use since it needs a running loop."""
        upstream = self._upstream
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=upstream.max_connections, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_timeout(upstream),
            auto_decompress=False,
            read_bufsize=READ_BYTES,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=65_536,
            max_field_size=65_536,
        )
        return self._session


class _AiohttpResponse:
    def __init__(self, name: str, response: aiohttp.ClientResponse) -> None:
        self._name = name
        self._response = response
        self._decoder = _decoder(response.headers.get("content-encoding", ""))
        self.status = response.status
        self.headers: Mapping[str, str] = {key.lower(): value for key, value in response.headers.items()}

    async def read(self) -> bytes:
        try:
            while True:
                data = await self._response.content.readany()
                if self._decoder is None or not data:
                    return data
                if decoded := self._decoder.decompress(data):
                    return decoded
        except zlib.error:
            raise UpstreamFailure("bad_answer", self._name) from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamFailure("connection", self._name) from None

    def close(self) -> None:
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


def _timeout(upstream: Upstream) -> aiohttp.ClientTimeout:
    """With a limit on connections, waiting for one that is free is no fault of the upstream."""
    seconds = upstream.timeouts.connect
    whole = None if upstream.max_connections else seconds
    return aiohttp.ClientTimeout(total=None, connect=whole, sock_connect=seconds)


def _headers(upstream: Upstream) -> dict[str, str]:
    headers = {
        "accept": "application/json, text/event-stream",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": USER_AGENT,
    }
    if upstream.api_key:
        headers["authorization"] = f"Bearer {upstream.api_key}"
    return headers | {name.lower(): value for name, value in upstream.headers.items()}


def _decoder(encoding: str) -> "zlib._Decompress | None":
    """For upstreams that compress although they were asked not to."""
    return zlib.decompressobj(wbits=47) if encoding.strip().lower() in ("gzip", "x-gzip", "deflate") else None
