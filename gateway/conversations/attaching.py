"""A request of the drop-in surface is attached to the conversation that it names, or goes on with."""

import logging
from collections.abc import Sequence

import msgspec

from gateway.auth.guard import Caller
from gateway.config import Recording
from gateway.conversations import beginning, matching, store
from gateway.conversations.committer import Committer
from gateway.conversations.conversation import ID, MOST_MESSAGES, Conversation, Pin
from gateway.conversations.keeping import Keeping
from gateway.conversations.lineage import ANSWERING, MARKS, Heard, hear
from gateway.conversations.matching import Hear, Joined
from gateway.conversations.message import Place, root
from gateway.conversations.reaching import READING, find, unknown
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.chat import UNKNOWN
from gateway.openai_api.exchange import Exchange
from gateway.openai_api.exchanges import Exchanges
from gateway.personas.resolved import Resolved
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

NEW = "new"
"""The header's value that makes a conversation."""
MANY = 500
"""Messages of a request, from which on they are hashed in a thread."""
WITHOUT_PERSONA = "A conversation is with a persona, and `model` names none; leave the header out."

log = logging.getLogger("gateway.conversations")


class Attaching:
    """Attaches the requests of one worker."""

    def __init__(
        self, database: Database, exchanges: Exchanges, committer: Committer, recording: Recording
    ) -> None:
        self.takes_all = recording.attach == "all"
        self._database = database
        self._exchanges = exchanges
        self._committer = committer

    async def attach(self, caller: Caller, exchange: Exchange, name: str) -> None:
        """Have the turn kept in the conversation of this name, which is an id or `new`. Raises Refusal.

        What is not stored yet of the request's messages, behind the longest beginning that is, goes in
        front of the answer.
        """
        persona = exchange.account.persona
        try:
            if name == NEW:
                if persona is None:
                    raise Refusal(Fault.REQUEST_INVALID, WITHOUT_PERSONA, param="model")
                async with self._database.read() as connection:
                    await store.require_room(connection, caller.workspace_id)
                joined = await self._begun(caller, exchange, persona)
                before = _last(joined.heard)
            else:
                async with self._database.read() as connection:
                    conversation = await _named(connection, caller, persona, name)
                    heard = await self._heard(exchange, conversation)
                    again = self._hearing(exchange, conversation)
                    joined, before = await matching.join(connection, conversation, heard, again), _last(heard)
        except StoreUnavailable:
            raise Refusal(Fault.STORE_UNAVAILABLE) from None
        self._keep(exchange, joined, before, is_wanted=True)

    async def match(self, caller: Caller, exchange: Exchange) -> None:
        """Have the turn kept in the conversation whose path its messages go on with, else in a new one.

        Nobody has asked for it, so that what cannot be kept is answered without a conversation.
        """
        persona = exchange.account.persona
        if persona is None or not self._database.healthy:
            return
        joined = await self._begun(caller, exchange, persona)
        before = _last(joined.heard)
        try:
            async with self._database.read() as connection:
                joined = await self._continued(connection, exchange, joined)
                if not joined.conversation.seq:
                    await store.require_room(connection, caller.workspace_id)
            self._keep(exchange, joined, before, is_wanted=False)
        except StoreUnavailable as error:
            log.warning("a turn is not attached: %s", type(error).__name__)
        except Refusal as refusal:
            log.info("a turn is not attached: %s", refusal.fault.code)

    async def _continued(self, connection: AsyncConnection, exchange: Exchange, begun: Joined) -> Joined:
        """Find the conversation that the request goes on with; without one, it begins this one."""
        if not any(each.role == ANSWERING for each in begun.heard):
            return begun
        again = self._hearing(exchange, begun.conversation)
        found = await matching.continued(connection, begun.heard, again)
        if found is None or found.conversation.messages + len(found.heard) >= MOST_MESSAGES:
            return begun
        return found

    def _keep(self, exchange: Exchange, joined: Joined, before: bytes | None, *, is_wanted: bool) -> None:
        exchange.keep_by(Keeping(self._committer, *joined, before, is_wanted=is_wanted))
        exchange.account.turn.conversation_id = joined.conversation.id

    async def _begun(self, caller: Caller, exchange: Exchange, persona: Resolved) -> Joined:
        fields = exchange.request.fields
        marks = tuple(name.encode() + bytes(fields[name]) for name in MARKS if name in fields)
        draft = beginning.draft(caller, persona.persona_id, Pin(persona.version), marks=marks)
        return Joined(draft, root(draft), await self._heard(exchange, draft))

    async def _heard(
        self, exchange: Exchange, conversation: Conversation, place: Place | None = None
    ) -> list[Heard]:
        each, origin = exchange.request.messages.each, conversation.origin
        size = LARGE + 1 if len(each) > MANY else len(exchange.request.body)
        start = None if place is None else place.hash
        return await self._exchanges.aside.run(size, lambda: list(hear(each, origin, start)))

    def _hearing(self, exchange: Exchange, conversation: Conversation) -> Hear:
        async def again(_: Sequence[msgspec.Raw], place: Place) -> list[Heard]:
            return await self._heard(exchange, conversation, place)

        return again


def _last(heard: Sequence[Heard]) -> bytes | None:
    return heard[-1].alone if heard else None


async def _named(
    connection: AsyncConnection, caller: Caller, persona: Resolved | None, name: str
) -> Conversation:
    """Find the conversation. Raises Refusal, also where it is with somebody else."""
    found = await find(connection, caller, name) if ID.fullmatch(name) else None
    if found is None:
        raise Refusal(Fault.CONVERSATION_UNKNOWN, UNKNOWN) if READING in caller.scopes else unknown(caller)
    if persona is None or persona.persona_id != found.persona_id:
        message = Fault.CONVERSATION_PERSONA.openai_sentence
        raise Refusal(Fault.CONVERSATION_PERSONA, message, param="model")
    return found
