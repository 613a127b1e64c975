"""A run is told of in server-sent events, which sse-starlette sends."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

PING_SECONDS = 15
SEND_SECONDS = 30
"""Seconds; a follower who does not take one event in this time is cut, and the run goes on."""


class Streamed(Response[Any]):
    """Frames that go out as they come; whoever leaves does not stop the run."""

    def __init__(self, frames: AsyncIterator[bytes]) -> None:
        super().__init__(None, status_code=200)
        self._frames = frames

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return _Sent(self._frames)


class _Sent(ASGIResponse):
    def __init__(self, frames: AsyncIterator[bytes]) -> None:
        super().__init__()
        self._frames = frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # This is imported here, since only a stream needs it.
        from sse_starlette import EventSourceResponse, ServerSentEvent

        response: Any = EventSourceResponse(
            self._frames,
            ping=PING_SECONDS,
            ping_message_factory=lambda: ServerSentEvent(comment="ping", sep="\n"),
            send_timeout=SEND_SECONDS,
            sep="\n",
        )
        await response(scope, receive, send)
