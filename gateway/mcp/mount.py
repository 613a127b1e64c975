"""`/mcp` and `/sse`: MCP requests come in here, and the SDK is loaded with the first of them."""

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

from gateway.auth.guard import Guard
from gateway.config import Config
from gateway.errors import Fault, Refusal
from gateway.mcp.inside import Inside
from gateway.openai_api import edge

PLACE, OLD_PLACE = "/mcp", "/sse"
PATHS = frozenset([PLACE, f"{PLACE}/", OLD_PLACE, f"{OLD_PLACE}/"])
BODY_BYTES = 256 * 1024
LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1"])
OLD = (
    "The older transport of MCP, HTTP with SSE, is not spoken here; use `/mcp`, which is streamable HTTP, or "
    "`persona mcp serve` for clients that start a program."
)
NO_STREAM = "Nothing is said here unasked; send MCP requests as POST."


class Mount:
    """Serves MCP in one worker. No state is kept between requests, so that any worker answers any of them."""

    def __init__(self, config: Config, guard: Guard, app: Any) -> None:
        """`app` answers the native API."""
        self._guard = guard
        self._app = app
        self._public_url = config.server.public_url
        public = urlsplit(self._public_url)
        self._hosts = frozenset(filter(None, [public.hostname, *map(str.lower, config.mcp.hosts)])) | LOOPBACK
        self._origins = frozenset(config.server.cors_origins)
        self._manager: Any = None
        self._life: asyncio.Task[None] | None = None
        self._loading = asyncio.Lock()
        self._leave = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        incoming = edge.Incoming(scope)
        try:
            self._require_host(incoming.headers)
            if incoming.path.startswith(OLD_PLACE):
                raise Refusal(Fault.METHOD_NOT_ALLOWED, OLD, headers={"allow": ""})
            if incoming.method != "POST":
                raise Refusal(Fault.METHOD_NOT_ALLOWED, NO_STREAM, headers={"allow": "POST"})
            await self._guard.caller(incoming.headers)
        except Refusal as refusal:
            where = incoming.path, incoming.request_id
            await edge.send_refusal(send, refusal, *where, public_url=self._public_url)
            return
        incoming.connection.vouch()
        manager = self._manager or await self._load()
        await manager.handle_request({**scope, "path": PLACE}, receive, send)

    async def close(self) -> None:
        """End what goes on, at the end of the process."""
        if self._life is not None:
            self._leave.set()
            await asyncio.wait([self._life])

    def _require_host(self, headers: edge.Headers) -> None:
        """Raises Refusal for a page that a browser was led here by, whatever name it has for this machine."""
        found = {
            name: value.decode("latin-1").lower() for name, value in headers if name in (b"host", b"origin")
        }
        if _host(f"//{found.get(b'host', '')}") not in self._hosts:
            raise Refusal(Fault.HOST_REFUSED)
        origin = found.get(b"origin")
        if origin is None or "*" in self._origins or origin in self._origins:
            return
        if _host(origin) not in self._hosts:
            raise Refusal(Fault.ORIGIN_REFUSED)

    async def _load(self) -> Any:
        async with self._loading:
            if self._manager is None:
                ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                self._life = asyncio.create_task(self._live(ready))
                self._manager = await ready
        return self._manager

    async def _live(self, ready: asyncio.Future[Any]) -> None:
        """Hold the SDK's manager open; a task of its own enters and leaves it, as the SDK wants it."""
        try:
            # This takes two seconds, in which others go on.
            manager = await asyncio.to_thread(self._made)
            async with manager.run():
                ready.set_result(manager)
                await self._leave.wait()
        except Exception as error:
            if ready.done():
                raise
            ready.set_exception(error)

    def _made(self) -> Any:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from gateway.mcp.server import build

        # The SDK's own lines hold what callers have sent.
        logging.getLogger("mcp").setLevel(logging.CRITICAL)
        server = build(lambda context: Inside(self._app, context.request.scope))
        return StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=BODY_BYTES)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
