"""`POST /v1/openai/chat/completions`: a request is read and prepared, and then answered."""

import time
from typing import Any

from gateway.auth import guard as guards
from gateway.auth.guard import Guard
from gateway.config import Server
from gateway.errors import Fault, Refusal
from gateway.openai_api import edge
from gateway.openai_api.answering import Answering
from gateway.openai_api.body import too_deep
from gateway.openai_api.exchanges import Exchanges

CONVERSATION = b"x-persona-conversation-id"
HEADERS = guards.HEADERS | edge.HEADERS | {CONVERSATION}
"""Headers of a request that are looked at; a client's library sends a dozen others."""


UNKNOWN = "There is no such conversation; leave the header `X-Persona-Conversation-Id` out."


class ChatCompletions(Answering):
    """The ASGI application behind the route answers every request itself, errors included."""

    def __init__(self, guard: Guard, exchanges: Exchanges, server: Server) -> None:
        super().__init__()
        self._guard = guard
        self._exchanges = exchanges
        self._max_body = server.max_body

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        started = time.perf_counter()
        incoming = edge.Incoming(scope)
        try:
            incoming.require_post()
            headers = [header for header in incoming.headers if header[0] in HEADERS]
            caller = await self._guard.admit(headers, "chat:invoke")
            incoming.connection.vouch()
            _refuse_conversation(headers)
            body = await edge.read_body(headers, receive, self._max_body, self._exchanges.aside)
            exchange = await self._exchanges.prepare(caller, body, incoming.request_id, started)
        except Refusal as refusal:
            await edge.send_refusal(send, refusal, incoming.path, incoming.request_id)
        except RecursionError:
            await edge.send_refusal(send, too_deep(), incoming.path, incoming.request_id)
        except edge.CallerGoneError:
            return
        else:
            # Nobody looks at the headers any more, and an answer may take long.
            incoming.headers.clear()
            del body
            await self.answer(exchange, incoming, send)


def _refuse_conversation(headers: edge.Headers) -> None:
    """No conversation is stored yet, so any that is named does not exist. Raises Refusal."""
    for name, _ in headers:
        if name == CONVERSATION:
            raise Refusal(Fault.CONVERSATION_UNKNOWN, UNKNOWN)
