"""Tests let a process do work by this, and wait for what becomes of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gateway.config import Config, Store
from gateway.storage.database import Database
from gateway.work.shift import Shift
from gateway.work.store import rows
from gateway.work.work import State, Work
from tests.work.tally import NAME, Tally

PATIENCE = 120.0


@asynccontextmanager
async def working(database: Database, tally: Tally, process_id: str = "wrk_1") -> AsyncIterator[Shift]:
    """Let a process do work meanwhile."""
    config = Config(store=Store(url=database.url, folder=str(tally.folder)))
    shift = Shift(config, database, {NAME: tally.kind()}, process_id)
    task = asyncio.create_task(shift.run())
    try:
        yield shift
    finally:
        assert not task.done(), task.exception()
        task.cancel()
        await shift.close(PATIENCE)
        await shift._engine.close()


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await look():  # noqa: ASYNC110 - no event tells of what a store holds
            await asyncio.sleep(0.01)


async def found(database: Database, work_id: str) -> Work:
    async with database.read() as connection:
        work = await rows.find(connection, work_id)
    assert work is not None
    return work


async def ends(database: Database, work_id: str, state: State = "done") -> Work:
    async def has_come() -> bool:
        return (await found(database, work_id)).state == state

    await until(has_come)
    return await found(database, work_id)
