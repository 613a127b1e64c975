"""Turns and imports add what they say to conversations."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, case, insert, select, update

from gateway.conversations.conversation import MOST_MESSAGES, Conversation
from gateway.conversations.message import Addition, Message
from gateway.conversations.store.records import create
from gateway.errors import Fault, Refusal
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.matching import SUBJECT, statement
from gateway.storage.words import workspace_of

CONVERSATION, MESSAGE = tables.conversations.c, tables.messages.c
IS_WITH_NOBODY = CONVERSATION.persona_id == ""
"""Whoever answers first in such a conversation is the one whom it is with."""
_GROW = (
    update(tables.conversations)
    .where(CONVERSATION.seq == bindparam("number"))
    .values(
        leaf=bindparam("new_leaf"),
        messages=CONVERSATION.messages + bindparam("more"),
        turns=CONVERSATION.turns + bindparam("answers"),
        updated_at=bindparam("now"),
        persona_id=case((IS_WITH_NOBODY, bindparam("persona")), else_=CONVERSATION.persona_id),
        version=case((IS_WITH_NOBODY, bindparam("its_version")), else_=CONVERSATION.version),
    )
)
_INDEX = statement(
    tables.message_words,
    MESSAGE.seq,
    (MESSAGE.conversation == bindparam("number", type_=BigInteger)) & (MESSAGE.id == SUBJECT),
)


async def add(connection: AsyncConnection, additions: Sequence[Addition]) -> list[Fault | None]:
    """Add what turns have said, in one go, and say of each whether it could not be added.

    A conversation that was deleted meanwhile takes nothing, and is not made again.
    """
    placed = [await _placed(connection, addition) for addition in additions]
    numbers = {seq for seq in placed if isinstance(seq, int)}
    query = select(CONVERSATION.seq, CONVERSATION.messages, CONVERSATION.persona_id)
    found = list(await connection.execute(query.where(CONVERSATION.seq.in_(numbers))))
    held: dict[int, int] = {row.seq: row.messages for row in found}
    whose: dict[int, str] = {row.seq: row.persona_id for row in found}
    faults: list[Fault | None] = []
    rows, changes, words = [], [], []
    for addition, seq in zip(additions, placed, strict=True):
        fault = seq if isinstance(seq, Fault) else _unfit(held, whose, seq, addition)
        faults.append(fault)
        if fault is None and isinstance(seq, int):
            rows += [_row(seq, message) for message in addition.messages]
            changes.append(_change(seq, addition))
            words += _words(seq, addition)
    if rows:
        await connection.execute(insert(tables.messages), rows)
        await connection.execute(_GROW, changes)
    if words:
        await connection.execute(_INDEX, words)
    for addition, seq, fault in zip(additions, placed, faults, strict=True):
        if addition.beside is not None and fault is None and isinstance(seq, int):
            await addition.beside(connection, seq)
    return faults


async def take_in(
    connection: AsyncConnection, draft: Conversation, messages: Sequence[Message], words: tuple[str, ...] = ()
) -> Conversation:
    """Store a new conversation with all that was said in it, and give it as it is then."""
    made = await create(connection, draft)
    answers = sum(message.score is not None for message in messages)
    await add(connection, [Addition(made, tuple(messages), words, answers)])
    last, count = messages[-1], len(messages)
    # What was said long ago is kept from now on, and not from then.
    await connection.execute(
        update(tables.conversations).where(CONVERSATION.seq == made.seq).values(updated_at=made.updated_at)
    )
    return msgspec.structs.replace(made, leaf=last.id, messages=count, turns=answers)


async def _placed(connection: AsyncConnection, addition: Addition) -> int | Fault:
    """Return the number of the conversation, which is made where it is new."""
    draft = addition.conversation
    if draft.seq:
        return draft.seq
    query = select(CONVERSATION.seq, CONVERSATION.persona_id, CONVERSATION.owner)
    query = query.where(CONVERSATION.workspace_id == draft.workspace_id, CONVERSATION.id == draft.id)
    row = (await connection.execute(query)).first()
    if row is None:
        try:
            return (await create(connection, draft)).seq
        except Refusal as refusal:
            return refusal.fault
    # Somebody was quicker with the same id: that is another branch, if it is the same people who talk.
    same = (row.persona_id, row.owner) == (draft.persona_id, draft.owner)
    return int(row.seq) if same else Fault.CONVERSATION_TAKEN


def _unfit(held: dict[int, int], whose: dict[int, str], seq: int, addition: Addition) -> Fault | None:
    if seq not in held:
        return Fault.CONVERSATION_UNKNOWN
    if whose[seq] not in ("", addition.conversation.persona_id):
        return Fault.CONVERSATION_PERSONA
    whose[seq] = addition.conversation.persona_id
    held[seq] += len(addition.messages)
    return Fault.CONVERSATION_FULL if held[seq] > MOST_MESSAGES else None


def _row(seq: int, message: Message) -> dict[str, Any]:
    score = None if message.score is None else msgspec.json.encode(message.score).decode()
    return {**msgspec.structs.asdict(message), "score": score, "conversation": seq}


def _words(seq: int, addition: Addition) -> list[dict[str, Any]]:
    workspace = workspace_of(addition.conversation.workspace_id)
    found = zip(addition.messages, addition.words, strict=False)
    return [
        {"number": seq, "subject": message.id, "tokens": f"{workspace} {words}"}
        for message, words in found
        if words
    ]


def _change(seq: int, addition: Addition) -> dict[str, Any]:
    last = addition.messages[-1]
    return {
        "number": seq,
        "new_leaf": last.id,
        "more": len(addition.messages),
        "answers": addition.answers,
        "now": last.created_at,
        "persona": addition.conversation.persona_id,
        "its_version": addition.conversation.version,
    }
