"""A path of a conversation is read page by page, from either end."""

from typing import Literal

from gateway.conversations import store, view
from gateway.conversations.conversation import Conversation
from gateway.conversations.view import MessageView
from gateway.errors import Fault, Refusal
from gateway.page import Page, page, require_cursor
from gateway.storage.connection import AsyncConnection

Order = Literal["asc", "desc"]
CURSORS: dict[Order, str] = {"asc": r"msg_[0-9A-Za-z]{1,36}\.[0-9]{1,6}", "desc": r"msg_[0-9A-Za-z]{1,36}"}
"""A place is named by a message above which it goes on, or by the leaf and how far down the path it is: the
newest leaf may be another one by then."""


async def walk(
    connection: AsyncConnection,
    found: Conversation,
    leaf: str | None,
    order: Order,
    after: str | None,
    limit: int,
) -> Page[MessageView]:
    """Read one page of a path. Raises Refusal for a leaf that is none of its messages."""
    require_cursor(after, CURSORS[order])
    depth = 0
    if after is not None:
        leaf, _, text = after.partition(".")
        depth = int(text or 0)
    elif leaf is None:
        leaf = found.leaf
        if leaf is None:
            return Page([], False, None)
    if await store.message(connection, found, leaf or "") is None:
        raise Refusal(Fault.MESSAGE_UNKNOWN, param="leaf")
    end = leaf or ""
    if order == "asc":
        told = await store.told(connection, found, end, limit=limit + 1, above=depth)
        return page(told, limit, view.show_message, lambda each: f"{end}.{each.depth}")
    # The message that the cursor names was shown on the page before.
    known = 0 if after is None else 1
    told = (await store.told(connection, found, end, limit=limit + 1 + known))[known:]
    return page(told, limit, view.show_message, lambda each: each.id)
