"""A purge leaves ids and figures of a persona in the rows that name it, and nothing of its conversations."""

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, update

from gateway import clock
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection

TURN = ("model", "explain", "judge")
"""Columns of a turn that tell of its persona."""
AUDIT = ("version", "previous", "from")
"""Numbers and ids in an entry, which may be told even where the persona's name must not be."""


def turn(persona_id: str | None) -> tuple[str, None, None]:
    """Return the values of `TURN` for a turn whose persona has been purged."""
    return f"persona/{persona_id}", None, None


def details(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the details of an entry of the audit log without names."""
    return {name: value for name, value in stored.items() if name in AUDIT}


async def budgets(connection: AsyncConnection, persona_id: str) -> None:
    """Delete every budget for the persona, which nobody can call any more."""
    theirs = select(tables.budgets.c.seq).where(tables.budgets.c.subject == persona_id)
    for column in (tables.holds.c.budget, tables.spent.c.budget, tables.budgets.c.seq):
        await connection.execute(delete(column.table).where(column.in_(theirs)))


async def images(connection: AsyncConnection, persona_id: str) -> None:
    """Have the pictures of the persona erased; nobody sees them any more, and no other persona shows them."""
    image, sketch = tables.images.c, tables.sketches.c
    theirs = select(image.id).where(image.persona_id == persona_id)
    shown = update(tables.sketches).where(sketch.image_id.in_(theirs))
    await connection.execute(shown.values(image_id=None))
    gone = update(tables.images).where(image.persona_id == persona_id)
    await connection.execute(gone.values(gone_at=clock.now_ms()))


async def runs(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Delete these runs with their steps and events: they hold what was asked for, and what became of it."""
    theirs = select(tables.runs.c.id).where(which)
    await works(connection, theirs)
    for part in (tables.run_events, tables.run_steps):
        await connection.execute(delete(part).where(part.c.run_id.in_(theirs)))
    await connection.execute(delete(tables.runs).where(which))


async def works(connection: AsyncConnection, theirs: Select[str]) -> None:
    """Let the work of these end without anything: its process then forgets what the steps have given."""
    work = tables.work.c
    still = update(tables.work).where(work.id.in_(theirs))
    is_open = work.state.in_(["waiting", "running"])
    await connection.execute(still.where(is_open).values(is_cancel_wanted=True))
    over = {"state": "cancelled", "error": None, "ended_at": clock.now_ms()}
    await connection.execute(still.where(work.state == "failed").values(over))


async def conversations(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Delete these conversations, with all that was said in them."""
    theirs = tables.messages.c.conversation.in_(select(tables.conversations.c.seq).where(which))
    said = select(tables.messages.c.seq).where(theirs)
    told = tables.onsets.c.conversation.in_(select(tables.conversations.c.seq).where(which))
    await connection.execute(delete(tables.onsets).where(told))
    await connection.execute(delete(tables.message_words).where(tables.message_words.c.rowid.in_(said)))
    await connection.execute(delete(tables.messages).where(theirs))
    here = tables.responses.c.conversation.in_(select(tables.conversations.c.seq).where(which))
    answered = select(tables.responses.c.seq).where(here)
    items = tables.response_items
    await connection.execute(delete(items).where(items.c.response.in_(answered)))
    asked = tables.background_responses.c
    goes_on = asked.conversation.in_(select(tables.conversations.c.seq).where(which))
    await background(connection, goes_on | asked.id.in_(select(tables.responses.c.id).where(here)))
    await connection.execute(delete(tables.responses).where(here))
    conversation, workspace = tables.conversations.c, tables.workspaces.c
    counted = select(conversation.workspace_id, func.count().label("gone")).where(which)
    for row in (await connection.execute(counted.group_by(conversation.workspace_id))).all():
        fewer = update(tables.workspaces).where(workspace.id == row.workspace_id)
        await connection.execute(fewer.values(conversations=workspace.conversations - row.gone))
    await connection.execute(delete(tables.conversations).where(which))


async def background(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Delete these responses of the background, with what was asked and what their streams have told.

    Whoever answers one of them is called off.
    """
    await works(connection, select(tables.background_responses.c.id).where(which))
    theirs = select(tables.background_responses.c.seq).where(which)
    told = tables.response_events
    await connection.execute(delete(told).where(told.c.response.in_(theirs)))
    await connection.execute(delete(tables.background_responses).where(which))
