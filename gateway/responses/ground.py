"""A request stands on what was said before: on a response, on a conversation, or on nothing."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from gateway.auth.guard import Caller
from gateway.conversations import beginning
from gateway.conversations import store as conversations
from gateway.conversations.conversation import MESSAGE_ID, Conversation, Pin
from gateway.conversations.message import Message, Place, root
from gateway.conversations.reaching import READING, find
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.messages import wrong
from gateway.openai_api.plain import MOST
from gateway.personas.resolved import Resolved
from gateway.responses import shown, store
from gateway.responses.asked import Asked
from gateway.responses.store import background
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database

PAGE = 64
"""Messages that are read at once."""
CHARACTERS = 16 << 20
"""Characters of a history, in either form, and of all items that are referred to."""
REFERENCES = 1000
"""Items that one request may refer to; each may be referred to more than once."""
TOO_LONG = "What was said before is too long to be sent; begin anew."

_output = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])


class Ground(NamedTuple):
    """It holds what was said before, and where the request goes on."""

    conversation: Conversation | None
    place: Place | None
    messages: list[Message]
    """The path so far, the oldest message first."""
    is_named: bool = False
    """Tells whether the conversation was named by a caller, and so is no response's own."""

    @property
    def chat(self) -> list[msgspec.Raw]:
        """List the messages of a chat. Raises Refusal where they were kept without their texts."""
        if any(message.body is None and not message.is_removed for message in self.messages):
            raise Refusal(Fault.CONVERSATION_TEXTLESS)
        return [msgspec.Raw(each.body.encode()) for each in self.messages if each.body is not None]

    @property
    def items(self) -> list[bytes]:
        """List the items for an upstream that keeps nothing."""
        return shown.for_upstream([item for each in self.messages for item in shown.items_of(each)])

    @property
    def size(self) -> int:
        return sum(len(message.body or "") + len(message.items or "") for message in self.messages)


NOTHING = Ground(None, None, [])


async def ground(database: Database, caller: Caller, asked: Asked) -> Ground | None:
    """Find what the request goes on from; `None` where it names something that is not known here.

    Items that it refers to take the place of the references. Raises Refusal.
    """
    if asked.previous is None and asked.conversation is None and not asked.references:
        return NOTHING
    async with database.read() as connection:
        if asked.references:
            found = await _referred(connection, caller, asked.references)
            is_large = sum(map(len, found.values())) > LARGE
            await asyncio.to_thread(asked.refer, found) if is_large else asked.refer(found)
        if asked.previous is not None:
            return await _after(connection, caller, asked.previous)
        if asked.conversation is None:
            return NOTHING
        conversation = await find(connection, caller, asked.conversation)
        if conversation is None:
            return None
        return (await on(connection, conversation, conversation.leaf))._replace(is_named=True)


async def _referred(
    connection: AsyncConnection, caller: Caller, references: Mapping[int, str]
) -> dict[int, bytes]:
    """Find the items by their places. Raises Refusal."""
    wanted = set(references.values())
    if len(wanted) > REFERENCES:
        raise wrong("input", f"refers to more than {REFERENCES} items; send them, or `previous_response_id`")
    found: dict[int, bytes] = {}
    known: dict[str, bytes | None] = {}
    size = 0
    for at, item_id in references.items():
        if item_id not in known:
            known[item_id] = await find_item(connection, caller, item_id)
        item = known[item_id]
        if item is None:
            continue
        size += len(item)
        if size > CHARACTERS:
            raise Refusal(Fault.REQUEST_TOO_LARGE, TOO_LONG, param="input")
        found[at] = item
    return found


async def find_item(connection: AsyncConnection, caller: Caller, item_id: str) -> bytes | None:
    """Find an item of a response that the caller reaches, by its id."""
    reads_all = READING in caller.scopes
    place = (connection, caller.workspace_id, caller.owner)
    number = item_id.partition("_")[2][:20]
    response = await store.find(*place, f"resp_{number}", reads_all=reads_all)
    response = response or await store.holding(*place, item_id, reads_all=reads_all)
    if response is None:
        return None
    if len(response.body) > LARGE:
        return await asyncio.to_thread(_within, response.body, item_id)
    return _within(response.body, item_id)


def _within(body: str, item_id: str) -> bytes | None:
    for item in _array.decode(_output.decode(body).get("output", b"[]")):
        if shown.id_of(bytes(item)) == item_id:
            return bytes(item)
    return None


async def _after(connection: AsyncConnection, caller: Caller, response_id: str) -> Ground | None:
    response = await store.find(
        connection, caller.workspace_id, caller.owner, response_id, reads_all=READING in caller.scopes
    )
    conversation = None if response is None else await store.conversation_of(connection, response)
    if response is None or conversation is None:
        if await background.by_id(connection, caller.workspace_id, response_id) is not None:
            raise wrong("previous_response_id", "names a response that has not been answered")
        return None
    if not MESSAGE_ID.fullmatch(response.message_id):
        return None
    found = await on(connection, conversation, response.message_id)
    if found.place is not None and found.place.id is None:
        raise Refusal(Fault.RESPONSE_GONE, param="previous_response_id")
    return found._replace(is_named=response.is_named)


async def on(connection: AsyncConnection, conversation: Conversation, leaf: str | None) -> Ground:
    """Read the path that ends with this message. Raises Refusal where that is too long."""
    found: list[Message] = []
    size = 0
    at = leaf
    while at is not None:
        page = await conversations.back(connection, conversation, at, PAGE)
        found += page
        size += sum(max(len(message.body or ""), len(message.items or "")) for message in page)
        if size > CHARACTERS or len(found) > MOST:
            raise Refusal(Fault.REQUEST_TOO_LARGE, TOO_LONG, param="previous_response_id")
        at = page[-1].parent if page else None
    return Ground(conversation, found[0].place if found else root(conversation), found[::-1])


def stands(ground: Ground, caller: Caller, persona: Resolved, asked: Asked) -> tuple[Conversation, Place]:
    """Return the conversation in which the answer is kept, and the place. Raises Refusal."""
    found = ground.conversation
    if found is None:
        draft = beginning.draft(caller, persona.persona_id, Pin(persona.version))
        return draft, root(draft)
    assert ground.place is not None  # noqa: S101 - it goes with the conversation
    if not found.persona_id:
        # It was begun without a persona, and is with the one that answers first.
        found = msgspec.structs.replace(found, persona_id=persona.persona_id, version=persona.version)
    elif found.persona_id != persona.persona_id:
        param = "conversation" if asked.conversation is not None else "previous_response_id"
        raise Refusal(Fault.CONVERSATION_PERSONA, Fault.CONVERSATION_PERSONA.openai_sentence, param=param)
    return found, ground.place
