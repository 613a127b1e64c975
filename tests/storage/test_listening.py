"""PostgreSQL tells of changes as they are committed; what it could not tell is found all the same."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import pytest
from sqlalchemy import insert, text

from gateway import clock
from gateway.storage import changes, tables
from gateway.storage import postgres as driver
from gateway.storage.changes import announce
from gateway.storage.database import Database
from tests.fakes.postgres import Server
from tests.fakes.store import opened

NEVER = 3600.0
"""Seconds between two looks for changes, so that only what is told can be noticed."""


class Wire:
    """Passes bytes between the store and whoever connects here, until it is cut or holds them back."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.silent = asyncio.Event()
        self.connections = 0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there = await asyncio.open_connection(*self._to)
        self._writers += [writer, there[1]]
        for source, target in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._pass(source, target, is_old=self.silent))
            self._tasks.add(task)

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, is_old: asyncio.Event
    ) -> None:
        """Pass bytes on, unless this connection is one of those that have gone silent."""
        try:
            while data := await source.read(65536):
                if not is_old.is_set():
                    target.write(data)
            target.close()
        except OSError:
            target.close()

    def hush(self) -> None:
        """Let the connections that there are stay open, and carry nothing any more."""
        self.silent.set()
        self.silent = asyncio.Event()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


@asynccontextmanager
async def wired(url: str) -> AsyncIterator[tuple[Wire, Database]]:
    """Open the store through a wire."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    wire = Wire(parts.hostname, parts.port or 5432)
    server = await asyncio.start_server(wire.accept, "127.0.0.1", 0)
    address = f"{parts.username}@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    database = Database(urlunsplit(parts._replace(netloc=address)))
    try:
        yield wire, database
    finally:
        await database.close()
        server.close()
        wire.cut()


class Rig:
    """A store that somebody follows, and another way to it."""

    def __init__(self, other: Database, wire: Wire, database: Database) -> None:
        self.wire = wire
        self.database = database
        self.other = other
        self._reports: asyncio.Queue[str] = asyncio.Queue()

    def note(self, changes: object) -> None:
        assert isinstance(changes, list)
        for change in changes:
            self._reports.put_nowait(change.subject)

    async def change(self, subject: str) -> None:
        async with self.other.write() as connection:
            await announce(connection, "persona", subject)

    async def change_untold(self, subject: str) -> None:
        async with self.other.write() as connection:
            values = {"topic": "persona", "subject": subject, "at": clock.now_ms()}
            await connection.execute(insert(tables.changes).values(values))

    async def end_listeners(self) -> None:
        """Have the server end the connections on which somebody listens."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        async with self.other.read() as connection:
            await connection.execute(text(f"{query} AND pid <> pg_backend_pid()"))

    async def next(self) -> str:
        async with asyncio.timeout(30):
            return await self._reports.get()


@pytest.fixture(scope="module")
def url(postgres: Server) -> Iterator[str]:
    with postgres.database() as found:
        yield found


@pytest.fixture
async def rig(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(changes, "NET_SECONDS", NEVER)
    monkeypatch.setattr(changes, "POLL_SECONDS", 0.001)
    async with opened(url) as other, wired(url) as (wire, database):
        rig = Rig(other, wire, database)
        watching = asyncio.create_task(changes.watch(database, await changes.position(database), rig.note))
        await rig.change("first")
        assert await rig.next() == "first"
        yield rig
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_change_is_told_when_it_is_committed(rig: Rig) -> None:
    for subject in ("a", "b", "c"):
        await rig.change(subject)
        assert await rig.next() == subject
    assert rig.wire.connections == 1


async def test_a_change_is_noticed_after_the_connection_was_cut(rig: Rig) -> None:
    await rig.end_listeners()
    await noticed_and_told(rig)
    rig.wire.cut()
    await noticed_and_told(rig)


async def test_what_nobody_is_told_of_is_found_a_little_later(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "NET_SECONDS", 0.01)
    await rig.change("told")
    assert await rig.next() == "told"
    await rig.change_untold("untold")
    assert await rig.next() == "untold"


async def test_a_connection_that_has_gone_silent_is_given_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "NET_SECONDS", 0.01)
    monkeypatch.setattr(driver, "PULSE_SECONDS", 0.2)
    await rig.change("told")
    assert await rig.next() == "told"
    rig.wire.hush()
    await rig.change("while it is silent")
    assert await rig.next() == "while it is silent"


async def test_what_is_rolled_back_is_not_told(rig: Rig) -> None:
    with pytest.raises(ValueError, match="no"):
        await change_and_fail(rig)
    await rig.change("kept")
    assert await rig.next() == "kept"


async def noticed_and_told(rig: Rig) -> None:
    """See a change that nobody may have heard of, and one that is heard of again."""
    for subject in ("while it is cut", "after that"):
        await rig.change(subject)
        assert await rig.next() == subject


async def change_and_fail(rig: Rig) -> None:
    async with rig.other.write() as connection:
        await announce(connection, "persona", "lost")
        raise ValueError("no")
