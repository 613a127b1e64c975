"""An answer of the native API goes out as server-sent events."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

PING_SECONDS = 15
SEND_SECONDS = 30
"""Seconds; a listener who does not take one event in this time is cut."""


class Streamed(Response[Any]):
    """Server-sent events, which sse-starlette sends; `end` is called once no more of them is sent."""

    def __init__(
        self,
        frames: AsyncIterator[bytes],
        headers: dict[str, str] | None = None,
        end: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(None, status_code=200)
        self._frames = frames
        self._own = headers or {}
        self._end = end

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return _Sent(self._frames, self._own, self._end)


class _Sent(ASGIResponse):
    def __init__(
        self,
        frames: AsyncIterator[bytes],
        headers: dict[str, str],
        end: Callable[[], Awaitable[None]] | None,
    ) -> None:
        super().__init__()
        self._frames = frames
        self._own = headers
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # This is imported here, since only a stream needs it.
        from sse_starlette import EventSourceResponse, ServerSentEvent

        response: Any = EventSourceResponse(
            self._frames,
            headers=self._own,
            ping=PING_SECONDS,
            ping_message_factory=lambda: ServerSentEvent(comment="ping", sep="\n"),
            send_timeout=SEND_SECONDS,
            # The gateway ends open answers; a stream that is cancelled would not end as HTTP wants it.
            shutdown_grace_period=SEND_SECONDS,
            sep="\n",
        )
        try:
            await response(scope, receive, send)
        finally:
            if self._end is not None:
                await self._end()


def frame(name: str, data: bytes) -> bytes:
    """Write one event, whose data is JSON."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
