"""`/v1/openai/conversations` makes, shows and changes conversations in OpenAI's form, and their items."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from gateway.auth.access import AnyRequest, Settings, Store, actor_of, caller_of, still_there
from gateway.auth.guard import Caller
from gateway.conversations import beginning
from gateway.conversations import store as conversations
from gateway.conversations.conversation import Conversation, Pin
from gateway.conversations.lineage import hear
from gateway.conversations.message import MOST_BYTES, Addition, Message, below, root, said_words
from gateway.conversations.reaching import reach
from gateway.conversations.view import Metadata
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.messages import wrong
from gateway.personas.name import PREFIX
from gateway.personas.registry import Registry
from gateway.responses import items as spoken_items
from gateway.responses import shown, store
from gateway.responses.ground import on
from gateway.responses.routes import After, Limit, Order, listed
from gateway.storage.connection import AsyncConnection

SCOPE = "chat:invoke"
MAKING = {
    "scope": SCOPE,
    "max_body": MOST_BYTES,
    "faults": (Fault.PERSONA_UNKNOWN, Fault.CONVERSATION_TOO_MANY),
}
ONE = {"scope": SCOPE, "faults": (Fault.CONVERSATION_UNKNOWN,)}
ADDING = {
    "scope": SCOPE,
    "max_body": MOST_BYTES,
    "faults": (Fault.CONVERSATION_UNKNOWN, Fault.CONVERSATION_TEXTLESS, Fault.CONVERSATION_FULL),
}
ITEM = {"scope": SCOPE, "faults": (Fault.CONVERSATION_UNKNOWN, Fault.ITEM_UNKNOWN)}
MOST_ITEMS = 20
T = TypeVar("T")


class NewOpenAIConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A conversation as OpenAI takes it; `persona` names whom it is with, else who answers first is."""

    items: list[dict[str, Any]] | None = None
    metadata: Metadata | None = None
    persona: str | None = None


class OpenAIConversationChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """This changes of a conversation."""

    metadata: Metadata


class NewConversationItems(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Items that are added to a conversation."""

    items: list[dict[str, Any]]


class OpenAIConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation in OpenAI's form."""

    id: str
    object: str = "conversation"
    created_at: int
    metadata: dict[str, str]


def handlers(registry: Registry) -> list[HTTPRouteHandler]:
    """Make the routes."""
    return [*_whole(registry), *_items()]


def _whole(registry: Registry) -> list[HTTPRouteHandler]:
    @post("/conversations", opt=MAKING, status_code=200, summary="Begin a conversation in OpenAI's form")
    async def create_openai_conversation(
        request: AnyRequest, database: Store, config: Settings, data: NewOpenAIConversation
    ) -> OpenAIConversation:
        """Without `persona` it is with whoever answers in it first."""
        caller, persona_id, pin = caller_of(request), "", Pin()
        if data.persona is not None:
            persona = await registry.resolve(caller, PREFIX + data.persona.removeprefix(PREFIX))
            persona_id, pin = persona.persona_id, Pin(persona.version)
        draft = beginning.draft(caller, persona_id, pin, metadata=data.metadata or {})
        add = partial(_added, draft, None, data.items or [], keeps_texts=config.recording.texts != "none")
        added = await asyncio.to_thread(add)
        async with database.write(still_there(request.scope)) as connection:
            made = await conversations.create(connection, draft)
            if added:
                await _write(connection, made, added)
        return _show(made)

    @get("/conversations/{conversation:str}", opt=ONE, summary="Read a conversation in OpenAI's form")
    async def read_openai_conversation(
        request: AnyRequest, database: Store, conversation: str
    ) -> OpenAIConversation:
        async with database.read() as connection:
            return _show(await reach(connection, caller_of(request), conversation))

    @post(
        "/conversations/{conversation:str}",
        opt=ONE,
        status_code=200,
        summary="Change a conversation's metadata",
    )
    async def change_openai_conversation(
        request: AnyRequest, database: Store, conversation: str, data: OpenAIConversationChange
    ) -> OpenAIConversation:
        async with database.write(still_there(request.scope)) as connection:
            found = await reach(connection, caller_of(request), conversation)
            return _show(await conversations.change(connection, found, metadata=data.metadata))

    @delete(
        "/conversations/{conversation:str}",
        opt=ONE,
        status_code=200,
        summary="Delete a conversation in OpenAI's form",
    )
    async def remove_openai_conversation(
        request: AnyRequest, database: Store, conversation: str
    ) -> dict[str, Any]:
        """What was said in it is erased, and so are its responses."""
        async with database.write(still_there(request.scope)) as connection:
            found = await reach(connection, caller_of(request), conversation)
            await conversations.erase(connection, found, actor_of(request))
        await database.scrub()
        return {"id": found.id, "object": "conversation.deleted", "deleted": True}

    return [
        create_openai_conversation,
        read_openai_conversation,
        change_openai_conversation,
        remove_openai_conversation,
    ]


def _items() -> list[HTTPRouteHandler]:
    @get("/conversations/{conversation:str}/items", opt=ONE, summary="List the items of a conversation")
    async def list_conversation_items(
        request: AnyRequest,
        database: Store,
        conversation: str,
        order: Order = "desc",
        limit: Limit = 20,
        after: After = None,
    ) -> dict[str, Any]:
        """The path to the newest message is listed; a conversation may have others, which the native API
        shows."""
        async with database.read() as connection:
            found = await reach(connection, caller_of(request), conversation)
            messages = (await on(connection, found, found.leaf)).messages
        items = await _aside(messages, lambda: [item for each in messages for item in shown.items_of(each)])
        return listed(items, order, limit, after)

    @post(
        "/conversations/{conversation:str}/items",
        opt=ADDING,
        status_code=200,
        summary="Add items to a conversation",
    )
    async def add_conversation_items(
        request: AnyRequest, database: Store, config: Settings, conversation: str, data: NewConversationItems
    ) -> dict[str, Any]:
        """They go behind the newest message."""
        caller, keeps_texts = caller_of(request), config.recording.texts != "none"
        async with database.write(still_there(request.scope)) as connection:
            found = await reach(connection, caller, conversation)
            leaf = await conversations.message(connection, found, found.leaf) if found.leaf else None
            added = await asyncio.to_thread(_added, found, leaf, data.items, keeps_texts=keeps_texts)
            if not added:
                raise wrong("items", "is empty; send at least one")
            await _write(connection, found, added)
        return listed([item for each in added for item in shown.items_of(each)], "asc", MOST_ITEMS, None)

    @get("/conversations/{conversation:str}/items/{item:str}", opt=ITEM, summary="Read an item")
    async def read_conversation_item(
        request: AnyRequest, database: Store, conversation: str, item: ItemId
    ) -> dict[str, Any]:
        async with database.read() as connection:
            found = await reach(connection, caller_of(request), conversation)
            path = (await on(connection, found, found.leaf)).messages
        _, written = await _aside(path, lambda: _find(path, item))
        return dict(msgspec.json.decode(written))

    @delete(
        "/conversations/{conversation:str}/items/{item:str}",
        opt=ITEM,
        status_code=200,
        summary="Take an item out of a conversation",
    )
    async def remove_conversation_item(
        request: AnyRequest, database: Store, conversation: str, item: ItemId
    ) -> OpenAIConversation:
        """What comes behind it stays."""
        async with database.write(still_there(request.scope)) as connection:
            found = await reach(connection, caller_of(request), conversation)
            path = (await on(connection, found, found.leaf)).messages
            message, _ = await _aside(path, lambda: _find(path, item))
            items, body = await _aside([message], lambda: shown.without(message, item))
            await store.rewrite(connection, found, message.id, items, body)
            at = path.index(message)
            end = next((each for each in range(at, len(path)) if path[each].score is not None), at)
            await store.take_out(connection, found, [each.id for each in path[at : end + 1]], item)
        await database.scrub()
        return _show(found)

    return [
        list_conversation_items,
        add_conversation_items,
        read_conversation_item,
        remove_conversation_item,
    ]


ItemId = Annotated[str, Parameter(max_length=128)]


async def _aside(messages: Sequence[Message], call: Callable[[], T]) -> T:
    """Return what the call makes of these messages; large ones are read in a thread."""
    size = sum(len(each.body or "") + len(each.items or "") for each in messages)
    return await asyncio.to_thread(call) if size > LARGE else call()


def _find(path: list[Message], item_id: str) -> tuple[Message, bytes]:
    """Find an item on a path. Raises Refusal."""
    for message in path:
        for item in shown.items_of(message):
            if shown.id_of(item) == item_id:
                return message, item
    raise Refusal(Fault.ITEM_UNKNOWN)


def _added(
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
    heard = spoken_items.hear(fields, "items")
    if heard.foreign:
        raise wrong("items", "names an object of an upstream; send what it stands for", heard.foreign[0])
    place, spoken = leaf.place if leaf is not None else root(conversation), heard.spoken
    system = next((said for said in spoken if said.is_system), None)
    if system is not None:
        problem = "holds a system message, which no conversation keeps; send it as `instructions`"
        raise wrong("items", problem, system.origin)
    raws = [msgspec.Raw(msgspec.json.encode(said.message)) for said in spoken]
    made = below(place, hear(raws, conversation.origin, place.hash), None)
    found = []
    for message, said in zip(made, spoken, strict=True):
        items = b"[" + b",".join(shown.whole(item) for item in said.items) + b"]"
        found.append(msgspec.structs.replace(message, items=items.decode()))
    return found


async def _write(connection: AsyncConnection, found: Conversation, messages: list[Message]) -> None:
    """Raises Refusal."""
    addition = Addition(found, tuple(messages), said_words(messages), 0)
    (fault,) = await conversations.add(connection, [addition])
    if fault is not None:
        raise Refusal(fault)


def _show(found: Conversation) -> OpenAIConversation:
    return OpenAIConversation(id=found.id, created_at=found.created_at // 1000, metadata=found.metadata)


__all__ = ["Caller", "handlers"]
