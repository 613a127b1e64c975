"""A glance needs this of the store: sums over all personas, and the newest turns."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.visibility import OWNED, owned
from gateway.turns.store.hours import DRIFT, Row, Span, summed
from gateway.turns.store.places import Stretch
from gateway.turns.store.rows import TURN

COUNTS = tables.VERDICT_COUNTS
PERSONA = tables.personas.c


class Named(NamedTuple):
    """A persona that is ranked; slug and name are `None` where the reader may not know them."""

    id: str
    slug: str | None
    name: str | None


class Timed(NamedTuple):
    upstream: str | None
    latency_ms: float
    first_byte_ms: float | None


async def verdicts(connection: AsyncConnection, workspace_id: str, span: Span, bucket: int) -> list[Row]:
    """Sum up the verdicts of all personas for each piece of time; an index holds all that is read."""
    at = (DRIFT.hour - DRIFT.hour % bucket).label("at")
    query = select(at, *[summed(DRIFT[name]).label(name) for name in COUNTS])
    query = query.where(DRIFT.workspace_id == workspace_id, *span.holds(DRIFT.hour))
    return _rows(await connection.execute(query.group_by(at).order_by(at)))


async def ranked(
    connection: AsyncConnection, workspace_id: str, owner: str, span: Span, limit: int
) -> list[Named]:
    """List the personas with the most turns out of character first, then by drifting and by all turns."""
    order: list[ColumnElement[Any]] = [
        func.sum(DRIFT[name]).desc() for name in ("out_of_character", "drifting", "turns")
    ]
    query = (
        select(DRIFT.persona_id)
        .where(DRIFT.workspace_id == workspace_id, *span.holds(DRIFT.hour))
        .group_by(DRIFT.persona_id)
        .order_by(*order, DRIFT.persona_id)
        .limit(limit)
    )
    ids = list(await connection.scalars(query))
    known = select(PERSONA.id, PERSONA.slug, PERSONA.name, *OWNED).where(PERSONA.id.in_(ids))
    names = {}
    for row in await connection.execute(known):
        whose = owned(row)
        if whose is not None and whose.is_shown_to(workspace_id, owner):
            names[row.id] = Named(row.id, row.slug, row.name)
    return [names.get(each, Named(each, None, None)) for each in ids]


async def of_personas(
    connection: AsyncConnection, workspace_id: str, ids: list[str], span: Span, bucket: int
) -> list[Row]:
    """Sum up the scores of some personas, in the order of persona and time."""
    at = (DRIFT.hour - DRIFT.hour % bucket).label("at")
    figures = [column for column in tables.drift_hours.columns if not column.primary_key]
    query = select(DRIFT.persona_id, at, *[summed(column).label(column.name) for column in figures]).where(
        DRIFT.workspace_id == workspace_id, DRIFT.persona_id.in_(ids), *span.holds(DRIFT.hour)
    )
    groups = DRIFT.persona_id, at
    return _rows(await connection.execute(query.group_by(*groups).order_by(*groups)))


async def timed(
    connection: AsyncConnection,
    workspace_id: str,
    persona_id: str | None,
    within: Stretch,
    since: int | None,
    limit: int,
) -> list[Timed]:
    """List how long the newest turns took."""
    query = select(TURN.upstream, TURN.latency_ms, TURN.first_byte_ms).where(
        TURN.workspace_id == workspace_id, TURN.seq > within.above
    )
    if persona_id is not None:
        query = query.where(TURN.persona_id == persona_id)
    if since is not None:
        query = query.where(TURN.created_at >= since)
    found = await connection.execute(query.order_by(TURN.seq.desc()).limit(limit))
    return [Timed(*row) for row in found]


async def verdicts_between(
    connection: AsyncConnection,
    workspace_id: str,
    persona_id: str,
    times: tuple[int, int],
    within: Stretch,
    *,
    newest: bool,
    limit: int,
) -> list[str]:
    """List the verdicts of a persona's turns that began between these times, from one end on."""
    query = select(TURN.verdict).where(
        TURN.workspace_id == workspace_id,
        TURN.persona_id == persona_id,
        TURN.seq > within.above,
        TURN.seq < within.below,
        TURN.created_at >= times[0],
        TURN.created_at < times[1],
    )
    order = TURN.seq.desc() if newest else TURN.seq
    return list(await connection.scalars(query.order_by(order).limit(limit)))


def _rows(found: Any) -> list[Row]:
    return [fields(row) for row in found]
