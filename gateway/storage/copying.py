"""A store is copied into another one, of whatever kind, row by row and counted."""

from sqlalchemy import Integer, Table, func, insert, select, tuple_

from gateway.storage import migrate, tables
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database, fields
from gateway.storage.revisions import newest

ROWS = 500
"""Rows that are held at once."""


class CopyError(Exception):
    """A copy that cannot be made; the message says why, and the target is as it was."""


async def copy(source: Database, target: Database) -> dict[str, int]:
    """Copy every table into the target, which must be empty, and return the numbers of rows by table.

    The target is brought to this version's schema first. All rows come from one state of the source, and they
    appear in the target together, once their numbers are equal. Raises CopyError, StoreUnavailable.
    """
    if await source.revision() != newest():
        raise CopyError("the store has an older schema; run `persona db upgrade` first")
    await migrate.upgrade(target)
    copied: dict[str, int] = {}
    async with source.read() as reading, target.write() as writing:
        for table in tables.metadata.sorted_tables:
            if await _count(writing, table):
                raise CopyError(f"the target is not empty: it has rows in `{table.name}`")
        for table in tables.metadata.sorted_tables:
            copied[table.name] = await _copy_table(reading, writing, table)
            if await _count(writing, table) != await _count(reading, table):
                raise CopyError(f"`{table.name}` has other numbers of rows in the two stores")
    return copied


async def _copy_table(reading: AsyncConnection, writing: AsyncConnection, table: Table) -> int:
    """Copy in the order of the primary key, some rows at a time."""
    order = list(table.primary_key.columns)
    count, last = 0, None
    while True:
        query = select(table).order_by(*order).limit(ROWS)
        if last is not None:
            query = query.where(tuple_(*order) > tuple_(*last))
        rows = [fields(row) for row in await reading.execute(query)]
        if not rows:
            break
        await writing.execute(insert(table), rows)
        count, last = count + len(rows), [rows[-1][column.name] for column in order]
    if count and _is_numbered(table):
        await _number_on(writing, table)
    return count


def _is_numbered(table: Table) -> bool:
    """Tell whether the database itself numbers the rows."""
    key = list(table.primary_key.columns)
    return len(key) == 1 and isinstance(key[0].type, Integer) and key[0].autoincrement is True


async def _number_on(connection: AsyncConnection, table: Table) -> None:
    """Let the next row get a number that is not taken; SQLite sees to that by itself."""
    if connection.dialect.name != "postgresql":
        return
    (key,) = table.primary_key.columns
    highest = select(func.max(key)).scalar_subquery()
    sequence = func.pg_get_serial_sequence(table.name, key.name)
    await connection.execute(select(func.setval(sequence, highest)))


async def _count(connection: AsyncConnection, table: Table) -> int:
    return (await connection.execute(select(func.count()).select_from(table))).scalar() or 0
