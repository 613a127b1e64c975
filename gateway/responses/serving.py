"""`POST /v1/openai/responses`: a request is read and put as a chat request, and then answered as one."""

import time
from functools import partial
from typing import Any

from gateway.auth.door import Door, Need
from gateway.auth.guard import Caller
from gateway.config import Server
from gateway.errors import Refusal
from gateway.openai_api import edge
from gateway.openai_api.answering import Answering
from gateway.openai_api.body import too_deep
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.exchanges import Exchanges
from gateway.responses.asked import Asked
from gateway.responses.draft import Draft
from gateway.responses.outlet import ResponseOutlet
from gateway.responses.trying import Trying, fitting

NEED = Need("chat:invoke", spends=True, is_openai=True)


class Responses(Answering):
    """The ASGI application behind the route answers every request itself, errors included."""

    def __init__(self, door: Door, exchanges: Exchanges, server: Server) -> None:
        super().__init__(door.limiter)
        self._door = door
        self._exchanges = exchanges
        self._max_body = server.max_body

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        started = time.perf_counter()
        incoming = edge.Incoming(scope)
        try:
            incoming.require_post()
            headers = incoming.single
            caller = await self._door.admit(headers.items(), incoming.connection, NEED)
            body = await edge.read_body(headers, receive, self._max_body, self._exchanges.aside)
            exchange, draft = await self._prepare(caller, body, incoming.request_id, started)
            await self.hold(exchange)
        except Refusal as refusal:
            await edge.send_refusal(send, refusal, incoming.path, incoming.request_id)
        except RecursionError:
            await edge.send_refusal(send, too_deep(), incoming.path, incoming.request_id)
        except edge.CallerGoneError:
            return
        else:
            incoming.headers.clear()
            del body
            await self.run(
                exchange,
                incoming.connection,
                lambda watch: ResponseOutlet(send, watch, exchange.account, incoming, draft),
            )

    async def _prepare(
        self, caller: Caller, body: bytes, request_id: str, started: float
    ) -> tuple[Exchange, Draft]:
        """Raises Refusal."""
        aside = self._exchanges.aside
        asked = await aside.run(len(body), partial(Asked.read, body))
        draft = Draft(asked)
        chat = await aside.run(len(body), asked.body)
        asks = partial(Trying, asked, draft, [])
        try:
            exchange = await self._exchanges.prepare(caller, chat, request_id, started, asks)
        except Refusal as refusal:
            raise asked.renamed(refusal) from None
        routing = self._exchanges.shared.routing
        is_foreign = draft.is_foreign = asked.previous is not None or asked.conversation is not None
        exchange.ask_only(fitting(asked, exchange.routes, routing, caller, is_foreign=is_foreign))
        return exchange, draft
