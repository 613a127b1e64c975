"""A process is missed only by those who have watched it be silent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.storage import tables
from gateway.storage.database import Database
from gateway.work.living import MISSED_SECONDS, Living, LostPlaceError
from gateway.work.store import processes
from tests.fakes.store import opened

SECONDS = range(round(MISSED_SECONDS) + 2)


class Clock:
    """Tells the time that a test gives it."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def database(place: Path | str) -> AsyncIterator[Database]:
    async with opened(place) as database:
        async with database.write() as connection:
            await processes.enrol(connection, "wrk_1", "here", 1)
            await processes.enrol(connection, "wrk_2", "there", 2)
        yield database


async def told(database: Database, name: str, beat: int) -> None:
    """Let a process beat by the clock of its own host."""
    async with database.write() as connection:
        query = update(tables.work_processes).where(tables.work_processes.c.id == name)
        await connection.execute(query.values(beat_at=beat))


async def test_a_silent_process_is_missed_and_one_that_has_ended_is_at_once(database: Database) -> None:
    clock = Clock()
    living = Living(database, "wrk_1", clock)
    await living.beat()
    assert living.lost == []
    for _ in SECONDS:
        clock.now += 1
        await living.beat()
    assert living.lost == ["wrk_2"]
    async with database.write() as connection:
        await processes.enrol(connection, "wrk_2", "there", 3)
        await processes.enrol(connection, "wrk_3", "there", 4)
        await processes.vacate(connection, "wrk_3")
    await living.beat()
    assert (living.lost, living.ended) == ([], ["wrk_3"])


async def test_whoever_could_not_beat_itself_misses_nobody(database: Database) -> None:
    clock = Clock()
    living = Living(database, "wrk_1", clock)
    for _ in range(3):
        await living.beat()
        clock.now += MISSED_SECONDS * 10
    await living.beat()
    assert living.lost == []


@pytest.mark.parametrize("ahead", [-3_600_000, 3_600_000])
async def test_clocks_of_hosts_may_differ(database: Database, ahead: int) -> None:
    clock = Clock()
    living = Living(database, "wrk_1", clock)
    for second in SECONDS:
        clock.now += 1
        await told(database, "wrk_2", 1_800_000_000_000 + ahead + second)
        await living.beat()
        assert living.lost == []


async def test_a_process_that_was_missed_learns_of_it(database: Database) -> None:
    async with database.write() as connection:
        await processes.leave(connection, "wrk_1")
    with pytest.raises(LostPlaceError):
        async with asyncio.timeout(30):
            await Living(database, "wrk_1").run()
