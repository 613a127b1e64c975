"""Turns are summed up by the hour in which they began; the sums stay when the turns are deleted."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    Label,
    Select,
    String,
    Table,
    case,
    cast,
    func,
    literal_column,
    select,
)

from gateway.storage import tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import fields
from gateway.storage.insertion import insertion
from gateway.turns.view import By

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
TOKENS = tables.TOKENS
GROUPS_SHOWN = 1000

USAGE, DRIFT = tables.usage_hours.c, tables.drift_hours.c
GROUPS: dict[By, ColumnElement[Any]] = {
    "key": USAGE.key_id,
    "persona": func.nullif(USAGE.persona_id, ""),
    "version": case(
        (USAGE.version > 0, USAGE.persona_id + literal_column("'@v'") + cast(USAGE.version, String))
    ),
    "upstream": func.nullif(USAGE.upstream, ""),
    "day": USAGE.hour - USAGE.hour % DAY_MS,
    "hour": USAGE.hour,
}
Row = dict[str, Any]
"""Figures by the column, and the key of the row that they belong to."""


class Span(msgspec.Struct, frozen=True):
    """Whole hours; times are milliseconds since the epoch, and `None` is no limit."""

    since: int | None = None
    until: int | None = None

    def holds(self, hour: ColumnElement[int]) -> list[ColumnElement[bool]]:
        """The hours that lie within it, and those at its ends of which a part does."""
        first = [] if self.since is None else [hour >= self.since - self.since % HOUR_MS]
        return first if self.until is None else [*first, hour < self.until]


async def add(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Add figures to those of the rows that bear the same keys; a figure below 0 takes something back.

    The database adds them up itself, so that several writers cannot lose each other's.
    """
    if rows:
        keys = [column.name for column in table.primary_key]
        # In one order, so that no two writers wait for each other's rows.
        ordered = sorted(rows, key=lambda row: [row[key] for key in keys])
        # SQLAlchemy would look at each of a hundred values.
        statement, names = _addition(table, connection.dialect)
        await connection.exec_driver_sql(statement, [tuple([row[name] for name in names]) for row in ordered])


@lru_cache
def _addition(table: Table, dialect: Dialect) -> tuple[str, Sequence[str]]:
    """Write the statement as the driver takes it, and name its values in their order."""
    insert = insertion(table, dialect.name)
    keys = [column.name for column in table.primary_key]
    sums = {
        column.name: column + insert.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    written: Any = insert.on_conflict_do_update(index_elements=keys, set_=sums).compile(dialect=dialect)
    return written.string, written.positiontup


async def usage(
    connection: AsyncConnection, workspace_id: str, by: By, span: Span, persona_id: str | None = None
) -> list[Row]:
    """Sum up usage, the largest group first; days and hours come in their order.

    `value` is what a group has in common, for days and hours the first millisecond.
    """
    group, requests = GROUPS[by].label("value"), summed(USAGE.turns)
    names = ("failed", "cancelled", *TOKENS, "unpriced", "estimated")
    query = select(
        group,
        requests.label("requests"),
        *[summed(USAGE[name]).label(name) for name in names],
        case((func.sum(USAGE.priced) > 0, func.sum(USAGE.cost_usd))).label("cost_usd"),
    ).where(USAGE.workspace_id == workspace_id, *span.holds(USAGE.hour))
    if persona_id is not None:
        query = query.where(USAGE.persona_id == persona_id)
    order = group if by in ("day", "hour") else requests.desc()
    found = await connection.execute(query.group_by(group).order_by(order).limit(GROUPS_SHOWN))
    return [fields(row) for row in found]


async def lived(
    connection: AsyncConnection,
    workspace_id: str,
    persona_id: str | None,
    version: int | None,
    upstream: str | None,
) -> Span | None:
    """Find the hours within which turns of these began; `None` where there was none."""
    query = select(func.min(USAGE.hour), func.max(USAGE.hour)).where(USAGE.workspace_id == workspace_id)
    exact = {USAGE.persona_id: persona_id, USAGE.version: version, USAGE.upstream: upstream}
    for column, value in exact.items():
        if value is not None:
            query = query.where(column == value)
    first, last = (await connection.execute(query)).one()
    return None if first is None else Span(first, last + HOUR_MS)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Says which turns of a persona are summed up, and into how long pieces."""

    workspace_id: str
    persona_id: str
    span: Span
    bucket: int
    """Milliseconds: an hour, or a day."""
    version: int | None = None
    upstream: str | None = None


async def _pieces(connection: AsyncConnection, wanted: Wanted) -> int:
    """Count what is to be summed up; only keys are read, of which there is an index."""
    keys = select(DRIFT.version, DRIFT.upstream, _at(wanted)).where(*_chosen(wanted)).distinct()
    return (await connection.execute(select(func.count()).select_from(keys.subquery()))).scalar() or 0


async def drift(connection: AsyncConnection, wanted: Wanted, most: int) -> list[Row] | None:
    """Sum up scores for each version, upstream and piece of time, in their order.

    It gives `None` where there are more than `most`: to add up too much would take the longest of all.
    """
    if await _pieces(connection, wanted) > most:
        return None
    at = _at(wanted)
    figures = [column for column in tables.drift_hours.columns if not column.primary_key]
    query: Select[Any] = select(
        DRIFT.version, DRIFT.upstream, at, *[summed(column).label(column.name) for column in figures]
    ).where(*_chosen(wanted))
    query = query.group_by(DRIFT.version, DRIFT.upstream, at).order_by(DRIFT.version, DRIFT.upstream, at)
    found = await connection.execute(query)
    return [fields(row) for row in found]


def _at(wanted: Wanted) -> Label[int]:
    return (DRIFT.hour - DRIFT.hour % wanted.bucket).label("at")


def _chosen(wanted: Wanted) -> list[ColumnElement[bool]]:
    exact = {DRIFT.version: wanted.version, DRIFT.upstream: wanted.upstream}
    return [
        DRIFT.workspace_id == wanted.workspace_id,
        DRIFT.persona_id == wanted.persona_id,
        *wanted.span.holds(DRIFT.hour),
        *[column == value for column, value in exact.items() if value is not None],
    ]


def summed(column: Column[Any]) -> ColumnElement[Any]:
    """Add up a column; PostgreSQL would make a number of another type of it."""
    return cast(func.sum(column), column.type)
