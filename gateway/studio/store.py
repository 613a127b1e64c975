"""Jobs are written with their work, and end with it."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from gateway import clock
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.studio.job import Category, Job, Kind
from gateway.work.store import rows

JOB, PART = tables.jobs.c, tables.job_parts.c
PART_BYTES = 1 << 20


async def create(
    connection: AsyncConnection, job_id: str, kind: Kind, inputs: dict[str, Any], actor: Actor
) -> None:
    """Write a job and the work that it is, within one transaction."""
    await connection.execute(
        insert(tables.jobs).values(
            id=job_id,
            workspace_id=actor.workspace_id,
            owner=actor.owner or "",
            key_id=actor.key_id,
            kind=kind,
            status="pending",
            inputs=msgspec.json.encode(inputs).decode(),
            created_at=clock.now_ms(),
        )
    )
    await rows.enqueue(connection, job_id, kind, actor.workspace_id, actor.owner or "", {})


async def find(connection: AsyncConnection, job_id: str) -> Job | None:
    row = (await connection.execute(select(tables.jobs).where(JOB.id == job_id))).first()
    if row is None:
        return None
    stored = fields(row)
    stored["inputs"] = msgspec.json.decode(stored["inputs"])
    return msgspec.convert(stored, Job)


async def add_part(connection: AsyncConnection, job_id: str, number: int, data: bytes) -> None:
    """Keep a part of a large body, whose parts are joined again in their order."""
    await connection.execute(insert(tables.job_parts).values(job_id=job_id, number=number, data=data))


async def body(connection: AsyncConnection, job_id: str) -> bytes:
    query = select(PART.data).where(PART.job_id == job_id).order_by(PART.number)
    found: Iterable[bytes] = (await connection.execute(query)).scalars()
    return b"".join(found)


async def begin(connection: AsyncConnection, job_id: str) -> None:
    await _update(connection, job_id, status="running")


async def succeed(connection: AsyncConnection, job_id: str, result: bytes) -> None:
    """Keep a result, as JSON; what was sent is needed no more."""
    now = clock.now_ms()
    await _update(connection, job_id, status="succeeded", result=result.decode(), error=None, ended_at=now)
    await _forget_parts(connection, job_id)


async def fail(connection: AsyncConnection, job_id: str, error: Category) -> None:
    await _update(connection, job_id, status="failed", error=error, ended_at=clock.now_ms())
    await _forget_parts(connection, job_id)


async def open_jobs(connection: AsyncConnection, workspace_id: str, limit: int) -> int:
    """Count the open jobs of a workspace, up to a limit."""
    query = select(JOB.id).where(JOB.workspace_id == workspace_id, JOB.status.in_(("pending", "running")))
    return len((await connection.execute(query.limit(limit))).all())


async def _forget_parts(connection: AsyncConnection, job_id: str) -> None:
    await connection.execute(delete(tables.job_parts).where(PART.job_id == job_id))


async def _update(connection: AsyncConnection, job_id: str, **values: Any) -> None:
    await connection.execute(update(tables.jobs).where(JOB.id == job_id).values(values))
