"""Conversations are kept in the database."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Row,
    Select,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)

from gateway.conversations.conversation import MOST_CONVERSATIONS, MOST_MESSAGES, Conversation, Pin
from gateway.conversations.message import Addition, Message, Score
from gateway.drift.axes import AXES
from gateway.errors import Fault, Refusal
from gateway.storage import answers as kept_answers
from gateway.storage import erasure, tables
from gateway.storage.audit import Actor, note
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.matching import SUBJECT, matching, statement
from gateway.storage.visibility import is_open
from gateway.storage.words import asked_for, workspace_of
from gateway.turns.turn import Drift

CONVERSATION, MESSAGE, TURN = tables.conversations.c, tables.messages.c, tables.turns.c
WORKSPACE = tables.workspaces.c
OF_MESSAGE = [MESSAGE[name] for name in Message.__struct_fields__]
SCORED = [
    column.label(f"turn_{column.name}")
    for column in (*[TURN[axis.column] for axis in AXES], TURN.verdict, TURN.reason, TURN.coherence)
]
SIZE = [MESSAGE.seq, func.coalesce(func.length(MESSAGE.body), 0).label("size")]
_GROW = (
    update(tables.conversations)
    .where(CONVERSATION.seq == bindparam("number"))
    .values(
        leaf=bindparam("new_leaf"),
        messages=CONVERSATION.messages + bindparam("more"),
        turns=CONVERSATION.turns + bindparam("answers"),
        updated_at=bindparam("now"),
    )
)
_INDEX = statement(
    tables.message_words,
    MESSAGE.seq,
    (MESSAGE.conversation == bindparam("number", type_=BigInteger)) & (MESSAGE.id == SUBJECT),
)
AT_ONCE = 2 << 20
"""Characters of messages that are read at once; the last one of them may be a large one."""
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
        query = query.where(CONVERSATION.seq.in_(select(MESSAGE.conversation).where(MESSAGE.seq.in_(found))))
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
    if (await connection.execute(select(persona).where(persona == draft.persona_id))).first() is None:
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


async def add(connection: AsyncConnection, additions: Sequence[Addition]) -> list[Fault | None]:
    """Add what turns have said, in one go, and say of each whether it could not be added.

    A conversation that was deleted meanwhile takes nothing, and is not made again.
    """
    placed = [await _placed(connection, addition) for addition in additions]
    numbers = {seq for seq in placed if isinstance(seq, int)}
    query = select(CONVERSATION.seq, CONVERSATION.messages).where(CONVERSATION.seq.in_(numbers))
    held: dict[int, int] = {row.seq: row.messages for row in await connection.execute(query)}
    faults: list[Fault | None] = []
    rows, changes, words = [], [], []
    for addition, seq in zip(additions, placed, strict=True):
        fault = seq if isinstance(seq, Fault) else _unfit(held, seq, addition)
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


def _unfit(held: dict[int, int], seq: int, addition: Addition) -> Fault | None:
    if seq not in held:
        return Fault.CONVERSATION_UNKNOWN
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
    }


async def message(connection: AsyncConnection, conversation: Conversation, message_id: str) -> Message | None:
    query = select(*OF_MESSAGE).where(MESSAGE.conversation == conversation.seq, MESSAGE.id == message_id)
    row = (await connection.execute(query)).first()
    return read_message(row) if row else None


async def back(
    connection: AsyncConnection, conversation: Conversation, leaf: str, limit: int
) -> list[Message]:
    """Walk a path from this message towards the root; the leaf comes first.

    There are at most so many messages, and no more of them once they have AT_ONCE characters.
    """
    path = steps(conversation, leaf, limit)
    size = func.coalesce(func.length(MESSAGE.body), 0)
    before = (func.sum(size).over(order_by=MESSAGE.depth.desc()) - size).label("before")
    sizes = select(MESSAGE.seq, before).join(path, path.c.seq == MESSAGE.seq).subquery()
    query = select(*OF_MESSAGE).join(sizes, sizes.c.seq == MESSAGE.seq).where(sizes.c.before < AT_ONCE)
    return [read_message(row) for row in await connection.execute(query.order_by(MESSAGE.depth.desc()))]


class Told(NamedTuple):
    """A part of a path that may be shown at once."""

    messages: list[Message]
    has_more: bool


async def told(
    connection: AsyncConnection,
    conversation: Conversation,
    leaf: str,
    *,
    limit: int,
    above: int | None = None,
) -> Told:
    """Walk a path with the scores that its turns have by now: down to the leaf behind the depth `above`, or,
    without it, up from the leaf, which then comes first. No message follows AT_ONCE characters."""
    path = steps(conversation, leaf, limit + 1 if above is None else MOST_MESSAGES)
    query = select(*SIZE).join(path, path.c.seq == MESSAGE.seq)
    order = MESSAGE.depth.desc()
    if above is not None:
        query, order = query.where(MESSAGE.depth > above), MESSAGE.depth.asc()
    sizes = list((await connection.execute(query.order_by(order).limit(limit + 1))).all())
    fitting = _fitting(sizes[:limit])
    rows = await connection.execute(_shown(conversation, fitting).order_by(order))
    return Told([_told(row) for row in rows], len(sizes) > len(fitting))


async def answers(
    connection: AsyncConnection, conversation: Conversation, leaf: str, limit: int
) -> list[tuple[str, Score]]:
    """List the scores of a path's last answers by their turns' ids, the oldest first, without their texts."""
    path = steps(conversation, leaf, MOST_MESSAGES)
    query = (
        select(MESSAGE.id, MESSAGE.score, *SCORED)
        .join(path, path.c.seq == MESSAGE.seq)
        .outerjoin(tables.turns, _is_turn(conversation))
    )
    query = query.where(MESSAGE.score.is_not(None)).order_by(MESSAGE.depth.desc()).limit(limit)
    found = [fields(row) for row in await connection.execute(query)]
    told = [(row["id"], _scored(row) or _score(row["score"])) for row in reversed(found)]
    return [(turn_id, score) for turn_id, score in told if score is not None]


async def page(
    connection: AsyncConnection, conversation: Conversation, *, after: int, limit: int
) -> list[tuple[int, Message]]:
    """List the messages of all paths in the order in which they were kept, with their numbers; none follows
    AT_ONCE characters."""
    query = select(*SIZE).where(MESSAGE.conversation == conversation.seq, MESSAGE.seq > after)
    sizes = (await connection.execute(query.order_by(MESSAGE.seq).limit(limit))).all()
    rows = await connection.execute(_shown(conversation, _fitting(sizes)).order_by(MESSAGE.seq))
    return [(row.seq, _told(row)) for row in rows]


def _fitting(sizes: Sequence[Row[Any]]) -> list[int]:
    """Return the numbers of the first messages that are read together, at least of one."""
    found, characters = [], 0
    for row in sizes:
        if characters >= AT_ONCE:
            break
        found.append(row.seq)
        characters += row.size
    return found


def _shown(conversation: Conversation, numbers: list[int]) -> Select[Any]:
    """Select messages by their numbers, with what their turns say of them."""
    query = select(MESSAGE.seq, *OF_MESSAGE, *SCORED).outerjoin(tables.turns, _is_turn(conversation))
    return query.where(MESSAGE.seq.in_(numbers))


def _is_turn(conversation: Conversation) -> ColumnElement[bool]:
    """Select the turn that a message is the answer of; an imported message may bear anybody's id."""
    own = (TURN.workspace_id == conversation.workspace_id) & (TURN.conversation_id == conversation.id)
    return (TURN.id == MESSAGE.id) & own


def _told(row: Row[Any]) -> Message:
    """Read a message whose score is that of its turn's row, once that is written."""
    told, score = read_message(row), _scored(fields(row))
    return told if score is None else msgspec.structs.replace(told, score=score)


def _scored(row: dict[str, Any]) -> Score | None:
    """Read the score of a turn's row; `None` where it is not written yet."""
    if row["turn_verdict"] is None:
        return None
    levels = {axis.name: row[f"turn_{axis.column}"] for axis in AXES}
    drift = Drift(verdict=row["turn_verdict"], reason=row["turn_reason"] or UNSET, **levels)
    return Score(drift, row["turn_coherence"])


def steps(conversation: Conversation, leaf: str, limit: int) -> CTE:
    """Find the numbers of a path's messages, from the leaf on, at most so many."""
    first = select(MESSAGE.seq, MESSAGE.parent, literal(1).label("step"))
    path = first.where(MESSAGE.conversation == conversation.seq, MESSAGE.id == leaf).cte(recursive=True)
    further = select(MESSAGE.seq, MESSAGE.parent, path.c.step + 1)
    further = further.join(path, (MESSAGE.conversation == conversation.seq) & (MESSAGE.id == path.c.parent))
    return path.union_all(further.where(path.c.step < limit))


def read_message(row: Row[Any]) -> Message:
    found = fields(row)
    return msgspec.convert({**found, "score": _score(found["score"])}, Message)


def _score(text: str | None) -> Score | None:
    return None if text is None else msgspec.json.decode(text, type=Score)


async def erase(connection: AsyncConnection, found: Conversation, actor: Actor) -> None:
    """Delete it with every message."""
    await erasure.conversations(connection, CONVERSATION.seq == found.seq)
    # Kept answers to repeated requests may hold what was said.
    await kept_answers.forget(connection, found.workspace_id)
    await note(connection, actor, "conversation.deleted", found.id)
