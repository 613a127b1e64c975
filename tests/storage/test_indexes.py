"""Lists and sums read by an index, and none reads a whole table that grows."""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gateway.personas.store import personas, search
from gateway.personas.store.search import Search
from gateway.runs import store as runs
from gateway.storage import retention, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.turns.store import hours, turns
from gateway.turns.store.hours import Span, Wanted
from gateway.turns.store.turns import Filter
from tests.fakes.store import opened

GROWING = "turns|personas|versions|runs|usage_hours|drift_hours|conversations|messages|work|amendments|audit"
Ask = Callable[[AsyncConnection], Awaitable[Any]]
SPAN = Span(0, 10**13)
ASKED: dict[str, Ask] = {
    "turns": lambda at: turns.listed(at, "ws_1", Filter()),
    "turns further on": lambda at: turns.listed(at, "ws_1", Filter(after=500)),
    "turns of a persona": lambda at: turns.listed(at, "ws_1", Filter(persona_id="psn_1")),
    "turns of a request": lambda at: turns.listed(at, "ws_1", Filter(request_id="req_1")),
    "a turn": lambda at: turns.find(at, "ws_1", "msg_1"),
    "the first turn": turns.oldest,
    "personas by words": lambda at: search.find(at, "ws_1", "key_1", Search(words="river")),
    "personas further on": lambda at: search.find(at, "ws_1", "key_1", Search(after="psn_5")),
    "a persona by its name": lambda at: personas.by_slug(at, "ws_1", "muse"),
    "usage": lambda at: hours.usage(at, "ws_1", "day", SPAN),
    "drift": lambda at: hours.drift(
        at, Wanted(workspace_id="ws_1", persona_id="psn_1", span=SPAN, bucket=hours.DAY_MS), 10
    ),
    "runs": lambda at: runs.listed(at, "ws_1", None, None, 10),
    "open runs": lambda at: runs.open_runs(at, "ws_1", None, 10),
    "old turns": lambda at: retention._oldest(
        at, tables.turns, tables.turns.c.seq, tables.turns.c.created_at, 5
    ),
    "stale conversations": lambda at: retention._conversations(at, 5),
}


@contextmanager
def heard(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Hear the statements that readers send, with their values."""
    found: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        found.append((statement, values))

    engine = database.backend.readers.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", hear)


async def plan(connection: AsyncConnection, statement: str, values: Any) -> str:
    rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    return "\n".join(str(row[-1]) for row in rows)


def whole(plan: str) -> list[str]:
    """List the steps of a plan that read a whole table."""
    return [line for line in plan.splitlines() if re.match(rf"SCAN ({GROWING})(?! USING)", line)]


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_lists_and_sums_read_by_an_index(place: Path | str) -> None:
    async with opened(place) as database, database.read() as connection:
        for name, ask in ASKED.items():
            with heard(database) as statements:
                await ask(connection)
            assert statements, name
            for statement, values in statements:
                found = await plan(connection, statement, values)
                assert not whole(found), f"{name}:\n{statement}\n{found}"


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
async def test_a_list_without_an_index_would_be_noticed(place: Path | str) -> None:
    async with opened(place) as database, database.read() as connection:
        statement = "SELECT id FROM turns WHERE latency_ms > ?"
        assert whole(await plan(connection, statement, (1.0,)))
