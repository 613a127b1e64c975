"""Runs and their events are written and found."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, and_, delete, insert, or_, select, update

from gateway import clock
from gateway.events import store as events
from gateway.events.event import NOBODY, Value
from gateway.runs.pipeline import Pipeline
from gateway.runs.run import OPEN, Event, EventType, Inputs, Result, Run, Status, Task
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.visibility import is_open
from gateway.work.store import rows

RUN = tables.runs.c
EVENT = tables.run_events.c
STEP = tables.run_steps.c
PIPELINE = tables.pipelines.c
KIND = "run"
END = 1_000_000
"""The number of the last event of every run."""
Told = tuple[EventType, dict[str, Any]]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants this of a run."""

    task: Task
    inputs: Inputs
    pipeline: Pipeline
    persona_id: str | None = None
    """The persona that it refines."""
    origin: str | None = None
    """The run that it repeats."""


async def create(
    connection: AsyncConnection, run_id: str, order: Order, actor: Actor, *, is_apart: bool = False
) -> None:
    """Write a run and the work that it is, within one transaction.

    `is_apart` tells that its key has its own number of runs, in place of its workspace's.
    """
    inputs, pipeline = order.inputs, order.pipeline
    is_private = inputs.visibility == "private"
    await connection.execute(
        insert(tables.runs).values(
            id=run_id,
            workspace_id=actor.workspace_id,
            owner=actor.owner,
            key_id=actor.key_id,
            is_private=is_private,
            is_apart=is_apart,
            status="queued",
            task=order.task,
            origin=order.origin,
            inputs=msgspec.to_builtins(inputs),
            pipeline=pipeline.name,
            fingerprint=pipeline.fingerprint,
            persona_id=order.persona_id,
            tokens=0,
            is_blamed=False,
            created_at=clock.now_ms(),
        )
    )
    known = select(PIPELINE.fingerprint).where(PIPELINE.fingerprint == pipeline.fingerprint)
    if (await connection.execute(known)).first() is None:
        values = {"fingerprint": pipeline.fingerprint, "data": msgspec.to_builtins(pipeline)}
        await connection.execute(insert(tables.pipelines).values(values))
    await rows.enqueue(connection, run_id, KIND, actor.workspace_id, actor.owner if is_private else None, {})


async def pipeline(connection: AsyncConnection, fingerprint: str) -> Pipeline | None:
    """Read the pipeline that a run was to follow; `None` for a run older than they are kept."""
    query = select(PIPELINE.data).where(PIPELINE.fingerprint == fingerprint)
    found = (await connection.execute(query)).scalar()
    return None if found is None else msgspec.convert(found, Pipeline)


async def find(connection: AsyncConnection, run_id: str) -> Run | None:
    row = (await connection.execute(select(tables.runs).where(RUN.id == run_id))).first()
    return None if row is None else msgspec.convert(fields(row), Run)


async def readable(connection: AsyncConnection, workspace_id: str, owner: str, run_id: str) -> Run | None:
    """Find a run of which keys of this owner may know."""
    query = _shown(workspace_id, owner).where(RUN.id == run_id)
    row = (await connection.execute(query)).first()
    return None if row is None else msgspec.convert(fields(row), Run)


async def listed(
    connection: AsyncConnection, workspace_id: str, owner: str | None, after: int | None, limit: int
) -> list[Run]:
    """List the runs that keys of this owner may know of, the newest first; `None` may know of all."""
    if owner is None:
        query = select(tables.runs).where(RUN.workspace_id == workspace_id)
    else:
        query = _shown(workspace_id, owner)
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
    if await find(connection, run_id) is None:
        # A run whose persona was purged meanwhile leaves nothing.
        return
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


async def keep_step(
    connection: AsyncConnection, run_id: str, number: int, name: str, added: dict[str, Any]
) -> None:
    """Keep what a step has added to the draft, for runs that repeat this one."""
    place = and_(STEP.run_id == run_id, STEP.number == number)
    await connection.execute(delete(tables.run_steps).where(place))
    if await find(connection, run_id) is not None:
        # A run whose persona was purged meanwhile leaves nothing.
        values = {"run_id": run_id, "number": number, "name": name, "added": added}
        await connection.execute(insert(tables.run_steps).values(values))


async def steps(connection: AsyncConnection, run_id: str) -> list[tuple[str, dict[str, Any]]]:
    """List the steps that a run has taken, each with what it has added to the draft."""
    query = select(STEP.name, STEP.added).where(STEP.run_id == run_id).order_by(STEP.number)
    return [(row.name, row.added) for row in await connection.execute(query)]


async def blame(connection: AsyncConnection, run: Run) -> None:
    """Tell others that the audit has found something in a run, once."""
    first = update(tables.runs).where(RUN.id == run.id, RUN.is_blamed.is_(False)).values(is_blamed=True)
    if (await connection.execute(first)).rowcount:
        await events.record(connection, "audit.test_failed", run.workspace_id, _audience(run), run_id=run.id)


async def end(
    connection: AsyncConnection,
    run_id: str,
    status: Status,
    told: Told,
    *,
    persona_id: str | None = None,
    result: Result | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    """Let a run end, with its last event, and with one for those who are told later."""
    made: dict[str, Any] = {"result": None if result is None else msgspec.to_builtins(result)}
    if persona_id is not None:
        made["persona_id"] = persona_id
    await _update(connection, run_id, status=status, ended_at=clock.now_ms(), error=error, **made)
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
    """Count the open runs of an owner's keys, or with `None` those that a workspace shares, up to a limit."""
    query = select(RUN.id).where(RUN.workspace_id == workspace_id, RUN.status.in_(OPEN)).limit(limit)
    query = query.where(RUN.is_apart.is_(False) if owner is None else RUN.owner == owner)
    return len((await connection.execute(query)).all())


async def _update(connection: AsyncConnection, run_id: str, **values: Any) -> None:
    await connection.execute(update(tables.runs).where(RUN.id == run_id).values(values))


async def _record(connection: AsyncConnection, run: Run) -> None:
    """Tell of the end to those who may know of the run; a run that was cancelled is no news to anybody."""
    owner = _audience(run)
    data: dict[str, Value] = {"run_id": run.id, "tokens": run.tokens, "total_cost_usd": run.cost_usd}
    if run.status == "completed":
        data["persona_id"] = run.persona_id
        await events.record(connection, "run.completed", run.workspace_id, owner, **data)
    elif run.status == "failed":
        await events.record(connection, "run.failed", run.workspace_id, owner, **data)


def _audience(run: Run) -> str | None:
    """Name the owner who alone may be told of the run; `None` stands for the whole workspace."""
    return (run.owner or NOBODY) if run.is_private else None


def _shown(workspace_id: str, owner: str) -> Select[Any]:
    """Select runs that were not private, or are the owner's, and whose persona has not become another's."""
    about = tables.runs.outerjoin(tables.personas, tables.personas.c.id == RUN.persona_id)
    mine = or_(RUN.is_private.is_(False), RUN.owner == owner)
    query = select(tables.runs).select_from(about).where(RUN.workspace_id == workspace_id, mine)
    return query.where(is_open(workspace_id, owner))
