"""Conversations themselves are kept in the database: who may find them, and what is changed of them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, insert, literal, select, update

from gateway.conversations.conversation import MOST_CONVERSATIONS, Conversation, Pin
from gateway.errors import Fault, Refusal
from gateway.storage import answers as kept_answers
from gateway.storage import erasure, tables
from gateway.storage.audit import Actor, note
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.matching import among, matching
from gateway.storage.visibility import is_open
from gateway.storage.words import asked_for

CONVERSATION, MESSAGE, WORKSPACE = tables.conversations.c, tables.messages.c, tables.workspaces.c
WITH_PERSONAS = tables.conversations.outerjoin(
    tables.personas, tables.personas.c.id == CONVERSATION.persona_id
)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Says which conversations are wanted; `after` is a place in their order."""

    persona_id: str | None = None
    words: str = ""
    """All of these are in one of its messages, or begin words there."""
    after: int | None = None
    limit: int = 50


async def find(
    connection: AsyncConnection, workspace_id: str, owner: str | None, conversation_id: str
) -> Conversation | None:
    """Find it, unless its persona is private to another owner; `None` may see all of the workspace."""
    query = select(*CONVERSATION).select_from(WITH_PERSONAS)
    if owner is not None:
        query = query.where(is_open(workspace_id, owner))
    query = query.where(CONVERSATION.workspace_id == workspace_id, CONVERSATION.id == conversation_id)
    row = (await connection.execute(query)).first()
    return msgspec.convert(fields(row), Conversation) if row else None


async def conversations(
    connection: AsyncConnection, workspace_id: str, owner: str | None, wanted: Filter
) -> Sequence[Conversation]:
    """List those that `find` would find; the newest comes first."""
    query = select(*CONVERSATION).select_from(WITH_PERSONAS)
    if owner is not None:
        query = query.where(is_open(workspace_id, owner))
    query = query.where(CONVERSATION.workspace_id == workspace_id)
    if wanted.persona_id is not None:
        query = query.where(CONVERSATION.persona_id == wanted.persona_id)
    if wanted.words.strip():
        sought = asked_for(wanted.words)
        if sought is None:
            return []
        found = matching(tables.message_words, workspace_id, sought)
        said = select(MESSAGE.conversation).where(await among(connection, MESSAGE.seq, found))
        query = query.where(CONVERSATION.seq.in_(said))
    if wanted.after is not None:
        query = query.where(CONVERSATION.seq < literal(wanted.after, BigInteger))
    rows = await connection.execute(query.order_by(CONVERSATION.seq.desc()).limit(wanted.limit))
    return [msgspec.convert(fields(row), Conversation) for row in rows]


async def is_taken(connection: AsyncConnection, workspace_id: str, conversation_id: str) -> bool:
    """Tell whether the workspace has a conversation of this id, whoever may see it."""
    query = select(CONVERSATION.seq)
    query = query.where(CONVERSATION.workspace_id == workspace_id, CONVERSATION.id == conversation_id)
    return (await connection.execute(query)).first() is not None


async def require_room(connection: AsyncConnection, workspace_id: str) -> None:
    """Raises Refusal where the workspace has too many conversations already."""
    query = select(WORKSPACE.conversations).where(WORKSPACE.id == workspace_id)
    if ((await connection.execute(query)).scalar() or 0) >= MOST_CONVERSATIONS:
        raise Refusal(Fault.CONVERSATION_TOO_MANY)


async def create(connection: AsyncConnection, draft: Conversation) -> Conversation:
    """Store a new conversation, and give it as it is stored: with its number.

    Raises Refusal where its persona has been purged, since nobody would know any more whom to hide it from,
    and where the workspace has too many.
    """
    persona = tables.personas.c.id
    known = select(persona).where(persona == draft.persona_id)
    if draft.persona_id and (await connection.execute(known)).first() is None:
        raise Refusal(Fault.PERSONA_UNKNOWN)
    more = update(tables.workspaces).where(WORKSPACE.id == draft.workspace_id)
    more = more.where(WORKSPACE.conversations < MOST_CONVERSATIONS)
    if not (await connection.execute(more.values(conversations=WORKSPACE.conversations + 1))).rowcount:
        raise Refusal(Fault.CONVERSATION_TOO_MANY)
    values = msgspec.structs.asdict(draft)
    del values["seq"]
    made = insert(tables.conversations).values(values).returning(CONVERSATION.seq)
    return msgspec.structs.replace(draft, seq=(await connection.execute(made)).scalar_one())


async def change(
    connection: AsyncConnection,
    found: Conversation,
    *,
    title: str | None = None,
    metadata: dict[str, str] | None = None,
    pin: Pin | None = None,
) -> Conversation:
    """Change what is given, and return the conversation as it is now."""
    # When something was said last is left alone: what is kept for some days is counted from then.
    values: dict[str, Any] = {}
    if title is not None:
        values["title"] = title
    if metadata is not None:
        values["metadata"] = metadata
    if pin is not None:
        values |= {"version": pin.version, "follow": pin.follow}
    if values:
        query = update(tables.conversations).where(CONVERSATION.seq == found.seq)
        await connection.execute(query.values(values))
    return msgspec.structs.replace(found, **values)


async def erase(connection: AsyncConnection, found: Conversation, actor: Actor) -> None:
    """Delete it with every message."""
    await erasure.conversations(connection, CONVERSATION.seq == found.seq)
    # Kept answers to repeated requests may hold what was said.
    await kept_answers.forget(connection, found.workspace_id)
    await note(connection, actor, "conversation.deleted", found.id)
