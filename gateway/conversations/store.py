"""Conversations are kept in the database."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from gateway import clock
from gateway.conversations.conversation import Conversation, Pin
from gateway.storage import answers, tables
from gateway.storage.audit import Actor, note
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.visibility import is_open

CONVERSATION, MESSAGE = tables.conversations.c, tables.messages.c
WITH_PERSONAS = tables.conversations.outerjoin(
    tables.personas, tables.personas.c.id == CONVERSATION.persona_id
)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Says which conversations are wanted; `after` is a place in their order."""

    persona_id: str | None = None
    after: int | None = None
    limit: int = 50


async def find(
    connection: AsyncConnection, workspace_id: str, owner: str, conversation_id: str
) -> Conversation | None:
    """Find it, unless its persona is private to another owner."""
    query = select(*CONVERSATION).select_from(WITH_PERSONAS).where(is_open(workspace_id, owner))
    query = query.where(CONVERSATION.workspace_id == workspace_id, CONVERSATION.id == conversation_id)
    row = (await connection.execute(query)).first()
    return msgspec.convert(fields(row), Conversation) if row else None


async def conversations(
    connection: AsyncConnection, workspace_id: str, owner: str, wanted: Filter
) -> Sequence[Conversation]:
    """List those whose personas are not private to another owner; the newest comes first."""
    query = select(*CONVERSATION).select_from(WITH_PERSONAS).where(is_open(workspace_id, owner))
    query = query.where(CONVERSATION.workspace_id == workspace_id)
    if wanted.persona_id is not None:
        query = query.where(CONVERSATION.persona_id == wanted.persona_id)
    if wanted.after is not None:
        query = query.where(CONVERSATION.seq < wanted.after)
    rows = await connection.execute(query.order_by(CONVERSATION.seq.desc()).limit(wanted.limit))
    return [msgspec.convert(fields(row), Conversation) for row in rows]


async def is_taken(connection: AsyncConnection, workspace_id: str, conversation_id: str) -> bool:
    """Tell whether the workspace has a conversation of this id, whoever may see it."""
    query = select(CONVERSATION.seq)
    query = query.where(CONVERSATION.workspace_id == workspace_id, CONVERSATION.id == conversation_id)
    return (await connection.execute(query)).first() is not None


async def create(connection: AsyncConnection, draft: Conversation) -> Conversation:
    """Store a new conversation, and give it as it is stored: with its number."""
    values = msgspec.structs.asdict(draft)
    del values["seq"]
    done = await connection.execute(insert(tables.conversations).values(values))
    return msgspec.structs.replace(draft, seq=done.lastrowid)


async def change(
    connection: AsyncConnection,
    found: Conversation,
    *,
    title: str | None = None,
    metadata: dict[str, str] | None = None,
    pin: Pin | None = None,
) -> Conversation:
    """Change what is given, and return the conversation as it is now."""
    values: dict[str, Any] = {"updated_at": clock.now_ms()}
    if title is not None:
        values["title"] = title
    if metadata is not None:
        values["metadata"] = metadata
    if pin is not None:
        values |= {"version": pin.version, "follow": pin.follow}
    await connection.execute(update(tables.conversations).where(CONVERSATION.seq == found.seq).values(values))
    return msgspec.structs.replace(found, **values)


async def erase(connection: AsyncConnection, found: Conversation, actor: Actor) -> None:
    """Delete it with every message."""
    await connection.execute(delete(tables.messages).where(MESSAGE.conversation == found.seq))
    await connection.execute(delete(tables.conversations).where(CONVERSATION.seq == found.seq))
    # Kept answers to repeated requests may hold what was said.
    await answers.forget(connection, found.workspace_id)
    await note(connection, actor, "conversation.deleted", found.id)
