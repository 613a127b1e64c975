"""Feeds go on when the store is put back to an older one, in its place or under its feet."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Select, delete, select

from gateway.storage import changes, tables
from gateway.storage.changes import Change, announce
from gateway.storage.database import Database
from gateway.storage.feed import Feed
from tests.fakes.store import opened

CHANGE = tables.changes.c


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "POLL_SECONDS", 0.001)


@pytest.fixture
async def database(place: Path | str) -> AsyncIterator[Database]:
    async with opened(place) as found:
        yield found


async def write(database: Database, *subjects: str) -> None:
    async with database.write() as connection:
        for subject in subjects:
            await announce(connection, "persona", subject)


def copied(source: Path, target: Path) -> None:
    """Copy as an operator's `.backup` and `.restore` do, into the very file that is open."""
    with closing(sqlite3.connect(source)) as store, closing(sqlite3.connect(target, timeout=25)) as copy:
        store.backup(copy)


async def look(database: Database, feed: Feed, limit: int = 100) -> tuple[list[str], bool]:
    query: Select[tuple[int, str]] = select(CHANGE.seq, CHANGE.subject)
    async with database.read() as connection:
        found = await feed.look(connection, query, limit)
    return [row.subject for row in found.rows], found.is_lost


def feed_of(database: Database) -> Feed:
    return database.feed(CHANGE.seq, CHANGE.subject)


async def test_every_row_comes_once_and_in_order(database: Database) -> None:
    feed = feed_of(database)
    assert await look(database, feed) == ([], False)
    await write(database, "a", "b", "c")
    assert await look(database, feed, 2) == (["a", "b"], False)
    assert await look(database, feed, 2) == (["c"], False)
    assert await look(database, feed) == ([], False)
    await write(database, "d")
    assert await look(database, feed) == (["d"], False)


async def test_a_feed_may_begin_behind_what_is_there(database: Database) -> None:
    await write(database, "a", "b")
    feed = feed_of(database)
    async with database.read() as connection:
        await feed.skip(connection)
    await write(database, "c")
    assert await look(database, feed) == (["c"], False)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_an_older_store_loses_the_place(database: Database, tmp_path: Path) -> None:
    feed, path = feed_of(database), tmp_path / "persona.db"
    await write(database, "a")
    copied(path, tmp_path / "copy.db")
    await write(database, "b", "c")
    assert await look(database, feed) == (["a", "b", "c"], False)
    copied(tmp_path / "copy.db", path)
    assert await look(database, feed) == ([], True)
    await write(database, "d")
    assert await look(database, feed) == (["d"], False)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_another_row_of_the_same_number_loses_the_place(database: Database, tmp_path: Path) -> None:
    feed, path = feed_of(database), tmp_path / "persona.db"
    copied(path, tmp_path / "copy.db")
    await write(database, "a", "b")
    assert await look(database, feed) == (["a", "b"], False)
    copied(tmp_path / "copy.db", path)
    await write(database, "x", "y", "z")
    assert await look(database, feed) == ([], True)


async def test_rows_that_are_taken_away_lose_nothing(database: Database) -> None:
    feed = feed_of(database)
    await write(database, "a", "b")
    await look(database, feed)
    async with database.write() as connection:
        await connection.execute(delete(tables.changes).where(CHANGE.seq <= 2))
        await announce(connection, "persona", "c")
    assert await look(database, feed) == (["c"], False)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_watch_goes_on_when_the_store_is_put_back_under_it(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "persona.db"
    await write(database, "a")
    copied(path, tmp_path / "copy.db")
    await write(database, *[f"b{number}" for number in range(20)])
    reports: asyncio.Queue[list[Change]] = asyncio.Queue()

    def note(changes: Sequence[Change]) -> None:
        reports.put_nowait(list(changes))

    watch = asyncio.ensure_future(changes.watch(database, await changes.position(database), note))
    try:
        async with asyncio.timeout(25):
            await write(database, "seen")
            assert await reports.get() == [Change("persona", "seen")]
            copied(tmp_path / "copy.db", path)
            assert await reports.get() == []
            await write(database, "c")
            assert await reports.get() == [Change("persona", "c")]
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
