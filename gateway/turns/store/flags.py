"""Turns are marked as flagged by moderation, each with an event."""

from collections.abc import Mapping

from sqlalchemy import bindparam, select, update

from gateway.events import store as events
from gateway.events.event import NOBODY
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.visibility import OWNED, owned
from gateway.turns.store.rows import TURN

_MARK = update(tables.turns).where(TURN.id == bindparam("turn")).values(flagged=bindparam("words"))


async def flag(connection: AsyncConnection, flagged: Mapping[str, str]) -> None:
    """Mark the turns that are there by these ids, and write an event for each."""
    personas = tables.turns.outerjoin(tables.personas, tables.personas.c.id == TURN.persona_id)
    query = select(TURN.id, TURN.workspace_id, TURN.persona_id, TURN.version, *OWNED)
    rows = await connection.execute(query.select_from(personas).where(TURN.id.in_(flagged)))
    for row in list(rows):
        words = flagged[row.id]
        await connection.execute(_MARK, {"turn": row.id, "words": words})
        persona = owned(row)
        is_hidden = persona is not None and persona.visibility == "private"
        owner = (persona.owner or NOBODY) if persona is not None and is_hidden else None
        await events.record(
            connection,
            "moderation.flagged",
            row.workspace_id,
            owner,
            turn=row.id,
            persona=row.persona_id,
            version=row.version,
            categories=words,
        )
