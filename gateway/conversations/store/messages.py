"""Messages are read: one, a path of them, or all in the order in which they were kept."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET
from sqlalchemy import CTE, ColumnElement, Row, Select, func, literal, select

from gateway.conversations.conversation import MOST_MESSAGES, Conversation
from gateway.conversations.message import Message, Score
from gateway.drift.axes import AXES
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.turns.turn import Drift

MESSAGE, TURN = tables.messages.c, tables.turns.c
OF_MESSAGE = [MESSAGE[name] for name in Message.__struct_fields__]
SCORED = [
    column.label(f"turn_{column.name}")
    for column in (*[TURN[axis.column] for axis in AXES], TURN.verdict, TURN.reason, TURN.coherence)
]
SIZE = [MESSAGE.seq, func.coalesce(func.length(MESSAGE.body), 0).label("size")]
AT_ONCE = 2 << 20
"""Characters of messages that are read at once; the last one of them may be a large one."""


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
    size = func.coalesce(func.length(MESSAGE.body), 0) + func.coalesce(func.length(MESSAGE["items"]), 0)
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
