"""Responses that have been answered are kept, and found by their ids and by those of their items."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, delete, insert, select, update

from gateway import clock
from gateway.conversations.conversation import Conversation
from gateway.conversations.store.messages import steps
from gateway.openai_api.plain import MOST
from gateway.responses import shown
from gateway.storage import erasure, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.insertion import insertion
from gateway.storage.visibility import is_open

RESPONSE, ITEM = tables.responses.c, tables.response_items.c
CONVERSATION, MESSAGE = tables.conversations.c, tables.messages.c
BODY_ITEMS = MESSAGE["items"]
ITEM_ID = 128
"""Characters of an item's id; a longer one is not found again."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """Tells of a response that is kept."""

    seq: int = 0
    workspace_id: str
    id: str
    owner: str
    key_id: str
    conversation: int
    """The number of its conversation."""
    is_named: bool
    status: str
    body: str
    input: str
    created_at: int

    @property
    def message_id(self) -> str:
        """The message of its answer."""
        return "msg_" + self.id.partition("_")[2]


OF_RESPONSE = [RESPONSE[name] for name in Response.__struct_fields__]


def _seen(workspace_id: str, owner: str, *, reads_all: bool) -> Select[Any]:
    """Select responses that somebody reaches: his own, or all, but none of a private persona of others."""
    personas = tables.personas
    place = tables.responses.join(tables.conversations, CONVERSATION.seq == RESPONSE.conversation)
    place = place.outerjoin(personas, personas.c.id == CONVERSATION.persona_id)
    query = select(*OF_RESPONSE).select_from(place)
    query = query.where(RESPONSE.workspace_id == workspace_id, is_open(workspace_id, owner))
    return query if reads_all else query.where(RESPONSE.owner == owner)


async def find(
    connection: AsyncConnection, workspace_id: str, owner: str, response_id: str, *, reads_all: bool
) -> Response | None:
    """Find a response; `reads_all` tells that those of other owners are shown too."""
    query = _seen(workspace_id, owner, reads_all=reads_all).where(RESPONSE.id == response_id)
    row = (await connection.execute(query)).first()
    return msgspec.convert(fields(row), Response) if row else None


async def holding(
    connection: AsyncConnection, workspace_id: str, owner: str, item_id: str, *, reads_all: bool
) -> Response | None:
    """Find the response that has answered with an item of this id."""
    query = _seen(workspace_id, owner, reads_all=reads_all)
    named = select(ITEM.response).where(ITEM.workspace_id == workspace_id, ITEM.id == item_id)
    row = (await connection.execute(query.where(RESPONSE.seq.in_(named)))).first()
    return msgspec.convert(fields(row), Response) if row else None


async def conversation_of(connection: AsyncConnection, response: Response) -> Conversation | None:
    columns = [CONVERSATION[name] for name in Conversation.__struct_fields__]
    query = select(*columns).where(CONVERSATION.seq == response.conversation)
    row = (await connection.execute(query)).first()
    return msgspec.convert(fields(row), Conversation) if row else None


async def keep(connection: AsyncConnection, response: Response, item_ids: Iterable[str] = ()) -> None:
    """Write a response, in the transaction that writes its answer; the ids are those of its items."""
    values = msgspec.structs.asdict(response)
    del values["seq"]
    found = await connection.execute(insert(tables.responses).values(values).returning(RESPONSE.seq))
    await _keep_items(connection, response.workspace_id, int(found.scalar_one()), item_ids)


async def _keep_items(
    connection: AsyncConnection, workspace_id: str, number: int, item_ids: Iterable[str]
) -> None:
    wanted = {each for each in item_ids if each and len(each) <= ITEM_ID and "\0" not in each}
    if not wanted:
        return
    rows = [{"workspace_id": workspace_id, "id": each, "response": number} for each in sorted(wanted)]
    await connection.execute(_unless_known(connection.dialect.name), rows)


@lru_cache
def _unless_known(dialect: str) -> Any:
    """Insert items, those left out that an answer has brought before, perhaps a moment ago."""
    return insertion(tables.response_items, dialect).on_conflict_do_nothing(
        index_elements=["workspace_id", "id"]
    )


async def erase(connection: AsyncConnection, response: Response) -> None:
    """Delete a response, and what was said in it, unless somebody has named the conversation.

    What something else stands on stays until that is gone; a conversation without anything else goes.
    """
    await connection.execute(delete(tables.response_items).where(ITEM.response == response.seq))
    await connection.execute(delete(tables.responses).where(RESPONSE.seq == response.seq))
    if response.is_named:
        return
    others = select(RESPONSE.seq).where(RESPONSE.conversation == response.conversation)
    chats = select(MESSAGE.seq).where(MESSAGE.conversation == response.conversation, BODY_ITEMS.is_(None))
    for query in (others, chats):
        if (await connection.execute(query.limit(1))).first() is not None:
            await _unsay(connection, response)
            return
    await erasure.conversations(connection, CONVERSATION.seq == response.conversation)


async def _unsay(connection: AsyncConnection, response: Response) -> None:
    """Take the texts out of a response's messages, if nothing else that has texts stands on them."""
    conversation = await conversation_of(connection, response)
    if conversation is None:
        return
    path = steps(conversation, response.message_id, MOST)
    query = select(MESSAGE.id, MESSAGE.score).join(path, path.c.seq == MESSAGE.seq)
    own: list[str] = []
    for row in await connection.execute(query.order_by(MESSAGE.depth.desc())):
        if own and row.score is not None:
            break  # the answer before
        own.append(row.id)
    here = MESSAGE.conversation == response.conversation
    has_texts = BODY_ITEMS.is_(None) | (BODY_ITEMS != "[]")
    others = select(MESSAGE.seq).where(here, MESSAGE.parent.in_(own), MESSAGE.id.not_in(own), has_texts)
    if (await connection.execute(others.limit(1))).first() is None:
        await _rewrite(connection, here & MESSAGE.id.in_(own), "[]", None)


async def rewrite(
    connection: AsyncConnection, conversation: Conversation, message_id: str, items: str, body: str | None
) -> None:
    """Put other items into a message, such as fewer of them."""
    here = (MESSAGE.conversation == conversation.seq) & (MESSAGE.id == message_id)
    await _rewrite(connection, here, items, body)


async def _rewrite(
    connection: AsyncConnection, here: ColumnElement[bool], items: str, body: str | None
) -> None:
    said = select(MESSAGE.seq).where(here)
    words = tables.message_words
    await connection.execute(delete(words).where(words.c.rowid.in_(said)))
    await connection.execute(update(tables.messages).where(here).values(items=items, body=body))


async def take_out(
    connection: AsyncConnection, conversation: Conversation, message_ids: Iterable[str], item_id: str
) -> None:
    """Take an item out of the responses of these messages, which tell it too."""
    ids = ["resp_" + each.partition("_")[2] for each in message_ids]
    query = select(RESPONSE.seq, RESPONSE.body, RESPONSE.input)
    query = query.where(RESPONSE.conversation == conversation.seq, RESPONSE.id.in_(ids))
    for row in (await connection.execute(query)).all():
        body, given = await asyncio.to_thread(shown.told_without, row.body, row.input, item_id)
        here = RESPONSE.seq == row.seq
        await connection.execute(update(tables.responses).where(here).values(body=body, input=given))
    named = (ITEM.workspace_id == conversation.workspace_id) & (ITEM.id == item_id)
    await connection.execute(delete(tables.response_items).where(named))


def drafted(
    conversation: Conversation, response_id: str, status: str, body: str, given: Sequence[bytes], **more: Any
) -> Response:
    """Draft the row of a response in a conversation whose number may not be known yet."""
    return Response(
        workspace_id=conversation.workspace_id,
        id=response_id,
        conversation=conversation.seq,
        status=status,
        body=body,
        input=(b"[" + b",".join(given) + b"]").decode("utf-8", "replace"),
        created_at=clock.now_ms(),
        **more,
    )
