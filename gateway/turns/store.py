"""Turns are kept in the database."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET
from sqlalchemy import ColumnElement, Row, Select, Update, bindparam, func, select, update
from sqlalchemy import insert as insert_into

from gateway import clock
from gateway.auth.guard import Caller as Reader
from gateway.drift.axes import AXES
from gateway.storage import erasure, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database, fields
from gateway.storage.feed import Feed
from gateway.storage.visibility import OWNED, Owned, owned
from gateway.turns import amendment
from gateway.turns.amendment import Kind, LateScore, News
from gateway.turns.turn import Drift, Explain, Judgement, Turn
from gateway.turns.usage import Usage

TURN, AMENDMENT = tables.turns.c, tables.amendments.c
DETAILS: dict[str, Any] = {"explain": Explain, "judge": Judgement}
"""Types of the columns that hold JSON, which lists leave out."""
LISTED = [column for column in tables.turns.columns if column.name not in DETAILS]
OF_PERSONAS = tables.turns.outerjoin(tables.personas, tables.personas.c.id == TURN.persona_id)
DAY_MS = 86_400_000
ROWS = 32
"""Turns in one statement; between two of them the driver's thread and the event loop wait for each other."""
WITHIN = {
    **{name: f"usage.{name}" for name in Usage.__struct_fields__},
    **{axis.column: f"drift.{axis.name}" for axis in AXES},
    "verdict": "drift.verdict",
}
"""The place in a turn of each column that is no field of its own."""
MADE = ("stream", "judged", "late", "reason", *erasure.TURN)
"""Columns that are not stored just as the turn has them."""
KEPT = tuple(column.name for column in tables.turns.columns if column.name not in ("seq", *MADE))
COLUMNS = (*KEPT, *MADE)
_values = attrgetter(*[WITHIN.get(name, name) for name in KEPT])

SCORE = (*[axis.column for axis in AXES], "verdict", "reason", "coherence", "explain")
"""Columns that hold what was found by the scorer."""


def _change(*columns: str) -> Update:
    """Write the statement that changes these columns of a turn."""
    values: dict[str, Any] = {column: bindparam(f"new_{column}") for column in columns}
    return update(tables.turns).where(TURN.id == bindparam("turn")).values(values)


_JUDGE = _change(*SCORE, "judge", "judged")
_SCORE = _change(*SCORE, "late")

By = Literal["key", "persona", "upstream", "day"]
GROUPS: dict[By, ColumnElement[Any]] = {
    "key": TURN.key_id,
    "persona": TURN.persona_id,
    "upstream": TURN.upstream,
    "day": TURN.created_at - TURN.created_at % DAY_MS,
}


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Says which turns are wanted; times are milliseconds since the epoch, `after` a place in the order."""

    persona_id: str | None = None
    version: int | None = None
    verdict: str | None = None
    status: str | None = None
    since: int | None = None
    until: int | None = None
    after: int | None = None


class Stored(msgspec.Struct, frozen=True):
    """A turn and its place in the order in which turns ended."""

    seq: int
    turn: Turn
    persona: Owned | None
    """The owner of the persona; `None` for a plain model, and for a persona that has been purged."""

    def is_named_to(self, reader: Reader) -> bool:
        """Tell whether the reader may know the persona's name."""
        return self.persona is None or self.persona.is_shown_to(reader.workspace_id, reader.owner)


class Ended(NamedTuple):
    turns: list[Stored]
    is_lost: bool
    """Tells whether turns may be missing before these, because the store is another one than before."""


class Amended(msgspec.Struct, frozen=True):
    """A turn of which more became known, as it is now."""

    seq: int
    """The place in the order of amendments."""
    behind: int
    """The place of the turn that had ended last by then."""
    kind: str
    stored: Stored


class Changed(NamedTuple):
    """Amendments that a look has found."""

    amendments: list[Amended]
    is_lost: bool


class After(NamedTuple):
    """A place in the stream of turns and amendments."""

    seq: int
    amendment: int | None = None
    """`None` stands for all amendments that had been made by the time the turn `seq` ended."""


class Sum(msgspec.Struct, frozen=True):
    """Usage of one group; `key` is what it is grouped by, for days the first millisecond."""

    key: str | int | None
    requests: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: float | None
    unpriced: int
    estimated: int


async def insert(connection: AsyncConnection, turns: Sequence[Turn]) -> None:
    """Insert turns, but not again: a batch may come a second time after a doubtful commit.

    Turns whose persona has been purged keep ids only.
    """
    purged = await _purged(connection, {turn.persona_id for turn in turns if turn.persona_id is not None})
    rows = [_erased(turn) if turn.persona_id in purged else _row(turn) for turn in turns]
    several = len(rows) - len(rows) % ROWS
    # The driver takes the values as they are; SQLAlchemy would look at every one of them.
    if several:
        blocks = [tuple(chain.from_iterable(rows[at : at + ROWS])) for at in range(0, several, ROWS)]
        await connection.exec_driver_sql(_insertion(ROWS), blocks)
    if rows[several:]:
        await connection.exec_driver_sql(_insertion(1), rows[several:])


async def amend(connection: AsyncConnection, news: Sequence[tuple[str, News]]) -> None:
    """Change the turns that are there by these ids, unless their persona has been purged.

    Each change is also a row that listeners find. Late scores come first, since nobody judges before them.
    """
    scores = {turn_id: one for turn_id, one in news if isinstance(one, LateScore)}
    events = [*await _score(connection, scores)] if scores else []
    judgements = [(turn_id, one) for turn_id, one in news if isinstance(one, Judgement)]
    events += await _judge(connection, judgements) if judgements else []
    if not events:
        return
    behind, at = await newest(connection), clock.now_ms()
    made = [{"turn_id": turn_id, "kind": kind, "behind": behind, "at": at} for turn_id, kind in events]
    await connection.execute(insert_into(tables.amendments), made)


async def _score(connection: AsyncConnection, scores: Mapping[str, LateScore]) -> list[tuple[str, Kind]]:
    """Complete the turns that wait for their score, of which there may be very many."""
    query = select(TURN.id).join(tables.personas, tables.personas.c.id == TURN.persona_id)
    waiting = TURN.id.in_(scores), TURN.reason.in_(amendment.COMES_LATER)
    found = list(await connection.scalars(query.where(*waiting).order_by(TURN.seq)))
    if found:
        await connection.execute(_SCORE, [_late_changes(turn_id, scores[turn_id]) for turn_id in found])
    return [(turn_id, "scored") for turn_id in found]


async def _judge(
    connection: AsyncConnection, judgements: Sequence[tuple[str, Judgement]]
) -> list[tuple[str, Kind]]:
    """Change turns by what a judge says of them."""
    query = select(*TURN, *OWNED).select_from(OF_PERSONAS).where(tables.personas.c.id.is_not(None))
    rows = await connection.execute(query.where(TURN.id.in_({turn_id for turn_id, _ in judgements})))
    found = {stored.turn.id: stored.turn for stored in map(_stored, rows)}
    changed = []
    for turn_id, one in judgements:
        before = found.get(turn_id)
        if before is None or (after := amendment.amended(before, one)) is before:
            continue
        found[turn_id] = after
        changed.append(turn_id)
    if changed:
        await connection.execute(_JUDGE, [_judged_changes(found[each]) for each in dict.fromkeys(changed)])
    return [(turn_id, "judged") for turn_id in changed]


async def _purged(connection: AsyncConnection, persona_ids: set[str]) -> set[str]:
    """Find those of these personas that are there no more."""
    if not persona_ids:
        return set()
    column = tables.personas.c.id
    return persona_ids - set(await connection.scalars(select(column).where(column.in_(sorted(persona_ids)))))


def _row(turn: Turn) -> tuple[Any, ...]:
    """List the values of `COLUMNS`; a boolean becomes a number, which spares the driver a search."""
    explain, judgement = _encoded(turn.explain), _encoded(turn.judge)
    flags = int(turn.stream), int(turn.judged), int(turn.late)
    return (*_values(turn), *flags, turn.drift.reason or None, turn.model, explain, judgement)


def _late_changes(turn_id: str, late: LateScore) -> dict[str, Any]:
    return {**_score_changes(turn_id, late.drift, late.coherence, late.explain), "new_late": True}


def _judged_changes(turn: Turn) -> dict[str, Any]:
    changes = _score_changes(turn.id, turn.drift, turn.coherence, turn.explain)
    return {**changes, "new_judge": _encoded(turn.judge), "new_judged": turn.judged}


def _score_changes(
    turn_id: str, drift: Drift, coherence: float | None, explain: Explain | None
) -> dict[str, Any]:
    return {
        "turn": turn_id,
        **{f"new_{axis.column}": getattr(drift, axis.name) for axis in AXES},
        "new_verdict": drift.verdict,
        "new_reason": drift.reason or None,
        "new_coherence": coherence,
        "new_explain": _encoded(explain),
    }


def _erased(turn: Turn) -> tuple[Any, ...]:
    """Return the row as a purge leaves it."""
    return (*_row(turn)[: -len(erasure.TURN)], *erasure.turn(turn.persona_id))


@lru_cache
def _insertion(rows: int) -> str:
    """Build the statement that inserts this many turns."""
    marks = ",".join([f"({','.join('?' * len(COLUMNS))})"] * rows)
    return f"INSERT INTO turns ({','.join(COLUMNS)}) VALUES {marks} ON CONFLICT (id) DO NOTHING"  # noqa: S608


async def turns(
    connection: AsyncConnection, workspace_id: str, wanted: Filter, *, limit: int = 50
) -> list[Stored]:
    """List turns without their details; those that ended last come first."""
    query: Select[Any] = select(*LISTED, *OWNED).select_from(OF_PERSONAS)
    query = _narrowed(query.where(TURN.workspace_id == workspace_id), wanted)
    if wanted.after is not None:
        query = query.where(TURN.seq < wanted.after)
    rows = await connection.execute(query.order_by(TURN.seq.desc()).limit(limit))
    return [_stored(row) for row in rows]


async def turn(connection: AsyncConnection, workspace_id: str, turn_id: str) -> Stored | None:
    query = select(*TURN, *OWNED).select_from(OF_PERSONAS)
    query = query.where(TURN.id == turn_id, TURN.workspace_id == workspace_id)
    row = (await connection.execute(query)).first()
    return _stored(row) if row else None


def feed(database: Database) -> Feed:
    """Open a place in the order in which turns end."""
    return database.feed(TURN.seq, TURN.id)


async def ended(connection: AsyncConnection, place: Feed, *, limit: int) -> Ended:
    """List the turns of every workspace that ended after this place, in that order, without their details."""
    found = await place.look(connection, select(*LISTED, *OWNED).select_from(OF_PERSONAS), limit)
    return Ended([_stored(row) for row in found.rows], found.is_lost)


def amendment_feed(database: Database) -> Feed:
    """Start a place in the order in which turns are amended."""
    return database.feed(AMENDMENT.seq, AMENDMENT.turn_id)


async def changed(connection: AsyncConnection, place: Feed, *, limit: int) -> Changed:
    """Find the amendments of every workspace behind this place, in their order."""
    found = await place.look(connection, select(*AMENDMENT), limit)
    return Changed(await _amended(connection, [fields(row) for row in found.rows]), found.is_lost)


async def amendments(
    connection: AsyncConnection, workspace_id: str, persona_id: str | None, after: After, *, limit: int
) -> list[Amended]:
    """Find the newest amendments of a workspace's turns behind a place, in their order."""
    query = select(*AMENDMENT).join(tables.turns, TURN.id == AMENDMENT.turn_id)
    query = query.where(TURN.workspace_id == workspace_id)
    if persona_id is not None:
        query = query.where(TURN.persona_id == persona_id)
    # A place without an amendment is that of the turn behind which they have come.
    is_later = AMENDMENT.behind >= after.seq if after.amendment is None else AMENDMENT.seq > after.amendment
    rows = await connection.execute(query.where(is_later).order_by(AMENDMENT.seq.desc()).limit(limit))
    return await _amended(connection, [fields(row) for row in reversed(list(rows))])


async def _amended(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[Amended]:
    if not rows:
        return []
    query = select(*LISTED, *OWNED).select_from(OF_PERSONAS)
    found = await connection.execute(query.where(TURN.id.in_({row["turn_id"] for row in rows})))
    by_id = {stored.turn.id: stored for stored in map(_stored, found)}
    return [
        Amended(row["seq"], row["behind"], row["kind"], by_id[row["turn_id"]])
        for row in rows
        if row["turn_id"] in by_id
    ]


async def newest(connection: AsyncConnection) -> int:
    """Return the place of the turn that ended last."""
    return (await connection.execute(select(func.max(TURN.seq)))).scalar() or 0


async def usage(connection: AsyncConnection, workspace_id: str, by: By, wanted: Filter) -> list[Sum]:
    """Sum up the turns, the largest group first; days come in their order."""
    group = GROUPS[by].label("group")
    counted = [
        func.count().label("requests"),
        *[func.coalesce(func.sum(TURN[name]), 0).label(name) for name in Usage.__struct_fields__],
        func.sum(TURN.cost_usd).label("cost_usd"),
        func.count().filter(TURN.cost_usd.is_(None), TURN.prompt_tokens.is_not(None)).label("unpriced"),
        func.count().filter(TURN.usage_source == "estimated").label("estimated"),
    ]
    query = select(group, *counted).where(TURN.workspace_id == workspace_id).group_by(group)
    order = group if by == "day" else func.count().desc()
    rows = await connection.execute(_narrowed(query, wanted).order_by(order).limit(1000))
    return [Sum(*row) for row in rows]


def _narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    exact = {
        TURN.persona_id: wanted.persona_id,
        TURN.version: wanted.version,
        TURN.verdict: wanted.verdict,
        TURN.status: wanted.status,
    }
    for column, value in exact.items():
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(TURN.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(TURN.created_at < wanted.until)
    return query


def _stored(found: Row[Any]) -> Stored:
    row = fields(found)
    levels = {axis.name: row[axis.column] for axis in AXES}
    drift = Drift(verdict=row["verdict"], reason=row["reason"] or UNSET, **levels)
    details = {name: _decoded(row.get(name), kind) for name, kind in DETAILS.items()}
    whole = {**row, "drift": drift, "usage": msgspec.convert(row, Usage), **details}
    return Stored(row["seq"], msgspec.convert(whole, Turn), owned(found))


def _encoded(value: Explain | Judgement | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _decoded(text: str | None, kind: Any) -> Any:
    return None if text is None else msgspec.json.decode(text, type=kind)
