"""A path of a conversation is read page by page, from either end."""

from collections.abc import Callable
from typing import Literal

from gateway.conversations import store, view
from gateway.conversations.conversation import Conversation
from gateway.conversations.message import Message
from gateway.conversations.store import Told
from gateway.conversations.view import MessageView
from gateway.errors import Fault, Refusal
from gateway.page import Page, require_cursor
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
    named = await store.message(connection, found, leaf or "")
    if named is None:
        raise Refusal(Fault.MESSAGE_UNKNOWN, param="leaf")
    end = named.id
    if order == "asc":
        told = await store.told(connection, found, end, limit=limit, above=depth)
        return _page(told, lambda last: f"{end}.{last.depth}")
    if after is not None:
        # The message that the cursor names was shown on the page before; the next one is above it.
        if named.parent is None:
            return Page([], False, None)
        end = named.parent
    return _page(await store.told(connection, found, end, limit=limit), lambda last: last.id)


def _page(told: Told, at: Callable[[Message], str]) -> Page[MessageView]:
    following = at(told.messages[-1]) if told.has_more else None
    return Page([view.show_message(each) for each in told.messages], told.has_more, following)
