"""Requests that users cause go out through one guarded fetcher."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from gateway import __version__
from gateway.config import Egress
from gateway.egress.target import EgressError, Target, named, target
from gateway.upstreams.lookup import Lookups

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from yarl import URL

CONNECTIONS = 100
"""Requests that are under way at once with one fetcher; further ones wait within their own time."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
OURS = {"user-agent": f"persona-gateway/{__version__}", "accept-encoding": "gzip, deflate"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """One request may take this much."""

    seconds: float = 10.0
    """In all: looking up, connecting, sending and reading, redirects included."""
    bytes: int = 1024 * 1024
    """The answer's body, unpacked, may have so many."""
    redirects: int = 0
    """So many are followed, on the same host; a redirect beyond that is an answer like others."""


class Fetched(msgspec.Struct, frozen=True):
    """An answer; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    """It was found here at last."""


class Fetcher:
    """Sends requests to the public internet, and to what the operator has opened.

    A name is looked up once for a connection, which goes to an address that was found then; a proxy looks it
    up again, so that it is looked up here before. No cookie is kept, and no connection is used again.
    """

    def __init__(
        self, settings: Egress, lookups: Lookups | None = None, connections: int = CONNECTIONS
    ) -> None:
        self._connections = connections
        self._proxy = settings.proxy or None
        self._allowed = frozenset(map(named, settings.allow))
        self._lookups = lookups or Lookups()
        self._sessions: dict[bool, ClientSession] = {}
        """They go by whether any address will do."""

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
    ) -> "tuple[Fetched, URL | None]":
        """Give the answer of this one place, and where it sends on to."""
        from yarl import URL

        from gateway.egress import wire

        proxy = None if here.is_near else self._proxy
        is_open = here.is_open or proxy is not None
        session = self._sessions.get(is_open)
        if session is None:
            session = self._sessions[is_open] = wire.session(
                self._lookups, self._connections, is_open=is_open
            )
        if proxy is not None and not here.is_open:
            # The proxy itself may be anywhere, and looks names up by itself.
            await wire.require_public(self._lookups, here)
        most = limits.bytes
        status, told, content = await wire.ask(session, here, method, headers, body, most, proxy)
        location = told.get("location") if status in REDIRECTS else None
        try:
            place = None if location is None else here.url.join(URL(location))
        except ValueError:
            raise EgressError("bad_answer", f"{here.host} gives an answer that cannot be read") from None
        return Fetched(status, told, content, str(here.url)), place
