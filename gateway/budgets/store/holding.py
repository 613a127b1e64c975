"""Amounts are set aside before a call, and what it took is put in their place after it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Row, TextClause, delete, select, text, update

from gateway import clock
from gateway.budgets import budget as budgets
from gateway.budgets.budget import LEASE_MS, MOST, THRESHOLDS, Budget, Need
from gateway.budgets.store.records import BUDGET, HOLD, SPENT
from gateway.events import store as events
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.insertion import insertion
from gateway.storage.visibility import PERSONA

FULL = 4 * MOST
"""Nothing is added to a sum beyond this."""

RESERVE = """
WITH wanted (budget, since, amount) AS (VALUES {rows})
INSERT INTO holds (budget, id, since, amount, holder, until)
SELECT wanted.budget, :id, wanted.since, wanted.amount, :holder, :until
FROM wanted JOIN budgets ON budgets.seq = wanted.budget
WHERE NOT EXISTS (
    SELECT 1 FROM wanted JOIN budgets ON budgets.seq = wanted.budget
    WHERE budgets.most < wanted.amount
    + coalesce((SELECT amount FROM spent
                WHERE spent.budget = wanted.budget AND spent.since = wanted.since), 0)
    + coalesce((SELECT sum(amount) FROM holds
                WHERE holds.budget = wanted.budget AND holds.since = wanted.since AND holds.until > :now), 0)
)
RETURNING budget
"""


class Ended(msgspec.Struct, frozen=True):
    """A call took this; `None`, where nobody knows, stands for what was set aside for it."""

    hold: str
    usd: int | None
    tokens: int | None


async def reserve(
    connection: AsyncConnection, hold: str, needs: Sequence[Need], holder: str, now: int
) -> bool:
    """Set what a call needs of every budget aside, or nothing where one of them has too little left.

    It is false too where none of these budgets is there any more.
    """
    values: dict[str, Any] = {"id": hold, "holder": holder, "now": now, "until": now + LEASE_MS}
    for at, need in enumerate(needs):
        values |= {f"b{at}": need.budget, f"s{at}": need.since, f"a{at}": need.amount}
    found = await connection.execute(_reservation(len(needs)), values)
    return found.first() is not None


async def renew(connection: AsyncConnection, holder: str) -> None:
    """Keep what the process has set aside for its calls."""
    now = clock.now_ms()
    await connection.execute(update(tables.holds).where(HOLD.holder == holder).values(until=now + LEASE_MS))


async def settle(connection: AsyncConnection, ended: Sequence[Ended]) -> None:
    """Put what calls took in place of what was set aside for them, once however often it is told."""
    taken: defaultdict[tuple[int, int], list[tuple[Ended, int]]] = defaultdict(list)
    by_hold = {one.hold: one for one in ended}
    for row in await _lifted(connection, by_hold):
        taken[row.budget, row.since].append((by_hold[row.id], row.amount))
    if not taken:
        return
    found = await _budgets(connection, {seq for seq, _ in taken})
    before = await _spent(connection, found, {since for _, since in taken})
    sums = []
    for (seq, since), calls in sorted(taken.items()):
        unit, old = found[seq].unit, before.get((seq, since), 0)
        new = min(FULL, old + sum(_amount(unit, one, held) for one, held in calls))
        sums.append({"budget": seq, "since": since, "amount": new - old, "calls": len(calls)})
        await _tell(connection, found[seq], since, old, new)
    await connection.execute(_addition(connection.dialect.name), sums)


def _amount(unit: str, ended: Ended, held: int) -> int:
    taken = ended.tokens if unit == "tokens" else ended.usd
    return held if taken is None else min(taken, MOST)


async def _lifted(connection: AsyncConnection, holds: Collection[str]) -> list[Row[Any]]:
    gone = delete(tables.holds).where(HOLD.id.in_(holds))
    return list(await connection.execute(gone.returning(HOLD.budget, HOLD.id, HOLD.since, HOLD.amount)))


async def _budgets(connection: AsyncConnection, seqs: Iterable[int]) -> dict[int, Budget]:
    rows = await connection.execute(select(tables.budgets).where(BUDGET.seq.in_(list(seqs))))
    return {row.seq: msgspec.convert(fields(row), Budget) for row in rows}


async def _spent(
    connection: AsyncConnection, seqs: Iterable[int], begins: Iterable[int]
) -> dict[tuple[int, int], int]:
    # Only one writes at a time, so that what is read here is what is added to.
    query = select(SPENT.budget, SPENT.since, SPENT.amount)
    query = query.where(SPENT.budget.in_(list(seqs)), SPENT.since.in_(list(begins)))
    return {(row.budget, row.since): row.amount for row in await connection.execute(query)}


async def _tell(connection: AsyncConnection, budget: Budget, since: int, old: int, new: int) -> None:
    """Write an event for each threshold that was passed."""
    for percent in THRESHOLDS:
        if not old * 100 < percent * budget.most <= new * 100:
            continue
        await events.record(
            connection,
            "budget.threshold",
            budget.workspace_id,
            await _owner(connection, budget),
            subject=budget.subject,
            unit=budget.unit,
            period=budget.period,
            percent=percent,
            limit=budgets.shown(budget.unit, budget.most),
            spent=budgets.shown(budget.unit, new),
            since=clock.iso(since),
            resets_at=clock.iso(budgets.until(budget.period, since)),
        )


async def _owner(connection: AsyncConnection, budget: Budget) -> str | None:
    """Find the owner of a private persona, who alone may be told of it."""
    if budget.kind != "persona":
        return None
    private = select(PERSONA.owner).where(PERSONA.id == budget.subject, PERSONA.visibility == "private")
    owner: str | None = (await connection.execute(private)).scalar()
    return owner


@lru_cache
def _reservation(needs: int) -> TextClause:
    rows = [
        f"(CAST(:b{at} AS BIGINT), CAST(:s{at} AS BIGINT), CAST(:a{at} AS BIGINT))" for at in range(needs)
    ]
    return text(RESERVE.format(rows=", ".join(rows)))


@lru_cache
def _addition(dialect: str) -> Any:
    insert = insertion(tables.spent, dialect)
    sums = {name: SPENT[name] + insert.excluded[name] for name in ("amount", "calls")}
    return insert.on_conflict_do_update(index_elements=["budget", "since"], set_=sums)
