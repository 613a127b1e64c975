"""Responses of the background are kept here until they are answered, and so is what their streams tell."""

from typing import Any

import msgspec
from sqlalchemy import Select, func, insert, select, update

from gateway import clock
from gateway.storage import erasure, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.visibility import is_open
from gateway.work.store import rows

BACKGROUND, EVENT = tables.background_responses.c, tables.response_events.c
OPEN = ("queued", "in_progress")
KIND = "response"
"""The kind of work that answers one."""


class Background(msgspec.Struct, frozen=True, kw_only=True):
    """Tells of a response that is answered in the background."""

    seq: int = 0
    workspace_id: str
    id: str
    owner: str
    key_id: str
    persona_id: str
    conversation: int | None = None
    """The number of the conversation that it goes on from; `None` where it begins one."""
    request_id: str
    status: str
    """`queued`, `in_progress`, `completed`, `incomplete`, `failed` or `cancelled`."""
    request: str | None
    """The request as it was asked; `None` once it has ended."""
    body: str | None
    """The response as it stands; `None` once it is kept with its conversation."""
    input: str | None
    """The items that it answers, as a JSON array; `None` once they are kept there too."""
    is_streamed: bool
    created_at: int
    ended_at: int | None = None
    """It is `None` until the last event has been told."""

    @property
    def is_open(self) -> bool:
        """Tell whether its answer is still to come."""
        return self.status in OPEN

    @property
    def turn_id(self) -> str:
        return "msg_" + self.id.partition("_")[2]


class Piece(msgspec.Struct, frozen=True):
    """Some events of a response, one behind the other, as they go out."""

    first: int
    last: int
    frames: str


OF_BACKGROUND = [BACKGROUND[name] for name in Background.__struct_fields__]


async def create(connection: AsyncConnection, asked: Background) -> bool:
    """Write it, and the work that answers it; false where the conversation has been deleted meanwhile."""
    conversation = tables.conversations.c.seq
    there = select(conversation).where(conversation == asked.conversation)
    if asked.conversation is not None and (await connection.execute(there)).first() is None:
        return False
    values = msgspec.structs.asdict(asked)
    del values["seq"]
    await connection.execute(insert(tables.background_responses).values(values))
    await rows.enqueue(connection, asked.id, KIND, asked.workspace_id, asked.owner, {})
    return True


async def find(
    connection: AsyncConnection, workspace_id: str, owner: str, response_id: str, *, reads_all: bool
) -> Background | None:
    """Find one; `reads_all` tells that those of other owners are shown too, but none of a private persona."""
    personas = tables.personas
    about = tables.background_responses.outerjoin(personas, personas.c.id == BACKGROUND.persona_id)
    query = select(*OF_BACKGROUND).select_from(about).where(is_open(workspace_id, owner))
    if not reads_all:
        query = query.where(BACKGROUND.owner == owner)
    return await _one(connection, query.where(_here(workspace_id, response_id)))


async def by_id(connection: AsyncConnection, workspace_id: str, response_id: str) -> Background | None:
    """Find one for whoever answers or follows it."""
    return await _one(connection, select(*OF_BACKGROUND).where(_here(workspace_id, response_id)))


async def count_open(connection: AsyncConnection, workspace_id: str, most: int) -> int:
    """Count those that have not ended, up to a limit."""
    query = select(BACKGROUND.seq).where(
        BACKGROUND.workspace_id == workspace_id, BACKGROUND.ended_at.is_(None)
    )
    return len((await connection.execute(query.limit(most))).all())


async def show(connection: AsyncConnection, found: Background, status: str, body: str) -> None:
    """Tell how one that has not ended stands now."""
    await _change(connection, found.workspace_id, found.id, status=status, body=body)


async def end(connection: AsyncConnection, found: Background, status: str, body: str) -> bool:
    """Let one end without an answer, once; what was asked is forgotten."""
    values = {"status": status, "body": body, "request": None, "ended_at": clock.now_ms()}
    return await _change(connection, found.workspace_id, found.id, **values)


async def complete(connection: AsyncConnection, workspace_id: str, response_id: str, status: str) -> bool:
    """Take its texts in the transaction that keeps its answer; false where it has ended, or is gone.

    Its stream goes on until `finish` is called.
    """
    values = {"status": status, "body": None, "input": None, "request": None}
    return await _change(connection, workspace_id, response_id, **values)


async def finish(connection: AsyncConnection, workspace_id: str, response_id: str) -> None:
    """Let one end whose events have all been told."""
    query = update(tables.background_responses).where(_here(workspace_id, response_id))
    query = query.where(BACKGROUND.ended_at.is_(None), BACKGROUND.status.not_in(OPEN))
    await connection.execute(query.values(ended_at=clock.now_ms()))


async def erase(connection: AsyncConnection, workspace_id: str, response_id: str) -> None:
    """Erase one with all that its stream has told, if there is one; whoever answers it is called off."""
    await erasure.background(connection, _here(workspace_id, response_id))


async def tell(connection: AsyncConnection, found: Background, piece: Piece) -> None:
    """Add events to those that its followers are told, unless it is gone or has ended."""
    live = select(BACKGROUND.seq).where(BACKGROUND.seq == found.seq, BACKGROUND.ended_at.is_(None))
    if (await connection.execute(live)).first() is not None:
        values = {"response": found.seq, **msgspec.structs.asdict(piece)}
        await connection.execute(insert(tables.response_events).values(values))


async def told(connection: AsyncConnection, found: Background, after: int, limit: int) -> list[Piece]:
    """List what comes behind an event; the first piece may begin before it."""
    query = select(EVENT.first, EVENT.last, EVENT.frames)
    query = query.where(EVENT.response == found.seq, EVENT.last > after).order_by(EVENT.last).limit(limit)
    return [Piece(row.first, row.last, row.frames) for row in await connection.execute(query)]


async def last_told(connection: AsyncConnection, found: Background) -> int:
    """Return the number of the last event that was told, or -1."""
    query = select(func.max(EVENT.last)).where(EVENT.response == found.seq)
    last = (await connection.execute(query)).scalar()
    return -1 if last is None else int(last)


def _here(workspace_id: str, response_id: str) -> Any:
    return (BACKGROUND.workspace_id == workspace_id) & (BACKGROUND.id == response_id)


async def _one(connection: AsyncConnection, query: Select[Any]) -> Background | None:
    row = (await connection.execute(query)).first()
    return msgspec.convert(fields(row), Background) if row else None


async def _change(connection: AsyncConnection, workspace_id: str, response_id: str, **values: Any) -> bool:
    query = update(tables.background_responses)
    query = query.where(_here(workspace_id, response_id), BACKGROUND.status.in_(OPEN))
    return (await connection.execute(query.values(values))).rowcount > 0
