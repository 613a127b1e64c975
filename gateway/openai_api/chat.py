"""`POST /v1/openai/chat/completions`: a request is read and prepared, and then answered."""

import time
from typing import Any, Protocol

from gateway.auth.door import Door, Need
from gateway.auth.guard import Caller
from gateway.config import Server
from gateway.errors import Refusal
from gateway.limits.bounds import NONE
from gateway.openai_api import edge
from gateway.openai_api.answering import Answering
from gateway.openai_api.body import too_deep
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.exchanges import Exchanges

CONVERSATION = b"x-persona-conversation-id"
"""The header that names the conversation which the request goes on with."""
NEED = Need("chat:invoke", spends=True, is_openai=True)

UNKNOWN = "There is no such conversation; leave the header `X-Persona-Conversation-Id` out."


class Attaching(Protocol):
    """Attaches requests to conversations."""

    takes_all: bool
    """Tells whether requests that name no conversation are attached too."""

    async def attach(self, caller: Caller, exchange: Exchange, name: str) -> None:
        """Have the turn kept in the conversation of this name. Raises Refusal."""

    async def match(self, caller: Caller, exchange: Exchange) -> None:
        """Have the turn kept in the conversation that it goes on with, where that can be."""


class ChatCompletions(Answering):
    """The ASGI application behind the route answers every request itself, errors included."""

    surface = "chat"

    def __init__(self, door: Door, exchanges: Exchanges, attaching: Attaching, server: Server) -> None:
        super().__init__(door.limiter)
        self._door = door
        self._exchanges = exchanges
        self._attaching = attaching
        self._max_body = server.max_body

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        started = time.perf_counter()
        incoming = edge.Incoming(scope)
        try:
            incoming.require_post()
            headers = incoming.named
            caller = await self._door.admit(headers, incoming.connection, NEED)
            conversation = headers.get(CONVERSATION)
            body = await edge.read_body(headers, receive, self._max_body, self._exchanges.aside)
            exchange = await self._exchanges.prepare(caller, body, incoming.request_id, started)
            if conversation is not None:
                await self._attaching.attach(caller, exchange, conversation.decode("latin-1").strip())
            elif self._attaching.takes_all:
                await self._attaching.match(caller, exchange)
            if caller.bounds is not NONE:
                await self.hold(exchange)
        except Refusal as refusal:
            await edge.send_refusal(send, refusal, incoming.path, incoming.request_id)
        except RecursionError:
            await edge.send_refusal(send, too_deep(), incoming.path, incoming.request_id)
        except edge.CallerGoneError:
            return
        else:
            # Nobody looks at the headers any more, and an answer may take long.
            incoming.headers.clear()
            headers.clear()
            del body
            await self.answer(exchange, incoming, send)
