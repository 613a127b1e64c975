"""Responses are kept in the database, beside the messages of their conversations."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, delete, func, insert, select, update

from gateway import clock
from gateway.conversations.conversation import Conversation
from gateway.storage import erasure, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.visibility import is_open

RESPONSE, ITEM = tables.responses.c, tables.response_items.c
CONVERSATION, MESSAGE = tables.conversations.c, tables.messages.c
ITEM_ID = 128
"""Characters of an item's id; a longer one is not found again."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A response that is kept."""

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
    known = select(ITEM.id).where(ITEM.workspace_id == workspace_id, ITEM.id.in_(wanted))
    wanted -= {row.id for row in await connection.execute(known)}
    rows = [{"workspace_id": workspace_id, "id": each, "response": number} for each in sorted(wanted)]
    if rows:
        await connection.execute(insert(tables.response_items), rows)


async def erase(connection: AsyncConnection, response: Response) -> None:
    """Delete a response, and its conversation with it, if nobody has named that and nothing else is in it."""
    await connection.execute(delete(tables.response_items).where(ITEM.response == response.seq))
    await connection.execute(delete(tables.responses).where(RESPONSE.seq == response.seq))
    others = select(func.count()).where(RESPONSE.conversation == response.conversation)
    if response.is_named or (await connection.execute(others)).scalar():
        return
    await erasure.conversations(connection, CONVERSATION.seq == response.conversation)


async def rewrite(
    connection: AsyncConnection, conversation: Conversation, message_id: str, items: str, body: str | None
) -> None:
    """Put other items into a message, such as fewer of them."""
    here = (MESSAGE.conversation == conversation.seq) & (MESSAGE.id == message_id)
    said = select(MESSAGE.seq).where(here)
    words = tables.message_words
    await connection.execute(delete(words).where(words.c.rowid.in_(said)))
    await connection.execute(update(tables.messages).where(here).values(items=items, body=body))


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
