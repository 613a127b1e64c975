"""A Responses request is put as a chat request, prepared as one, and its answer kept where it is to be."""

from functools import partial

import msgspec

from gateway.auth.guard import Caller
from gateway.conversations.committer import Committer
from gateway.conversations.lineage import hear
from gateway.errors import Fault, Refusal
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.exchanges import Exchanges
from gateway.openai_api.parameters import NULL
from gateway.responses import truncating
from gateway.responses.asked import Asked
from gateway.responses.draft import Draft
from gateway.responses.ground import NOTHING, Ground, ground, stands
from gateway.responses.keeping import ResponseKeeping
from gateway.responses.oddities import has_oddities, refuse_kept_oddities
from gateway.responses.places import renamed
from gateway.responses.trying import Trying, fitting
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

WITHOUT_PERSONA = "A conversation is with a persona, and `model` names none; send its history instead."
UNKEPT = "What is answered in the background is kept with a persona, and `model` names none."
TEXTLESS = "No texts are kept on this gateway; send `store: false`, and the history with each request."


class Preparing:
    """Prepares Responses requests in one process."""

    def __init__(self, exchanges: Exchanges, database: Database, committer: Committer) -> None:
        self.exchanges = exchanges
        self.database = database
        self._committer = committer

    async def read(self, body: bytes) -> Asked:
        """Read a request. Raises Refusal."""
        return await self.exchanges.aside.run(len(body), partial(Asked.read, body))

    async def prepare(
        self,
        caller: Caller,
        asked: Asked,
        bytes_: int,
        request_id: str,
        started: float,
        turn_id: str | None = None,
    ) -> tuple[Exchange, Draft]:
        """Prepare a request of so many bytes; `turn_id` is the id of its turn, if that is settled.

        Raises Refusal.
        """
        aside, exchanges = self.exchanges.aside, self.exchanges
        found = await self._before(caller, asked)
        draft = Draft(asked)
        draft.is_foreign = found is None
        before = NOTHING if found is None else found
        size = bytes_ + asked.more + before.size
        items = await aside.run(size, lambda: before.items) if before.messages else []
        draft.is_odd = bool(items) and await aside.run(size, partial(has_oddities, items))

        async def put() -> Exchange:
            chat = await aside.run(size, lambda: asked.body(before.chat))
            asks = partial(Trying, asked, draft, items)
            try:
                return await exchanges.prepare(caller, chat, request_id, started, asks, turn_id)
            except Refusal as refusal:
                raise renamed(refusal, asked.origins) from None

        exchange = await put()
        persona = exchange.account.persona
        if items and persona is not None and persona.overlay == "locked":
            await aside.run(size, partial(refuse_kept_oddities, asked, items))
        if asked.is_truncated and (room := truncating.room(exchange, asked)) is not None:
            leading = asked.leading + (asked.instructions != NULL)
            make = partial(truncating.cut, asked.messages(before.chat), leading, room)
            asked.cut = await aside.run(size, make)
            exchange = await put() if asked.cut else exchange
        routing = exchanges.shared.routing
        exchange.ask_only(fitting(asked, exchange.routes, routing, caller, is_foreign=draft.is_foreign))
        if self._is_kept(asked, exchange, draft, before):
            await aside.run(size, partial(self._keep, caller, asked, exchange, draft, before))
        return exchange, draft

    async def _before(self, caller: Caller, asked: Asked) -> Ground | None:
        try:
            return await ground(self.database, caller, asked)
        except StoreUnavailable:
            raise Refusal(Fault.STORE_UNAVAILABLE) from None

    def _is_kept(self, asked: Asked, exchange: Exchange, draft: Draft, before: Ground) -> bool:
        """Decide whether the response is kept. Raises Refusal where it is to be and cannot."""
        if asked.store is False:
            return False
        if exchange.account.persona is None or draft.is_foreign:
            if before.conversation is not None:
                raise Refusal(Fault.REQUEST_INVALID, WITHOUT_PERSONA, param="model")
            if asked.background:
                raise Refusal(Fault.REQUEST_INVALID, UNKEPT, param="background")
            return False
        if not self._committer.keeps_texts:
            if asked.store or asked.background or before.conversation is not None:
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
        draft.goes_on = None if before.conversation is None else before.conversation.seq
        exchange.keep_by(keeping)
        exchange.account.turn.conversation_id = conversation.id
