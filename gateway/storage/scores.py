"""What becomes known of a turn later is known of its message too, which may outlive the turn's row."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import bindparam, select, update

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection

CONVERSATION, MESSAGE = tables.conversations.c, tables.messages.c
_OWN = select(CONVERSATION.seq).where(
    CONVERSATION.workspace_id == bindparam("workspace"), CONVERSATION.id == bindparam("named")
)
_CHANGE = (
    update(tables.messages)
    .where(MESSAGE.conversation == _OWN.scalar_subquery(), MESSAGE.id == bindparam("answer"))
    .values(score=bindparam("new_score"))
)


class Known(NamedTuple):
    """The score of a turn in a conversation, as JSON with `drift` and `coherence`."""

    workspace_id: str
    conversation_id: str | None
    turn_id: str
    score: bytes


async def tell_messages(connection: AsyncConnection, known: Iterable[Known]) -> None:
    """Have the messages of turns say the same as their turns; most turns have none."""
    changes = [
        {
            "workspace": each.workspace_id,
            "named": each.conversation_id,
            "answer": each.turn_id,
            "new_score": each.score.decode(),
        }
        for each in known
        if each.conversation_id is not None
    ]
    if changes:
        await connection.execute(_CHANGE, changes)
