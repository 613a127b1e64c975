"""`POST /v1/chat/conversations/{id}/messages` posts a message, and answers with the persona's."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from gateway.auth.access import AnyRequest, caller_of
from gateway.conversations.message import MOST_BYTES
from gateway.conversations.reply import ReplyView
from gateway.conversations.talking import Asked, Talking
from gateway.errors import Fault

PING_SECONDS = 15
SEND_SECONDS = 30
"""Seconds; a listener who does not take one event in this time is cut."""
FAULTS = (
    Fault.PERSONA_UNKNOWN,
    Fault.CONVERSATION_INVALID,
    Fault.CONVERSATION_PERSONA,
    Fault.CONVERSATION_TAKEN,
    Fault.CONVERSATION_FULL,
    Fault.CONVERSATION_TEXTLESS,
    Fault.MESSAGE_UNKNOWN,
    Fault.ANSWER_TOO_LONG,
    Fault.OVERLAY_LOCKED,
    Fault.CAPABILITY_MISSING,
    Fault.ANSWER_WITHHELD,
    Fault.BUDGET_EXCEEDED,
    Fault.PRICE_UNKNOWN,
    Fault.PROVIDER_REJECTED,
    Fault.PROVIDER_TIMEOUT,
    Fault.PROVIDER_CONFLICT,
    Fault.RATE_LIMITED,
    Fault.PROVIDER_CREDENTIALS,
    Fault.PROVIDER_UNAVAILABLE,
    Fault.UPSTREAM_FULL,
    Fault.DRAINING,
)


def post_message_route(talking: Talking, public_url: str) -> HTTPRouteHandler:
    """Make the route; `public_url` is where errors within a stream point to."""

    @post(
        "/{conversation:str}/messages",
        opt={"scope": "chat:invoke", "spends": True, "max_body": MOST_BYTES, "faults": FAULTS},
        status_code=200,
        summary="Say something, and be answered",
    )
    async def post_message(request: AnyRequest, conversation: str) -> Response[ReplyView]:
        """The history is kept here: the message goes below the newest one, or below `parent`.

        An id that the workspace does not have makes a conversation with `persona`. Every other field is a
        parameter of the chat. With `stream` the answer comes as events.
        """
        body = await request.body()
        state = request.scope["state"]
        asked = await talking.prepare(caller_of(request), conversation, body, state["request_id"])
        if not asked.posted.stream:
            told = await talking.whole(asked, state["connection"])
            return Response(told, status_code=200, headers=_headers(asked))
        events = talking.stream(asked, state["connection"])
        first = await events.first()
        return _Streamed(events.rest(first, state["request_id"], public_url), _headers(asked))

    return post_message


class _Streamed(Response[Any]):
    """Server-sent events, which sse-starlette sends."""

    def __init__(self, frames: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(None, status_code=200)
        self._frames = frames
        self._own = headers

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return _Sent(self._frames, self._own)


class _Sent(ASGIResponse):
    def __init__(self, frames: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__()
        self._frames = frames
        self._own = headers

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
        await response(scope, receive, send)


def _headers(asked: Asked) -> dict[str, str]:
    """Say in the head what every answer to a chat says."""
    return {name.decode(): value.decode("latin-1") for name, value in asked.exchange.account.headers()}
