"""`POST /v1/openai/responses`: a request is read and put as a chat request, and then answered as one."""

import time
from functools import partial
from typing import Any

import msgspec

from gateway.auth.door import Door, Need
from gateway.auth.guard import Caller
from gateway.config import Server
from gateway.conversations.committer import Committer
from gateway.conversations.lineage import hear
from gateway.errors import Fault, Refusal
from gateway.openai_api import edge
from gateway.openai_api.answering import Answering
from gateway.openai_api.body import too_deep
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.exchanges import Exchanges
from gateway.responses.asked import Asked
from gateway.responses.draft import Draft
from gateway.responses.ground import NOTHING, Ground, ground, stands
from gateway.responses.keeping import ResponseKeeping
from gateway.responses.outlet import ResponseOutlet
from gateway.responses.trying import Trying, fitting
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

WITHOUT_PERSONA = "A conversation is with a persona, and `model` names none; send its history instead."
TEXTLESS = "No texts are kept on this gateway; send `store: false`, and the history with each request."
NEED = Need("chat:invoke", spends=True, is_openai=True)


class Responses(Answering):
    """The ASGI application behind the route answers every request itself, errors included."""

    surface = "responses"

    def __init__(
        self, door: Door, exchanges: Exchanges, database: Database, committer: Committer, server: Server
    ) -> None:
        super().__init__(door.limiter)
        self._database = database
        self._committer = committer
        self._door = door
        self._exchanges = exchanges
        self._max_body = server.max_body

    async def __call__(self, scope: Any, receive: edge.Receive, send: edge.Send) -> None:
        started = time.perf_counter()
        incoming = edge.Incoming(scope)
        try:
            incoming.require_post()
            headers = incoming.named
            caller = await self._door.admit(headers, incoming.connection, NEED)
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
            headers.clear()
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
        aside, exchanges = self._exchanges.aside, self._exchanges
        asked = await aside.run(len(body), partial(Asked.read, body))
        found = await self._before(caller, asked)
        draft = Draft(asked)
        draft.is_foreign = found is None
        before = NOTHING if found is None else found
        size = len(body) + asked.more + before.size
        chat = await aside.run(size, lambda: asked.body(before.chat))
        items = await aside.run(size, lambda: before.items) if before.messages else []
        try:
            exchange = await exchanges.prepare(
                caller, chat, request_id, started, partial(Trying, asked, draft, items)
            )
        except Refusal as refusal:
            raise asked.renamed(refusal) from None
        routing = exchanges.shared.routing
        exchange.ask_only(fitting(asked, exchange.routes, routing, caller, is_foreign=draft.is_foreign))
        if self._is_kept(asked, exchange, draft, before):
            await aside.run(size, partial(self._keep, caller, asked, exchange, draft, before))
        return exchange, draft

    async def _before(self, caller: Caller, asked: Asked) -> Ground | None:
        try:
            return await ground(self._database, caller, asked)
        except StoreUnavailable:
            raise Refusal(Fault.STORE_UNAVAILABLE) from None

    def _is_kept(self, asked: Asked, exchange: Exchange, draft: Draft, before: Ground) -> bool:
        """Decide whether the response is kept. Raises Refusal where it is to be and cannot."""
        if asked.store is False:
            return False
        if exchange.account.persona is None or draft.is_foreign:
            if before.conversation is not None:
                raise Refusal(Fault.REQUEST_INVALID, WITHOUT_PERSONA, param="model")
            return False
        if not self._committer.keeps_texts:
            if asked.store or before.conversation is not None:
                raise Refusal(Fault.CONVERSATION_TEXTLESS, TEXTLESS, param="store")
            return False
        return True

    def _keep(self, caller: Caller, asked: Asked, exchange: Exchange, draft: Draft, before: Ground) -> None:
        """Have the answer kept. Raises Refusal."""
        persona = exchange.account.persona
        assert persona is not None  # noqa: S101 - nobody else's answers are kept
        conversation, place = stands(before, caller, persona, asked)
        spoken = [said for said in asked.heard.spoken if not said.is_system]
        raws = [msgspec.Raw(msgspec.json.encode(said.message)) for said in spoken]
        heard = list(hear(raws, conversation.origin, place.hash))
        keeping = ResponseKeeping(
            self._committer,
            conversation,
            place,
            heard,
            is_named=before.is_named,
            caller=caller,
            draft=draft,
            account=exchange.account,
        )
        draft.stored = True
        draft.conversation = conversation.id if asked.conversation is not None else None
        exchange.keep_by(keeping)
        exchange.account.turn.conversation_id = conversation.id
