"""Budgets are set, listed and taken away."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from gateway import clock
from gateway.budgets import budget as budgets
from gateway.budgets.budget import Budget, Line, Need, Period, Standing, Unit
from gateway.storage import tables
from gateway.storage.audit import Actor, note
from gateway.storage.changes import announce
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.visibility import PERSONA, is_open, is_shown

BUDGET, SPENT, HOLD, KEY = tables.budgets.c, tables.spent.c, tables.holds.c, tables.keys.c
TOPIC = "budget"
"""The topic of changes; their subject is the workspace."""
OWN_WORKSPACE = "workspace"
"""This may stand for the id of the workspace itself."""


class Name(msgspec.Struct, frozen=True):
    """The one budget of a workspace with this subject, unit and period."""

    workspace_id: str
    subject: str
    unit: Unit
    period: Period

    def matches(self) -> ColumnElement[bool]:
        return (
            (BUDGET.workspace_id == self.workspace_id)
            & (BUDGET.subject == self.subject)
            & (BUDGET.unit == self.unit)
            & (BUDGET.period == self.period)
        )


async def subject(
    connection: AsyncConnection, workspace_id: str, owner: str | None, given: str
) -> str | None:
    """Find what a budget may be for by its id; `None` where a key of this owner sees no such thing.

    A key is known by the one that it has replaced, so that its budget outlives a rotation.
    """
    if given in (OWN_WORKSPACE, workspace_id):
        return workspace_id
    if given.startswith("key_"):
        query = select(KEY.owner).where(KEY.id == given, KEY.workspace_id == workspace_id)
    else:
        mine = PERSONA.workspace_id == workspace_id
        shown = mine if owner is None else is_shown(workspace_id, owner)
        query = select(PERSONA.id).where(PERSONA.id == given, shown, mine | (PERSONA.status == "completed"))
    found: str | None = (await connection.execute(query)).scalar()
    return found


async def put(connection: AsyncConnection, name: Name, most: int, actor: Actor) -> None:
    """Set a budget, new or not; what has been spent of it stays spent."""
    now = clock.now_ms()
    changed = update(tables.budgets).where(name.matches()).values(most=most, updated_at=now)
    if not (await connection.execute(changed)).rowcount:
        values = {**msgspec.structs.asdict(name), "most": most, "created_at": now, "updated_at": now}
        await connection.execute(insert(tables.budgets).values(values))
    await announce(connection, TOPIC, name.workspace_id)
    limit = budgets.shown(name.unit, most)
    await note(connection, actor, "budget.set", name.subject, unit=name.unit, period=name.period, limit=limit)


async def remove(connection: AsyncConnection, budget: Budget, actor: Actor) -> None:
    """Take a budget away, and what is known of its spending."""
    for column in (HOLD.budget, SPENT.budget, BUDGET.seq):
        await connection.execute(delete(column.table).where(column == budget.seq))
    await announce(connection, TOPIC, budget.workspace_id)
    unit, period = budget.unit, budget.period
    await note(connection, actor, "budget.removed", budget.subject, unit=unit, period=period)


async def count(connection: AsyncConnection, workspace_id: str) -> int:
    query = select(func.count()).select_from(tables.budgets).where(BUDGET.workspace_id == workspace_id)
    return (await connection.execute(query)).scalar() or 0


async def find(connection: AsyncConnection, name: Name, owner: str | None) -> Standing | None:
    """Find a budget as it stands now; `None` where a key of this owner may not know of it."""
    row = (await connection.execute(_standing(name.workspace_id, owner).where(name.matches()))).first()
    return _read(row) if row else None


async def listed(
    connection: AsyncConnection,
    workspace_id: str,
    owner: str | None,
    *,
    subject: str | None = None,
    after: int | None = None,
    limit: int = 100_000,
) -> list[Standing]:
    """List budgets as they stand now, the newest first; `owner` is `None` for who may see all of them."""
    query = _standing(workspace_id, owner)
    if subject is not None:
        query = query.where(BUDGET.subject == subject)
    if after is not None:
        query = query.where(BUDGET.seq < literal(after, BigInteger))
    return [_read(row) for row in await connection.execute(query.order_by(BUDGET.seq.desc()).limit(limit))]


async def fullest(connection: AsyncConnection, limit: int) -> list[Standing]:
    """List budgets of all workspaces as they stand now, those first of which the largest part is gone."""
    query = _standing(None, None)
    gone = func.coalesce(SPENT.amount, 0) * 1.0 / func.nullif(BUDGET.most, 0)
    order = gone.desc().nulls_last(), BUDGET.seq
    return [_read(row) for row in await connection.execute(query.order_by(*order).limit(limit))]


async def of_call(
    connection: AsyncConnection, workspace_id: str, needs: Sequence[Need], now: int
) -> list[Standing]:
    """List the budgets that a call needs as they stand at a moment, each in the period of its need."""
    # PostgreSQL would take a number by itself for one of 32 bits.
    begins = {need.budget: literal(need.since, BigInteger) for need in needs}
    query = _at(workspace_id, None, case(begins, value=BUDGET.seq), now)
    query = query.where(BUDGET.seq.in_(list(begins))).order_by(BUDGET.seq)
    return [_read(row) for row in await connection.execute(query)]


async def lines(connection: AsyncConnection, workspace_id: str) -> dict[str, tuple[Line, ...]]:
    """Find what calls of the workspace need to know of its budgets, by their subjects."""
    query = select(BUDGET.subject, BUDGET.seq, BUDGET.unit, BUDGET.period)
    query = query.where(BUDGET.workspace_id == workspace_id).order_by(BUDGET.seq)
    found: dict[str, tuple[Line, ...]] = {}
    for row in await connection.execute(query):
        line = Line(row.seq, row.unit, row.period)
        found[row.subject] = (*found.get(row.subject, ()), line)
    return found


def _standing(workspace_id: str | None, owner: str | None) -> Select[Any]:
    now = clock.now_ms()
    begins: dict[Any, int] = {period: budgets.since(period, now) for period in budgets.PERIODS}
    # PostgreSQL would take a number by itself for one of 32 bits.
    since = case({name: literal(at, BigInteger) for name, at in begins.items()}, value=BUDGET.period)
    return _at(workspace_id, owner, since, now)


def _at(workspace_id: str | None, owner: str | None, since: ColumnElement[int], now: int) -> Select[Any]:
    """Query budgets of a workspace, or of all."""
    held = select(func.coalesce(func.sum(HOLD.amount), 0)).where(
        HOLD.budget == BUDGET.seq, HOLD.since == since, HOLD.until > literal(now, BigInteger)
    )
    source = tables.budgets.outerjoin(tables.spent, (SPENT.budget == BUDGET.seq) & (SPENT.since == since))
    query = select(
        *BUDGET,
        since.label("begin"),
        func.coalesce(SPENT.amount, 0).label("spent"),
        func.coalesce(SPENT.calls, 0).label("calls"),
        held.scalar_subquery().label("held"),
    )
    if workspace_id is None:
        return query.select_from(source)
    if owner is None:
        return query.select_from(source).where(BUDGET.workspace_id == workspace_id)
    source = source.outerjoin(tables.personas, PERSONA.id == BUDGET.subject)
    shown = is_open(workspace_id, owner)
    return query.select_from(source).where(BUDGET.workspace_id == workspace_id, shown)


def _read(row: Row[Any]) -> Standing:
    budget = msgspec.convert(fields(row), Budget)
    return Standing(budget, int(row.begin), int(row.spent), int(row.held), int(row.calls))
