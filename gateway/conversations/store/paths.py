"""Paths are found by the hashes of what was said on them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import LargeBinary, Row, literal, select, union_all

from gateway.conversations.conversation import Conversation
from gateway.conversations.message import Message
from gateway.conversations.store.messages import MESSAGE, OF_MESSAGE, read_message, steps
from gateway.conversations.store.records import CONVERSATION
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields

NEWEST = (MESSAGE.conversation.desc(), MESSAGE.seq.desc())


class Found(NamedTuple):
    """Pairs a message with the conversation that it belongs to."""

    conversation: Conversation
    message: Message


async def deepest(
    connection: AsyncConnection, conversation: Conversation, hashes: Sequence[bytes]
) -> Message | None:
    """Find the message furthest down whose path has one of these hashes; of several alike the newest."""
    query = select(*OF_MESSAGE).where(MESSAGE.hash.in_(hashes), MESSAGE.conversation == conversation.seq)
    row = (
        await connection.execute(query.order_by(MESSAGE.depth.desc(), MESSAGE.seq.desc()).limit(1))
    ).first()
    return read_message(row) if row else None


async def last_known(connection: AsyncConnection, hashes: Sequence[bytes]) -> bytes | None:
    """Find the last of these hashes that any path has; there may be very many that have the first ones."""
    each = [
        select(literal(at).label("at"), literal(path, LargeBinary).label("hash"))
        for at, path in enumerate(hashes)
    ]
    asked = union_all(*each).subquery()
    is_known = select(MESSAGE.seq).where(MESSAGE.hash == asked.c.hash).exists()
    query = select(asked.c.hash).where(is_known).order_by(asked.c.at.desc()).limit(1)
    return (await connection.execute(query)).scalar()


async def newest_end(connection: AsyncConnection, path: bytes, among: int) -> Found | None:
    """Find the newest path of this hash that nobody has gone on with, among so many of the newest ones."""
    newest = select(*OF_MESSAGE, MESSAGE.conversation).where(MESSAGE.hash == path)
    ends = newest.order_by(*NEWEST).limit(among).subquery()
    below = tables.messages.alias().c
    goes_on = select(below.seq).where(below.conversation == ends.c.conversation, below.parent == ends.c.id)
    query = select(ends).where(~goes_on.exists()).order_by(ends.c.conversation.desc(), ends.c.id.desc())
    row = (await connection.execute(query.limit(1))).first()
    return await _found(connection, row) if row else None


async def goes_on(connection: AsyncConnection, conversation: Conversation, message_id: str | None) -> bool:
    """Tell whether anything stands below the message."""
    query = select(MESSAGE.seq).where(MESSAGE.conversation == conversation.seq, MESSAGE.parent == message_id)
    return (await connection.execute(query.limit(1))).first() is not None


async def tails(
    connection: AsyncConnection, tail: bytes, conversation: Conversation | None, limit: int
) -> list[Found]:
    """Find the newest answers that end, with what they answer, in the same way."""
    query = select(*OF_MESSAGE, MESSAGE.conversation).where(MESSAGE.tail == tail)
    if conversation is not None:
        query = query.where(MESSAGE.conversation == conversation.seq)
    rows = (await connection.execute(query.order_by(*NEWEST).limit(limit))).all()
    return [await _found(connection, row) for row in rows]


async def above(
    connection: AsyncConnection, conversation: Conversation, message: Message, distance: int
) -> Message | None:
    """Find the message that stands so far above another one; `None` where that is the root, or further."""
    if message.depth <= distance:
        return None
    path = steps(conversation, message.id, distance + 1)
    query = select(*OF_MESSAGE).join(path, path.c.seq == MESSAGE.seq).where(path.c.step == distance + 1)
    row = (await connection.execute(query)).first()
    return read_message(row) if row else None


async def _found(connection: AsyncConnection, row: Row[Any]) -> Found:
    query = select(*CONVERSATION).where(CONVERSATION.seq == row.conversation)
    conversation = (await connection.execute(query)).one()
    return Found(msgspec.convert(fields(conversation), Conversation), read_message(row))
