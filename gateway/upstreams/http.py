"""This HTTP/1.1 client is the gateway's own: it has one pool of kept connections per upstream."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.config import Upstream
from gateway.telemetry.trace import current
from gateway.upstreams import dial
from gateway.upstreams import proxy as proxies
from gateway.upstreams.connection import Connection
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.pieces import Pieces
from gateway.upstreams.places import Places
from gateway.upstreams.request import Heads, address
from gateway.upstreams.response import IncomingResponse

IDLE_SECONDS = 30.0
"""Seconds that an unused connection is kept."""


class HttpClient:
    """Knows no cookies and redirects, and no headers but those it is told.

    Many upstreams drop a connection that has been idle for long just as it is used again, so a request
    that gets no byte of an answer on such a one is sent once more on a new one.
    """

    def __init__(
        self, name: str, upstream: Upstream, lookups: Lookups, tls: ssl.SSLContext | None = None
    ) -> None:
        """A client without a TLS context of its own trusts whom the system trusts."""
        self._lookups = lookups
        base = urlsplit(upstream.base_url)
        self._name = name
        self._host, self._port = address(base)
        self._tls = (tls or dial.trusted()) if base.scheme == "https" else None
        self._proxy = proxies.read(upstream.proxy)
        self._heads = Heads(upstream)
        self._connect_seconds = upstream.timeouts.connect
        self._places = Places(name, upstream.concurrency)
        self._open: set[Connection] = set()
        self._idle: dict[Connection, float] = {}
        """Idle connections, and since when in `loop.time()` seconds; the last to come is the first to go."""
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed: asyncio.Event | None = None

    async def post(self, path: str, body: bytes | Pieces, headers: Mapping[str, str]) -> IncomingResponse:
        """Send a JSON body to a path below the base URL. Raises UpstreamFailure."""
        try:
            head = self._heads.encode(path, headers, len(body))
        except ValueError:
            raise UpstreamFailure("connection", self._name) from None
        trace = current.get()
        if trace is not None:
            head = trace.joined(head)
        return await self._ask(head, body)

    async def get(self, path: str) -> IncomingResponse:
        """Ask for what lies at a path below the base URL. Raises UpstreamFailure."""
        head = self._heads.encode(path, {}, 0)
        return await self._ask(b"GET" + head.removeprefix(b"POST"), b"")

    async def _ask(self, head: bytes, body: bytes | Pieces) -> IncomingResponse:
        connection = self._kept() or await self._lend()
        try:
            return await connection.ask(head, body)
        except UpstreamFailure:
            if not connection.was_stale:
                raise
        # One kept connection was dropped, so most likely all were.
        self._drop_idle()
        connection = await self._lend(is_first=True)
        return await connection.ask(head, body)

    @property
    def waiting(self) -> int:
        return self._places.waiting

    async def close(self) -> None:
        """Drop all connections; requests that are under way fail."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._closed = asyncio.Event()
        self._places.close()
        for connection in list(self._open):
            connection.cut()
        if self._open:
            await self._closed.wait()

    # Connections call these.

    def freed(self, connection: Connection, *, is_reusable: bool) -> None:
        if is_reusable and self._closed is None:
            loop = connection.loop
            self._idle[connection] = loop.time()
            if self._sweeper is None:
                self._sweeper = loop.call_later(IDLE_SECONDS, self._sweep)
        elif connection.is_usable:
            connection.transport.abort()
        self._places.leave()

    def lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._idle.pop(connection, None)
        if self._closed is not None and not self._open:
            self._closed.set()

    def _kept(self) -> Connection | None:
        """Lend an idle connection at once, where nobody waits for a place: most calls find one."""
        if self._idle and not self._places.are_limited:
            connection, _ = self._idle.popitem()
            if not connection.transport.is_closing():
                return connection
        return None

    async def _lend(self, *, is_first: bool = False) -> Connection:
        """Lend a connection for one exchange, with a place until it is freed. Raises UpstreamFailure."""
        if self._places.are_limited:
            await self._places.enter(is_first=is_first)
        while self._idle:
            connection, _ = self._idle.popitem()
            if not connection.transport.is_closing():
                return connection
        try:
            return await self._connect()
        except BaseException:
            self._places.leave()
            raise

    async def _connect(self) -> Connection:
        if self._closed is not None:
            raise UpstreamFailure("connection", self._name, was_reached=False)
        host = self._host if self._tls else None
        try:
            async with asyncio.timeout(self._connect_seconds):
                peer = await self._dial()
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self._name, self), sock=peer, ssl=self._tls, server_hostname=host
                )
        except TimeoutError:
            raise UpstreamFailure("connect_timeout", self._name, was_reached=False) from None
        except (OSError, ValueError):
            raise UpstreamFailure("connection", self._name, was_reached=False) from None
        if self._closed is not None:
            connection.transport.abort()
        if not connection.is_usable:
            raise UpstreamFailure("connection", self._name, was_reached=False)
        # It is added only now: uvloop tells the beginning but not the end of connecting that is cancelled.
        self._open.add(connection)
        return connection

    async def _dial(self) -> socket.socket:
        """Connect to the upstream, or to the proxy before it. Raises OSError, ValueError."""
        proxy = self._proxy
        if proxy is None:
            return await dial.connected(self._host, self._port, self._lookups)
        peer = await dial.connected(proxy.host, proxy.port, self._lookups)
        try:
            if self._tls is not None:
                await proxies.tunnel(peer, proxy, self._host, self._port)
        except BaseException:
            peer.close()
            raise
        return peer

    def _sweep(self) -> None:
        """Drop the connections that have been idle for too long."""
        self._sweeper = None
        loop = asyncio.get_running_loop()
        oldest = loop.time() - IDLE_SECONDS
        for connection, since in list(self._idle.items()):
            if since > oldest:
                self._sweeper = loop.call_at(since + IDLE_SECONDS, self._sweep)
                return
            del self._idle[connection]
            connection.transport.abort()

    def _drop_idle(self) -> None:
        for connection in self._idle:
            connection.transport.abort()
        self._idle.clear()
