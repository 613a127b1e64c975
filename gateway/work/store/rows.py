"""Work is written with its cause, found when it is due, and ends in one transaction with its result."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, case, func, insert, select, update

from gateway import clock
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.work.work import OPEN, Error, State, Work

WORK = tables.work.c
SHOWN = [column for column in WORK if column.name not in ("seq", "is_handed_over")]


async def enqueue(
    connection: AsyncConnection,
    work_id: str,
    kind: str,
    workspace_id: str,
    owner: str | None,
    data: dict[str, Any],
    *,
    after: float = 0,
) -> None:
    """Write work within the transaction of its cause; it is begun once that has committed.

    `work_id` is the id of what the work is for, such as a run. `after` is in seconds.
    """
    await enqueue_all(connection, [(work_id, data)], kind, workspace_id, owner, after=after)


async def enqueue_all(
    connection: AsyncConnection,
    works: Sequence[tuple[str, dict[str, Any]]],
    kind: str,
    workspace_id: str,
    owner: str | None,
    *,
    after: float = 0,
) -> None:
    """Do the same for several at once, each with its id and its data."""
    now = clock.now_ms()
    values = {
        "kind": kind,
        "workspace_id": workspace_id,
        "owner": owner,
        "state": "waiting",
        "is_cancel_wanted": False,
        "is_handed_over": False,
        "attempt": 1,
        "due_at": now + int(after * 1000),
        "created_at": now,
    }
    rows = [{**values, "id": work_id, "data": data} for work_id, data in works]
    await connection.execute(insert(tables.work), rows)


async def want_cancelled(connection: AsyncConnection, work_id: str) -> bool:
    """Ask for the end of this work, and tell whether it was still open; the process that has it ends it."""
    query = update(tables.work).where(WORK.id == work_id, WORK.state.in_(OPEN))
    return (await connection.execute(query.values(is_cancel_wanted=True))).rowcount > 0


async def find(connection: AsyncConnection, work_id: str) -> Work | None:
    """Read one piece of work."""
    row = (await connection.execute(select(*SHOWN).where(WORK.id == work_id))).first()
    return None if row is None else _work(row)


async def listed(
    connection: AsyncConnection, states: Collection[State], kind: str | None, limit: int
) -> list[Work]:
    """List work of every workspace, the newest first."""
    query = select(*SHOWN).where(WORK.state.in_(states)).order_by(WORK.seq.desc()).limit(limit)
    if kind is not None:
        query = query.where(WORK.kind == kind)
    return [_work(row) for row in await connection.execute(query)]


async def due(
    connection: AsyncConnection, kinds: Collection[str], limit: int
) -> tuple[list[Work], list[Work]]:
    """List the work that is to be handed over, and the work that is to be cancelled."""
    query = select(*SHOWN).where(WORK.kind.in_(kinds)).order_by(WORK.due_at).limit(limit)
    is_due = and_(WORK.state == "waiting", WORK.due_at <= clock.now_ms())
    wanted = await connection.execute(query.where(is_due, WORK.is_handed_over.is_(False)))
    unwanted = await connection.execute(query.where(_is_open(), WORK.is_cancel_wanted))
    return [_work(row) for row in wanted], [_work(row) for row in unwanted]


async def handed_over(connection: AsyncConnection, after: int, limit: int) -> list[tuple[int, Work]]:
    """List open work that has a workflow, in its order, behind a number."""
    query = select(WORK.seq, *SHOWN).where(_is_open(), WORK.is_handed_over, WORK.seq > after)
    rows = await connection.execute(query.order_by(WORK.seq).limit(limit))
    return [(row.seq, _work(row)) for row in rows]


async def mark_handed_over(connection: AsyncConnection, works: Sequence[Work]) -> None:
    """Note that workflows exist for these attempts."""
    for work in works:
        same = and_(WORK.id == work.id, WORK.attempt == work.attempt)
        await connection.execute(update(tables.work).where(same).values(is_handed_over=True))


async def begin(connection: AsyncConnection, work_id: str, attempt: int) -> Work | None:
    """Mark an attempt as running; `None` where there is nothing to do for it any more."""
    work = await find(connection, work_id)
    if work is None or work.attempt != attempt or work.state not in OPEN:
        return None
    values: dict[str, Any] = {"state": "running", "started_at": work.started_at or clock.now_ms()}
    await connection.execute(update(tables.work).where(WORK.id == work_id).values(values))
    return msgspec.structs.replace(work, **values)


async def end(
    connection: AsyncConnection,
    work: Work,
    state: State,
    error: Error | None = None,
    resume_at: int | None = None,
) -> Work | None:
    """Let this attempt end in a state, once; `None` where it has ended already."""
    values: dict[str, Any] = {
        "state": state,
        "error": error,
        "resume_at": resume_at,
        "ended_at": clock.now_ms(),
        "is_cancel_wanted": False,
    }
    return await _change(connection, work, values)


async def put_off(
    connection: AsyncConnection, work: Work, seconds: float, error: Error | None
) -> Work | None:
    """Let the next attempt begin after some seconds; `None` where this one has ended already."""
    values: dict[str, Any] = {
        "state": "waiting",
        "error": error,
        "is_handed_over": False,
        "attempt": work.attempt + 1,
        "due_at": clock.now_ms() + int(seconds * 1000),
    }
    return await _change(connection, work, values)


async def retry(connection: AsyncConnection, work_id: str) -> Work | None:
    """Put failed or cancelled work back among what waits; `None` where it is neither, or unknown."""
    work = await find(connection, work_id)
    if work is None or work.state not in ("failed", "cancelled"):
        return None
    values: dict[str, Any] = {
        "state": "waiting",
        "error": None,
        "is_handed_over": False,
        "is_cancel_wanted": False,
        "attempt": work.attempt + 1,
        "due_at": clock.now_ms(),
        "ended_at": None,
    }
    await connection.execute(update(tables.work).where(WORK.id == work_id).values(values))
    return msgspec.structs.replace(work, **_known(values))


class Depth(msgspec.Struct, frozen=True):
    """`/health/ready` says this of work."""

    waiting: int = 0
    """Work that is due and that nobody has begun, or that waits for its next attempt."""
    running: int = 0
    failed: int = 0
    """Work that has failed for good, within the time for which it is kept."""
    retries: int = 0
    """Further attempts that open and failed work has taken."""
    oldest_seconds: float = 0
    """The time for which the oldest work that is due has waited."""


async def depth(connection: AsyncConnection) -> Depth:
    """Count work by its state."""
    query = select(
        WORK.state,
        func.count(),
        func.coalesce(func.sum(WORK.attempt - 1), 0),
        func.min(case((WORK.is_handed_over.is_(False), WORK.due_at), else_=WORK.created_at)),
    ).where(WORK.state.in_([*OPEN, "failed"]))
    rows = {row[0]: row for row in await connection.execute(query.group_by(WORK.state))}
    count = {state: row[1] for state, row in rows.items()}
    oldest = rows["waiting"][3] if "waiting" in rows else clock.now_ms()
    return Depth(
        waiting=count.get("waiting", 0),
        running=count.get("running", 0),
        failed=count.get("failed", 0),
        retries=sum(int(row[2]) for row in rows.values()),
        oldest_seconds=max(0, clock.now_ms() - oldest) / 1000,
    )


async def counts(connection: AsyncConnection) -> list[tuple[str, str, int]]:
    """Count work that is open or has failed, by kind and state."""
    query = select(WORK.kind, WORK.state, func.count()).where(WORK.state.in_([*OPEN, "failed"]))
    found = await connection.execute(query.group_by(WORK.kind, WORK.state).order_by(WORK.kind, WORK.state))
    return [(kind, state, int(count)) for kind, state, count in found]


async def _change(connection: AsyncConnection, work: Work, values: dict[str, Any]) -> Work | None:
    same = and_(WORK.id == work.id, WORK.attempt == work.attempt, _is_open())
    changed = await connection.execute(update(tables.work).where(same).values(values))
    return msgspec.structs.replace(work, **_known(values)) if changed.rowcount else None


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "is_handed_over"}


def _is_open() -> ColumnElement[bool]:
    return WORK.state.in_(OPEN)


def _work(row: Row[Any]) -> Work:
    values = fields(row)
    values.pop("seq", None)
    return msgspec.convert(values, Work)
