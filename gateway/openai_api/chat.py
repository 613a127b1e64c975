"""`POST /v1/openai/chat/completions`: a request is read and prepared, and then answered."""

from collections.abc import Awaitable
from typing import Protocol

from gateway.auth.door import Door
from gateway.auth.guard import Caller
from gateway.config import Server
from gateway.limits.bounds import NONE
from gateway.openai_api import edge
from gateway.openai_api.answering import Endpoint
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.exchanges import Exchanges

CONVERSATION = b"x-persona-conversation-id"
"""The header that names the conversation which the request goes on with."""

UNKNOWN = "There is no such conversation; leave the header `X-Persona-Conversation-Id` out."


class Attaching(Protocol):
    """Attaches requests to conversations."""

    takes_all: bool
    """Tells whether requests that name no conversation are attached too."""

    async def attach(self, caller: Caller, exchange: Exchange, name: str) -> None:
        """Have the turn kept in the conversation of this name. Raises Refusal."""

    async def match(self, caller: Caller, exchange: Exchange) -> None:
        """Have the turn kept in the conversation that it goes on with, where that can be."""


class ChatCompletions(Endpoint[Exchange]):
    """Answers chat requests."""

    surface = "chat"

    def __init__(self, door: Door, exchanges: Exchanges, attaching: Attaching, server: Server) -> None:
        super().__init__(door, exchanges.aside, server.max_body)
        self._exchanges = exchanges
        self._attaching = attaching

    async def prepare(self, caller: Caller, body: bytes, incoming: edge.Incoming, started: float) -> Exchange:
        conversation = incoming.named.get(CONVERSATION)
        exchange = await self._exchanges.prepare(caller, body, incoming.request_id, started)
        if conversation is not None:
            await self._attaching.attach(caller, exchange, conversation.decode("latin-1").strip())
        elif self._attaching.takes_all:
            await self._attaching.match(caller, exchange)
        if caller.bounds is not NONE:
            await self.hold(exchange)
        return exchange

    def give(self, prepared: Exchange, incoming: edge.Incoming, send: edge.Send) -> Awaitable[None]:
        return self.answer(prepared, incoming, send)
