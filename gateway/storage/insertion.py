"""Many rows are inserted at once, past SQLAlchemy, which would look at each of their values."""

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from itertools import chain
from typing import Any

from sqlalchemy import Boolean, Table

from gateway.storage.connection import AsyncConnection

ROWS = 32
"""Rows in one statement; between two of them the driver's thread and the event loop wait for each other."""


def insertion(table: Table, dialect: str) -> Any:
    """Begin an insertion that says what becomes of rows that are there already.

    Only the dialect that is spoken is loaded; PostgreSQL's is large.
    """
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


async def insert_new(
    connection: AsyncConnection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert the rows whose `id` is not there yet; booleans are given as 0 and 1."""
    numbered = connection.dialect.paramstyle == "numeric_dollar"
    if numbered:
        flags = [at for at, name in enumerate(columns) if isinstance(table.c[name].type, Boolean)]
        rows = [_with_booleans(row, flags) for row in rows]
    several = len(rows) - len(rows) % ROWS
    if several:
        blocks = [tuple(chain.from_iterable(rows[at : at + ROWS])) for at in range(0, several, ROWS)]
        await connection.exec_driver_sql(_statement(table.name, columns, ROWS, numbered), blocks)
    if rows[several:]:
        await connection.exec_driver_sql(_statement(table.name, columns, 1, numbered), rows[several:])


def _with_booleans(row: tuple[Any, ...], flags: Sequence[int]) -> tuple[Any, ...]:
    """Turn numbers into booleans, as PostgreSQL wants them; SQLite's driver would have to search for them."""
    values = list(row)
    for at in flags:
        values[at] = bool(values[at])
    return tuple(values)


@lru_cache
def _statement(table: str, columns: tuple[str, ...], rows: int, numbered: bool) -> str:
    marks = [f"${at}" if numbered else "?" for at in range(1, rows * len(columns) + 1)]
    width = len(columns)
    values = ",".join(f"({','.join(marks[at : at + width])})" for at in range(0, len(marks), width))
    # SQLite keeps no journal of a statement that may fail in the middle, which is a sixth of its work; of one
    # that has failed nothing is left all the same, since its transaction is rolled back.
    insert = "INSERT" if numbered else "INSERT OR FAIL"
    return f"{insert} INTO {table} ({','.join(columns)}) VALUES {values} ON CONFLICT (id) DO NOTHING"
