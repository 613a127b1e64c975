"""`/v1/openai/conversations/…/items` lists, adds, shows and removes items of a conversation."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from gateway.auth.access import AnyRequest, Settings, Store, caller_of, still_there
from gateway.conversations import store as conversations
from gateway.conversations.message import MOST_BYTES, Message
from gateway.conversations.reaching import reach
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import LARGE
from gateway.openai_api.messages import wrong
from gateway.responses import shown, store
from gateway.responses.conversation import MOST_ITEMS, OpenAIConversation, added_messages, show, write
from gateway.responses.conversing import ONE, SCOPE
from gateway.responses.ground import on
from gateway.responses.routes import After, Limit, Order, listed

ADDING = {
    "scope": SCOPE,
    "max_body": MOST_BYTES,
    "faults": (Fault.CONVERSATION_UNKNOWN, Fault.CONVERSATION_TEXTLESS, Fault.CONVERSATION_FULL),
}
ITEM = {"scope": SCOPE, "faults": (Fault.CONVERSATION_UNKNOWN, Fault.ITEM_UNKNOWN)}
ItemId = Annotated[str, Parameter(max_length=128)]
T = TypeVar("T")


class NewConversationItems(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Items that are added to a conversation."""

    items: list[dict[str, Any]]


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
        added = await asyncio.to_thread(added_messages, found, leaf, data.items, keeps_texts=keeps_texts)
        if not added:
            raise wrong("items", "is empty; send at least one")
        await write(connection, found, added)
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
    """The items behind it stay."""
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
    return show(found)


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


HANDLERS: list[HTTPRouteHandler] = [
    list_conversation_items,
    add_conversation_items,
    read_conversation_item,
    remove_conversation_item,
]
