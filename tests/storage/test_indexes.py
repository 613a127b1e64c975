"""Lists and sums read by an index, and none reads a whole table that grows."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from gateway.alerts import store as alerts
from gateway.conversations.store import onsets, records
from gateway.conversations.store.records import Filter as Conversations
from gateway.events import store as events
from gateway.images import store as images
from gateway.personas.store import personas, search, vectors
from gateway.personas.store.search import Search
from gateway.runs import store as runs
from gateway.storage import retention, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.turns.store import hours, looks, turns
from gateway.turns.store.hours import Span, Wanted
from gateway.turns.store.places import Stretch
from gateway.turns.store.turns import Filter
from gateway.webhooks.store import deliveries, endpoints
from gateway.work.store import ended, rows
from gateway.work.store.glance import Glancing
from tests.fakes.store import opened

GROWING = (
    "turns|personas|versions|runs|usage_hours|drift_hours|conversations|messages|work|amendments|audit"
    "|events|deliveries|alerts|run_events|run_steps|jobs|holds"
)
Ask = Callable[[AsyncConnection], Awaitable[Any]]
SPAN = Span(0, 10**13)
SIGNS = [*alerts.SIGNS, *alerts.MODEL_SIGNS, *onsets.SIGNS, *endpoints.SIGNS, *images.SIGNS, *vectors.SIGNS]
ASKED: dict[str, Ask] = {
    "turns": lambda at: turns.listed(at, "ws_1", Filter()),
    "turns further on": lambda at: turns.listed(at, "ws_1", Filter(after=500)),
    "turns of a persona": lambda at: turns.listed(at, "ws_1", Filter(persona_id="psn_1")),
    "turns of a request": lambda at: turns.listed(at, "ws_1", Filter(request_id="req_1")),
    "hours of an upstream": lambda at: hours.lived(at, "ws_1", None, None, "main/m"),
    "a turn": lambda at: turns.find(at, "ws_1", "msg_1"),
    "the first turn": turns.oldest,
    "personas by words": lambda at: search.find(at, "ws_1", "key_1", Search(words="river")),
    "personas further on": lambda at: search.find(at, "ws_1", "key_1", Search(after="psn_5")),
    "a persona by its name": lambda at: personas.by_slug(at, "ws_1", "muse"),
    "usage": lambda at: hours.usage(at, "ws_1", "day", SPAN),
    "drift": lambda at: hours.drift(
        at, Wanted(workspace_id="ws_1", persona_id="psn_1", span=SPAN, bucket=hours.DAY_MS), 10
    ),
    "drift of all personas": lambda at: looks.verdicts(at, "ws_1", SPAN, hours.DAY_MS),
    "the worst personas": lambda at: looks.ranked(at, "ws_1", "key_1", SPAN, 10),
    "drift of some personas": lambda at: looks.of_personas(at, "ws_1", ["psn_1"], SPAN, hours.DAY_MS),
    "how long turns took": lambda at: looks.timed(at, "ws_1", None, Stretch(0, 10**9), 0, 10),
    "verdicts of a persona": lambda at: looks.verdicts_between(
        at, "ws_1", "psn_1", (0, 10**13), Stretch(0, 10**9), newest=True, limit=10
    ),
    "conversations": lambda at: records.conversations(at, "ws_1", None, Conversations()),
    "conversations of a persona": lambda at: records.conversations(
        at, "ws_1", "key_1", Conversations(persona_id="psn_1", after=500)
    ),
    "conversations by words": lambda at: records.conversations(
        at, "ws_1", None, Conversations(words="river")
    ),
    "a conversation": lambda at: records.find(at, "ws_1", "key_1", "conv_1"),
    "new events": lambda at: events.since(at, 500, 10),
    "deliveries": lambda at: deliveries.listed(at, "whk_1", deliveries.Wanted(owner="key_1"), 10),
    "deliveries to replay": lambda at: deliveries.ended(at, "whk_1", deliveries.Wanted(owner="key_1"), 10),
    "alerts": lambda at: alerts.listed(at, "ws_1", "key_1", 500, 10),
    "events of a run": lambda at: runs.happened(at, "run_1", 5),
    "steps of a run": lambda at: runs.steps(at, "run_1"),
    "what there is to do": lambda at: Glancing(["run"], SIGNS).look(at),
    "answers behind a place": lambda at: alerts.touched(at, alerts.Place(500, 500)),
    "work that is due": lambda at: rows.due(at, ["run"], 10),
    "ended work with traces": lambda at: ended.settled(at, 10),
    "old work": ended.is_any_old,
    "runs": lambda at: runs.listed(at, "ws_1", None, None, 10),
    "runs of an owner": lambda at: runs.listed(at, "ws_1", "key_1", 500, 10),
    "open runs": lambda at: runs.open_runs(at, "ws_1", None, 10),
    "old turns": lambda at: retention._oldest(at, tables.turns.c.seq, tables.turns.c.created_at, 5),
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
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN (COSTS OFF)"
    rows = await connection.exec_driver_sql(f"{explain} {statement}", values)
    return "\n".join(str(row[-1]) for row in rows)


def whole(plan: str) -> list[str]:
    """List the steps of a plan that read a whole table."""
    scan = rf"SCAN ({GROWING})(?! USING)|.*\bSeq Scan on ({GROWING})\b"
    return [line for line in plan.splitlines() if re.match(scan, line)]


@asynccontextmanager
async def planning(place: Path | str) -> AsyncIterator[tuple[Database, AsyncConnection]]:
    """Open a store that reads a whole table, however small it is, only where it knows no other way."""
    async with opened(place) as database, database.read() as connection:
        if connection.dialect.name == "postgresql":
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        yield database, connection


async def test_lists_and_sums_read_by_an_index(place: Path | str) -> None:
    async with planning(place) as (database, connection):
        for name, ask in ASKED.items():
            with heard(database) as statements:
                await ask(connection)
            assert statements, name
            for statement, values in statements:
                found = await plan(connection, statement, values)
                assert not whole(found), f"{name}:\n{statement}\n{found}"


async def test_a_list_without_an_index_would_be_noticed(place: Path | str) -> None:
    async with planning(place) as (_, connection):
        assert whole(await plan(connection, "SELECT id FROM turns WHERE latency_ms > 1.0", ()))
