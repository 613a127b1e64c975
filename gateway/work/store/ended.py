"""Work that has ended is forgotten after a while, and with it what its steps have given."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, update

from gateway import clock
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.signs import NOW
from gateway.work.work import OPEN

WORK = tables.work.c
SETTLED_MS = 10_000
"""Milliseconds after which a workflow is over whose work has ended."""
DONE_MS = 24 * 3_600_000
"""Milliseconds for which done and cancelled work is listed."""
FAILED_MS = 30 * 24 * 3_600_000
"""Milliseconds for which failed work can be tried again."""


async def settled(connection: AsyncConnection, limit: int) -> list[tuple[str, int]]:
    """List ended work that still has workflows, with the number of its attempts; failed work keeps them."""
    query = select(WORK.id, WORK.attempt).where(_is_settled())
    return [(row.id, row.attempt) for row in await connection.execute(query.limit(limit))]


def any_settled() -> Select[Any]:
    """Select ended work that still has workflows, at `NOW`."""
    return select(WORK.id).where(tables.HAS_TRACES, WORK.ended_at < NOW - SETTLED_MS).limit(1)


async def is_any_left(connection: AsyncConnection) -> bool:
    """Tell the same, whether or not they are over yet."""
    query = select(WORK.id).where(tables.HAS_TRACES).limit(1)
    return (await connection.execute(query)).first() is not None


async def cleared(connection: AsyncConnection, work_ids: Sequence[str]) -> None:
    """Note that no workflow is left of these."""
    chosen = and_(WORK.id.in_(work_ids), WORK.state.in_(["done", "cancelled"]))
    await connection.execute(update(tables.work).where(chosen).values(is_handed_over=False))


async def is_any_old(connection: AsyncConnection) -> bool:
    """Tell whether there is work to forget."""
    return (await connection.execute(select(WORK.id).where(_is_old()).limit(1))).first() is not None


async def forget(connection: AsyncConnection, limit: int) -> list[tuple[str, int]]:
    """Delete what is too old, and return it with the number of its attempts."""
    found = await connection.execute(select(WORK.id, WORK.attempt).where(_is_old()).limit(limit))
    gone = [(row.id, row.attempt) for row in found]
    if gone:
        await connection.execute(delete(tables.work).where(WORK.id.in_([work_id for work_id, _ in gone])))
    return gone


def _is_settled() -> ColumnElement[bool]:
    return and_(tables.HAS_TRACES, WORK.ended_at < clock.now_ms() - SETTLED_MS)


async def drop(connection: AsyncConnection, kind: str, name: str, value: str) -> None:
    """Want no work any more of which `data` has this value, and have what has ended forgotten soon.

    Rows are not deleted here: whoever forgets them deletes what their steps have given, too.
    """
    theirs = and_(WORK.kind == kind, WORK.data[name].as_string() == value)
    await connection.execute(
        update(tables.work).where(theirs, WORK.state.in_(OPEN)).values(is_cancel_wanted=True)
    )
    gone = {"state": "cancelled", "error": None, "ended_at": clock.now_ms() - DONE_MS - 1}
    await connection.execute(update(tables.work).where(theirs, WORK.state.not_in(OPEN)).values(gone))


def _is_old() -> ColumnElement[bool]:
    now = clock.now_ms()
    return or_(
        and_(WORK.state.in_(["done", "cancelled"]), WORK.ended_at < now - DONE_MS),
        and_(WORK.state == "failed", WORK.ended_at < now - FAILED_MS),
    )
