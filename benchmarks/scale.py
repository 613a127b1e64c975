"""`python -m benchmarks.scale`: what lists, searches, sums and deletions take in a store that holds much.

`--store URL` measures an empty PostgreSQL database, and without it a SQLite file in a folder of its own. The
store is filled by SQL from real rows, for `--seconds` at most; the table says how many rows there were.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text

from benchmarks import bulk
from benchmarks.rig import say
from gateway import clock, ids
from gateway.auth import store as auth
from gateway.auth.guard import Caller
from gateway.config import Config, Turns
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.registry import Registry
from gateway.personas.store import personas, search
from gateway.personas.store.search import Search
from gateway.storage import migrate, retention
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.turns.store import hours, looks, turns
from gateway.turns.turn import Drift, Turn

VERSIONS, AUTHORS, SERIES = 5, 100, 12
BATCH, ROUNDS = 500_000, 9
YEAR_MS = 365 * hours.DAY_MS
OWNER = "key_0QwErTy1aBcDeFgHiJkL"
PROMPT = (
    "You are the ferryman of a wide slow river; you speak little, and you know every stone of both banks. "
)


class Filled(msgspec.Struct):
    workspace: str
    persona: str
    personas: int
    turns: int


class Filler:
    """Fills an empty store with copies of real rows."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._end = time.monotonic() + seconds

    async def fill(self, many: int, rows: int) -> Filled:
        """Make so many personas and, as long as there is time, so many turns."""
        await migrate.upgrade(self._database)
        async with self._database.write() as connection:
            workspace = (await auth.create_workspace(connection, "scale", "live")).id
            content = Content(prompt=PROMPT * 10)
            draft = Draft(Profile(slug="ferryman", name="Ferryman", visibility="workspace"), content)
            made = (await personas.push(connection, draft, Actor(workspace))).persona
            for number in range(2, VERSIONS + 1):
                again = Draft(draft.profile, Content(prompt=f"{PROMPT * 10}{number}"))
                made = (await personas.save(connection, made, again, Actor(workspace))).persona
            await turns.insert(connection, [_turn(workspace, made.id)])
        await self._database.close()
        with bulk.opened(self._database.url) as store:
            count = _multiplied(store, made.id, workspace, many, rows, self._end)
        return Filled(workspace, f"psn_{7:020}", many, count)


def _multiplied(store: bulk.Bulk, source: str, workspace: str, many: int, rows: int, end: float) -> int:
    _personas(store, source, many)
    say(f"{many:,} personas")
    count = _turns(store, rows, end)
    _sums(store, workspace)
    store.execute("ANALYZE")
    return count


def _personas(store: bulk.Bulk, source: str, many: int) -> None:
    own = {"id": store.id("psn"), "slug": "'ferryman-' || n", "seq": "n + 1"}
    store.multiply("personas", f"id = '{source}'", own, 1, many - 1)
    for number in range(1, VERSIONS + 1):
        one = {"id": store.id(f"ver{number}"), "persona_id": store.id("psn")}
        store.multiply("versions", f"persona_id = '{source}' AND number = {number}", one, 1, many - 1)
    word = {"rowid": "n + 1", "tokens": store.with_word("tokens", "'ferryman' || n")}
    store.multiply("persona_words", "rowid = 1", word, 1, many - 1, columns=("rowid", "tokens"))


def _turns(store: bulk.Bulk, rows: int, end: float) -> int:
    """Multiply the one turn; the indexes are made afterwards, which is much quicker."""
    first = clock.now_ms() - YEAR_MS
    changes = {
        "seq": "n",
        "id": store.id("msg"),
        "request_id": store.id("req"),
        "persona_id": store.id("psn", f"1 + n % {AUTHORS}"),
        "created_at": f"{first} + n * {YEAR_MS // rows}",
    }
    made = 1
    with store.without_indexes("turns"):
        while made < rows and time.monotonic() < end:
            count = min(BATCH, rows - made)
            store.multiply("turns", "seq = 1", changes, made + 1, count)
            made += count
            say(f"{made:,} turns")
    return made


def _sums(store: bulk.Bulk, workspace: str) -> None:
    """Write a year of hours of SERIES series, as if all turns had been theirs."""
    began = (clock.now_ms() - YEAR_MS) // hours.HOUR_MS
    for table in ("usage_hours", "drift_hours"):
        for upstream in range(SERIES):
            changes = {"hour": f"({began} + n) * {hours.HOUR_MS}", "upstream": f"'up{upstream}/m'"}
            changes["persona_id"] = f"'psn_{7:020}'"
            where = f"workspace_id = '{workspace}' AND upstream = 'main/m'"
            store.multiply(table, where, changes, 1, YEAR_MS // hours.HOUR_MS)


class Measure:
    """Times what the routes ask of the store; the first time stands apart, as it finds nothing in memory.

    The best time tells what the store takes, also where other programs keep the machine busy.
    """

    def __init__(self, database: Database, filled: Filled) -> None:
        self._database = database
        self._filled = filled
        self.lines: list[str] = []

    async def all(self) -> None:
        here, persona = self._filled.workspace, self._filled.persona
        middle = turns.Filter(after=self._filled.turns // 2)
        month = hours.Span(clock.now_ms() - 30 * hours.DAY_MS)
        wanted = hours.Wanted(workspace_id=here, persona_id=persona, span=month, bucket=hours.DAY_MS)
        year = msgspec.structs.replace(wanted, span=hours.Span())
        asked: dict[str, Callable[[AsyncConnection], Awaitable[Any]]] = {
            "page of personas": lambda at: search.find(at, here, OWNER, Search()),
            "page from the middle": lambda at: search.find(
                at, here, OWNER, Search(after=f"psn_{self._filled.personas // 2:020}")
            ),
            "search for a word that one persona has": lambda at: search.find(
                at, here, OWNER, Search(words=f"ferryman{self._filled.personas // 3}")
            ),
            "search for a word that all have": lambda at: search.find(at, here, OWNER, Search(words="river")),
            "page of turns": lambda at: turns.listed(at, here, turns.Filter()),
            "page of turns from the middle": lambda at: turns.listed(at, here, middle),
            "page of one persona's turns": lambda at: turns.listed(
                at, here, turns.Filter(persona_id=persona)
            ),
            "usage of a month by day": lambda at: hours.usage(at, here, "day", month),
            "drift of a month by day": lambda at: hours.drift(at, wanted, 1000),
            "drift of a year, which is too much": lambda at: hours.drift(at, year, 1000),
            "verdicts of all personas in a month": lambda at: looks.verdicts(at, here, month, hours.DAY_MS),
            "the worst personas of a month": lambda at: looks.ranked(at, here, OWNER, month, 20),
            "turns of a verdict that none has": lambda at: turns.listed(
                at, here, turns.Filter(verdict="drifting")
            ),
            "usage of a year by day": lambda at: hours.usage(at, here, "day", hours.Span()),
        }
        for title, ask in asked.items():
            await self._time(title, self._reading(ask))
        await self._resolve()
        await self._retention()

    def _reading(self, ask: Callable[[AsyncConnection], Awaitable[Any]]) -> Callable[[int], Awaitable[Any]]:
        async def read(_: int) -> None:
            async with self._database.read() as connection:
                await ask(connection)

        return read

    async def _resolve(self) -> None:
        registry = Registry(self._database, Config())
        reader = Caller(OWNER, self._filled.workspace, OWNER, frozenset(), operator=False)
        step = self._filled.personas // (ROUNDS + 2)
        names = [f"persona/ferryman-{1 + number * step}" for number in range(ROUNDS + 1)]
        await self._time("resolve a name, cold", lambda number: registry.resolve(reader, names[number]))
        await self._time("resolve a name, warm", lambda _: registry.resolve(reader, names[0]))

    async def _retention(self) -> None:
        keeping = retention.Retention(self._database, Config(turns=Turns(keep_days=1)))
        began, until = time.perf_counter(), 10.0
        try:
            async with asyncio.timeout(until):
                await keeping.round()
        except TimeoutError:
            pass
        took = time.perf_counter() - began
        async with self._database.read() as connection:
            left = (await connection.execute(text("SELECT count(*) FROM turns"))).scalar() or 0
        rate = (self._filled.turns - left) / took
        self.lines.append(f"| retention, turns a second | {rate:,.0f} | | |")

    async def _time(self, title: str, ask: Callable[[int], Awaitable[Any]]) -> None:
        found = []
        for number in range(ROUNDS + 1):
            began = time.perf_counter()
            await ask(number)
            found.append((time.perf_counter() - began) * 1000)
        best, median = min(found[1:]), statistics.median(found[1:])
        self.lines.append(f"| {title} | {best:.3g} ms | {median:.3g} ms | {found[0]:.3g} ms |")


def _turn(workspace: str, persona: str) -> Turn:
    return Turn(
        id=ids.new("msg"),
        request_id=ids.new("req"),
        workspace_id=workspace,
        key_id=OWNER,
        persona_id=persona,
        version=1,
        model="persona/ferryman@v1",
        upstream="main/m",
        stream=True,
        status="completed",
        attempts=1,
        latency_ms=800.0,
        created_at=clock.now_ms() - YEAR_MS,
        drift=Drift(verdict="in-character", voice=0.1, values=0.1),
    )


async def measured(url: str, many: int, rows: int, seconds: float) -> None:
    database = Database(url)
    database.backend.create()
    began = time.monotonic()
    filled = await Filler(database, seconds).fill(many, rows)
    took = time.monotonic() - began
    measure = Measure(database, filled)
    await measure.all()
    print(
        f"{filled.turns:,} turns, {filled.personas:,} personas x {VERSIONS} versions, filled in {took:.0f} s"
    )
    print("| what | best | median | first |")
    print("| --- | --: | --: | --: |")
    print("\n".join(measure.lines))
    await database.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--store", help="the URL of an empty PostgreSQL database; else a SQLite file")
    parser.add_argument("--personas", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=600, help="no turns are added after so long")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.store or f"sqlite:///{Path(folder) / 'persona.db'}"
        asyncio.run(measured(url, asked.personas, asked.turns, asked.seconds))


if __name__ == "__main__":
    main()
