"""One statement tells whether there is anything to do at all, which is asked after each write of anybody."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, and_, func, literal, or_, select

from gateway import clock
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.signs import NOW, Sign
from gateway.work.store import ended

WORK = tables.work.c
SOON_MS = 1_000
"""Milliseconds before work is due in which it counts as open."""


class Glance(msgspec.Struct, frozen=True):
    """Has what was seen at one time."""

    is_any_open: bool
    """Work is under way, or is about to be, or is to be cancelled."""
    is_any_settled: bool
    """Ended work still has workflows."""
    soonest: int | None
    """The next work that waits is due then; `None` where none waits."""
    signs: tuple[object, ...]


class Glancing:
    """Looks for open work of some kinds and for signs, in one statement that is made once."""

    def __init__(self, kinds: Collection[str], signs: Sequence[Sign]) -> None:
        asked = [_any_open(kinds), ended.any_settled(), select(func.min(WORK.due_at)).where(_WAITS), *signs]
        self._query = select(*[each.scalar_subquery() for each in asked])

    async def look(self, connection: AsyncConnection) -> Glance:
        row = (await connection.execute(self._query, {"now": clock.now_ms()})).one()
        return Glance(row[0] is not None, row[1] is not None, row[2], tuple(row[3:]))


_WAITS = WORK.state == "waiting"


def _any_open(kinds: Collection[str]) -> Select[Any]:
    is_soon = and_(_WAITS, or_(WORK.due_at <= NOW + SOON_MS, WORK.is_cancel_wanted))
    # As values of their own they need not be spread out each time that the statement is sent.
    named = [literal(kind) for kind in kinds]
    return select(WORK.id).where(WORK.kind.in_(named), or_(WORK.state == "running", is_soon)).limit(1)
