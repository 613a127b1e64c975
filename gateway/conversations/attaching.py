"""A request of the drop-in surface is attached to the conversation that it names."""

from collections.abc import Sequence

from gateway.auth.guard import Caller
from gateway.conversations import beginning, store
from gateway.conversations.committer import Committer
from gateway.conversations.conversation import ID, Conversation, Pin
from gateway.conversations.keeping import Keeping
from gateway.conversations.lineage import MARKS, Heard, hear
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
LOOKED_UP = 64
"""Hashes in one look for the message where a request goes on; nearly always the last few are enough."""
MANY = 500
"""Messages of a request, from which on they are hashed in a thread."""
WITHOUT_PERSONA = "A conversation is with a persona, and `model` names none; leave the header out."


class Attaching:
    """Attaches the requests of one worker."""

    def __init__(self, database: Database, exchanges: Exchanges, committer: Committer) -> None:
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
                conversation = _begun(caller, exchange, persona)
                heard = await self._heard(exchange, conversation)
                place = root(conversation)
            else:
                async with self._database.read() as connection:
                    conversation = await _named(connection, caller, persona, name)
                    heard = await self._heard(exchange, conversation)
                    place, heard = await _joined(connection, conversation, heard)
        except StoreUnavailable:
            raise Refusal(Fault.STORE_UNAVAILABLE) from None
        exchange.keep_by(Keeping(self._committer, conversation, place, heard))
        exchange.account.turn.conversation_id = conversation.id

    async def _heard(self, exchange: Exchange, conversation: Conversation) -> Sequence[Heard]:
        each = exchange.request.messages.each
        size = LARGE + 1 if len(each) > MANY else len(exchange.request.body)
        return await self._exchanges.aside.run(size, lambda: list(hear(each, conversation.origin)))


def _begun(caller: Caller, exchange: Exchange, persona: Resolved) -> Conversation:
    fields = exchange.request.fields
    marks = tuple(name.encode() + bytes(fields[name]) for name in MARKS if name in fields)
    return beginning.draft(caller, persona.persona_id, Pin(persona.version), marks=marks)


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


async def _joined(
    connection: AsyncConnection, conversation: Conversation, heard: Sequence[Heard]
) -> tuple[Place, Sequence[Heard]]:
    """Return the place where what was heard leaves the stored paths, and what is new behind it."""
    hashes = [each.hash for each in heard]
    for end in range(len(hashes), 0, -LOOKED_UP):
        found = await store.deepest(connection, conversation, hashes[max(0, end - LOOKED_UP) : end])
        if found is not None:
            return found.place, heard[found.depth :]
    return root(conversation), heard
