"""Processes that do work say that they live, and are missed once they do so no longer."""

from sqlalchemy import delete, insert, select, update

from gateway import clock
from gateway.storage import tables
from gateway.storage.connection import AsyncConnection

PROCESS = tables.work_processes.c
VACATED = 0
"""The beat of a process that has ended as it should."""


async def enrol(connection: AsyncConnection, process_id: str, host: str, pid: int) -> None:
    """Add a process, or its successor in the same place."""
    await leave(connection, process_id)
    values = {"id": process_id, "host": host[:255], "pid": pid, "beat_at": clock.now_ms()}
    await connection.execute(insert(tables.work_processes).values(values))


async def beat(connection: AsyncConnection, process_id: str) -> bool:
    """Say that a process lives; tells whether others still believe so."""
    query = update(tables.work_processes).where(PROCESS.id == process_id)
    return (await connection.execute(query.values(beat_at=clock.now_ms()))).rowcount > 0


async def beats(connection: AsyncConnection) -> dict[str, int]:
    """Return the last beat of every process, each by the clock of its own host."""
    rows = await connection.execute(select(PROCESS.id, PROCESS.beat_at))
    return {row.id: row.beat_at for row in rows}


async def vacate(connection: AsyncConnection, process_id: str) -> None:
    """Say that a process ends, so that others need not wait until they miss it."""
    query = update(tables.work_processes).where(PROCESS.id == process_id)
    await connection.execute(query.values(beat_at=VACATED))


async def leave(connection: AsyncConnection, process_id: str) -> None:
    """Forget a process."""
    await connection.execute(delete(tables.work_processes).where(PROCESS.id == process_id))
