"""Runs and their events are written and found."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from gateway import clock
from gateway.events import store as events
from gateway.events.event import NOBODY, Value
from gateway.runs.run import OPEN, Event, EventType, Inputs, Run, Status
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.work.store import rows

RUN = tables.runs.c
EVENT = tables.run_events.c
KIND = "run"
END = 1_000_000
"""The number of the last event of every run."""
Told = tuple[EventType, dict[str, Any]]


async def create(
    connection: AsyncConnection, run_id: str, inputs: Inputs, actor: Actor, pipeline: str, fingerprint: str
) -> None:
    """Write a run and the work that it is, within one transaction."""
    is_private = inputs.visibility == "private"
    await connection.execute(
        insert(tables.runs).values(
            id=run_id,
            workspace_id=actor.workspace_id,
            owner=actor.owner,
            key_id=actor.key_id,
            is_private=is_private,
            status="queued",
            inputs=msgspec.to_builtins(inputs),
            pipeline=pipeline,
            fingerprint=fingerprint,
            tokens=0,
            created_at=clock.now_ms(),
        )
    )
    await rows.enqueue(connection, run_id, KIND, actor.workspace_id, actor.owner if is_private else None, {})


async def find(connection: AsyncConnection, run_id: str) -> Run | None:
    row = (await connection.execute(select(tables.runs).where(RUN.id == run_id))).first()
    return None if row is None else msgspec.convert(fields(row), Run)


async def listed(
    connection: AsyncConnection, workspace_id: str, owner: str | None, after: int | None, limit: int
) -> list[Run]:
    """List the runs that keys of this owner may know of, the newest first; `None` may know of all."""
    query = select(tables.runs).where(RUN.workspace_id == workspace_id)
    if owner is not None:
        query = query.where(_is_shown(owner))
    if after is not None:
        query = query.where(RUN.seq < after)
    found = await connection.execute(query.order_by(RUN.seq.desc()).limit(limit))
    return [msgspec.convert(fields(row), Run) for row in found]


async def happened(connection: AsyncConnection, run_id: str, after: int, limit: int = 1000) -> list[Event]:
    """List what happened in a run behind an event."""
    query = select(EVENT.number, EVENT.type, EVENT.data, EVENT.at).where(EVENT.run_id == run_id)
    found = await connection.execute(query.where(EVENT.number > after).order_by(EVENT.number).limit(limit))
    return [Event(row.number, row.type, msgspec.Raw(row.data.encode()), row.at) for row in found]


async def tell(connection: AsyncConnection, run_id: str, number: int, told: Sequence[Told]) -> None:
    """Write events from this number on, in place of those that a step that was cut has written there."""
    place = and_(EVENT.run_id == run_id, EVENT.number >= number, EVENT.number < number + len(told))
    await connection.execute(delete(tables.run_events).where(place))
    for index, (kind, data) in enumerate(told):
        values = {"number": number + index, "type": kind, "data": msgspec.json.encode(data).decode()}
        await connection.execute(insert(tables.run_events).values(run_id=run_id, at=clock.now_ms(), **values))


async def spend(connection: AsyncConnection, run_id: str, tokens: int, cost_usd: float | None) -> None:
    """Say what a run has taken so far."""
    is_open = (RUN.id == run_id) & RUN.status.in_(OPEN)
    # One that has ended stays so, whatever a process that others had given up for dead brings in late.
    values = {"status": "running", "tokens": tokens, "cost_usd": cost_usd}
    await connection.execute(update(tables.runs).where(is_open).values(values))


async def end(
    connection: AsyncConnection,
    run_id: str,
    status: Status,
    told: Told,
    *,
    persona_id: str | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    """Let a run end, with its last event, and with one for those who are told later."""
    now = clock.now_ms()
    await _update(connection, run_id, status=status, ended_at=now, persona_id=persona_id, error=error)
    await tell(connection, run_id, END, [told])
    ended = await find(connection, run_id)
    if ended is not None:
        await _record(connection, ended)


async def begin_again(connection: AsyncConnection, run_id: str) -> None:
    """Let a run that has ended go on."""
    await _update(connection, run_id, status="queued", ended_at=None, error=None)
    last = and_(EVENT.run_id == run_id, EVENT.number >= END)
    await connection.execute(delete(tables.run_events).where(last))


async def open_runs(connection: AsyncConnection, workspace_id: str, owner: str | None, limit: int) -> int:
    """Count the open runs of an owner's keys, or with `None` those of the whole workspace, up to a limit."""
    query = select(RUN.id).where(RUN.workspace_id == workspace_id, RUN.status.in_(OPEN)).limit(limit)
    if owner is not None:
        query = query.where(RUN.owner == owner)
    return len((await connection.execute(query)).all())


async def _update(connection: AsyncConnection, run_id: str, **values: Any) -> None:
    await connection.execute(update(tables.runs).where(RUN.id == run_id).values(values))


async def _record(connection: AsyncConnection, run: Run) -> None:
    """Tell of the end to those who may know of the run; a run that was cancelled is no news to anybody."""
    owner = (run.owner or NOBODY) if run.is_private else None
    data: dict[str, Value] = {"run_id": run.id, "tokens": run.tokens, "total_cost_usd": run.cost_usd}
    if run.status == "completed":
        data["persona_id"] = run.persona_id
        await events.record(connection, "run.completed", run.workspace_id, owner, **data)
    elif run.status == "failed":
        await events.record(connection, "run.failed", run.workspace_id, owner, **data)


def _is_shown(owner: str) -> ColumnElement[bool]:
    return or_(RUN.is_private.is_(False), RUN.owner == owner)
