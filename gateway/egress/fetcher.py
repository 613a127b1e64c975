"""Requests that users cause go out through one guarded fetcher."""

import asyncio
import socket
from collections.abc import Mapping
from typing import Literal

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from gateway import __version__
from gateway.config import Egress
from gateway.egress.addresses import is_public
from gateway.egress.target import EgressError, Target, named, not_public, target
from gateway.upstreams.decoding import PackedBodyError, unpacking
from gateway.upstreams.lookup import Lookups

CONNECTIONS = 100
"""Requests that are under way at once with one fetcher; further ones wait within their own time."""
HEAD_BYTES = 16 * 1024
"""Bytes of a line of an answer's head."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
OURS = {"user-agent": f"persona-gateway/{__version__}", "accept-encoding": "gzip, deflate"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """One request may take this much."""

    seconds: float = 10.0
    """In all: looking up, connecting, sending and reading, redirects included."""
    bytes: int = 1024 * 1024
    """Of the answer's body, unpacked."""
    redirects: int = 0
    """How many are followed, on the same host; a redirect beyond that is an answer like others."""


class Fetched(msgspec.Struct, frozen=True):
    """An answer; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """It was found here at last."""


class Fetcher:
    """Sends requests to the public internet, and to what the operator has opened.

    A name is looked up once for a connection, which goes to an address that was found then. There are no
    cookies, no proxies and no connections that are used again.
    """

    def __init__(
        self, settings: Egress, lookups: Lookups | None = None, connections: int = CONNECTIONS
    ) -> None:
        self._connections = connections
        self._allowed = frozenset(map(named, settings.allow))
        self._lookups = lookups or Lookups()
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        """By whether any address will do."""

    async def fetch(
        self,
        url: str,
        *,
        method: Literal["GET", "POST", "DELETE"] = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
        is_configured: bool = False,
    ) -> Fetched:
        """Send one request and read its answer. Raises EgressError.

        `is_configured` says that the operator wrote the URL into config.toml: it may lead anywhere then.
        `body` goes out as it is, so that its signature holds.
        """
        here = target(url, self._allowed, is_configured=is_configured)
        merged = {**OURS, **{name.lower(): value for name, value in (headers or {}).items()}}
        try:
            async with asyncio.timeout(limits.seconds):
                return await self._follow(here, method, merged, body, limits, is_configured=is_configured)
        except TimeoutError:
            raise EgressError("too_slow", f"{here.host} takes more than {limits.seconds:g} s") from None

    async def close(self) -> None:
        """Drop all connections."""
        for session in self._sessions.values():
            await session.close()

    async def _follow(
        self,
        here: Target,
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
        limits: Limits,
        *,
        is_configured: bool,
    ) -> Fetched:
        """Send the request, and after each redirect another one, each checked as the first one was."""
        for left in reversed(range(limits.redirects + 1)):
            found, place = await self._once(here, method, headers, body, limits)
            if place is None or not left or method != "GET":
                return found
            there = target(place, self._allowed, is_configured=is_configured)
            if not here.is_same_host(there):
                raise EgressError("refused", f"{here.host} sends on to another host, which is not followed")
            here = there
        return found

    async def _once(
        self, here: Target, method: str, headers: Mapping[str, str], body: bytes | None, limits: Limits
    ) -> tuple[Fetched, URL | None]:
        """Give the answer of this one place, and where it sends on to."""
        session = self._session(is_open=here.is_open)
        try:
            async with session.request(
                method, here.url, headers=headers, data=body, allow_redirects=False
            ) as response:
                told = {name.lower(): value for name, value in response.headers.items()}
                found = Fetched(response.status, told, await _body(here, response, limits), str(here.url))
                location = told.get("location") if response.status in REDIRECTS else None
                return found, None if location is None else here.url.join(URL(location))
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, _NotPublicError):
                raise not_public(here.host) from None
            raise EgressError("unreachable", f"{here.host} cannot be found") from None
        except (aiohttp.ClientConnectionError, OSError):
            raise EgressError("unreachable", f"{here.host} cannot be reached") from None
        except (aiohttp.ClientError, PackedBodyError, ValueError):
            raise EgressError("bad_answer", f"{here.host} gives an answer that cannot be read") from None

    def _session(self, *, is_open: bool) -> aiohttp.ClientSession:
        """Return the session, made on first use since it needs a running loop."""
        session = self._sessions.get(is_open)
        if session is None:
            session = self._sessions[is_open] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    force_close=True,
                    use_dns_cache=False,
                    resolver=_Resolver(self._lookups, is_open=is_open),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                # The time of a whole fetch is limited around it.
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Content-Type"),
                max_line_size=HEAD_BYTES,
                max_field_size=HEAD_BYTES,
            )
        return session


async def _body(here: Target, response: aiohttp.ClientResponse, limits: Limits) -> bytes:
    """Read the body, unpacked a piece at a time. Raises EgressError where it grows beyond the limit."""
    body, packed = bytearray(), 0
    found = unpacking(response.headers.get("content-encoding", ""))
    while data := await response.content.readany():
        packed += len(data)
        if found is None:
            body += data
        else:
            found.feed(data)
            while len(body) <= limits.bytes and (piece := found.take()):
                body += piece
                await asyncio.sleep(0)
        if max(len(body), packed) > limits.bytes:
            raise EgressError("too_large", f"{here.host} answers with more than {limits.bytes:,} bytes")
    if found is not None:
        found.finish()
    return bytes(body)


class _NotPublicError(OSError):
    """A name leads to an address that is not of the public internet."""


class _Resolver(AbstractResolver):
    """Looks names up, and lets only those through that lead to public addresses alone."""

    def __init__(self, lookups: Lookups, *, is_open: bool) -> None:
        self._lookups = lookups
        self._is_open = is_open

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            found = await self._lookups.find(host, port)
        except UnicodeError:
            raise OSError("this is no name of a host") from None
        if not self._is_open and not all(is_public(place[0]) for *_, place in found):
            raise _NotPublicError(host)
        return [
            ResolveResult(
                hostname=host,
                host=place[0],
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, place in found
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Close nothing, since both sessions share the lookups."""
