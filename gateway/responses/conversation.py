"""A conversation in OpenAI's form is shown, and its items become messages."""

from typing import Any

import msgspec

from gateway.conversations import store as conversations
from gateway.conversations.conversation import Conversation
from gateway.conversations.lineage import hear
from gateway.conversations.message import Addition, Message, below, root, said_words
from gateway.errors import Fault, Refusal
from gateway.openai_api.messages import closely, wrong
from gateway.responses import items as spoken_items
from gateway.responses import messages, shown
from gateway.responses.messages import Spoken
from gateway.responses.places import renamed
from gateway.storage.connection import AsyncConnection

MOST_ITEMS = 20


class OpenAIConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in OpenAI's form."""

    id: str
    object: str = "conversation"
    created_at: int
    metadata: dict[str, str]


def added_messages(
    conversation: Conversation, leaf: Message | None, given: list[dict[str, Any]], *, keeps_texts: bool
) -> list[Message]:
    """Make messages of new items, behind the leaf. Raises Refusal."""
    if not given:
        return []
    if not keeps_texts:
        raise Refusal(Fault.CONVERSATION_TEXTLESS)
    if len(given) > MOST_ITEMS:
        raise wrong("items", f"has more than {MOST_ITEMS} items")
    fields = spoken_items.decode(msgspec.Raw(msgspec.json.encode(given)), "items")
    heard = messages.hear(fields, "items")
    if heard.foreign:
        raise wrong("items", "names an object of an upstream; send what it stands for", heard.foreign[0])
    _check(heard.spoken)
    place, spoken = leaf.place if leaf is not None else root(conversation), heard.spoken
    raws = [msgspec.Raw(msgspec.json.encode(said.message)) for said in spoken]
    made = below(place, hear(raws, conversation.origin, place.hash), None)
    found = []
    for message, said in zip(made, spoken, strict=True):
        items = b"[" + b",".join(shown.whole(item) for item in said.items) + b"]"
        found.append(msgspec.structs.replace(message, items=items.decode()))
    return found


def _check(spoken: list[Spoken]) -> None:
    """Check the messages as those of any request are. Raises Refusal."""
    system = next((said for said in spoken if said.is_system), None)
    if system is not None:
        problem = "holds a system message, which no conversation keeps; send it as `instructions`"
        raise wrong("items", problem, system.origin)
    try:
        closely(msgspec.Raw(msgspec.json.encode([said.message for said in spoken])))
    except Refusal as refusal:
        raise renamed(refusal, [said.origin for said in spoken], "items") from None


async def write(connection: AsyncConnection, found: Conversation, messages: list[Message]) -> None:
    """Raises Refusal."""
    addition = Addition(found, tuple(messages), said_words(messages), 0)
    (fault,) = await conversations.add(connection, [addition])
    if fault is not None:
        raise Refusal(fault)


def show(found: Conversation) -> OpenAIConversation:
    return OpenAIConversation(id=found.id, created_at=found.created_at // 1000, metadata=found.metadata)
