"""SQLite's driver takes a statement and gives its rows in one step of its thread.

SQLAlchemy makes it three steps: a cursor, the statement, the rows. Each is a way to the thread and back, and
costs more than most statements do.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util.concurrency import await_only


class _Done(NamedTuple):
    """This is left of a statement."""

    rows: Sequence[Any]
    description: Any
    rowcount: int
    lastrowid: int | None


class Cursor:
    """Gives SQLAlchemy its cursor, which has all its rows by the time that it has been executed."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")
    server_side = False

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: deque[Any] = deque()
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    def execute(self, operation: str, parameters: Any = ()) -> None:
        self._take(lambda cursor: cursor.execute(operation, parameters or ()))

    def executemany(self, operation: str, parameters: Any) -> None:
        self._take(lambda cursor: cursor.executemany(operation, parameters))

    def _take(self, statement: Callable[[sqlite3.Cursor], object]) -> None:
        done = self._connection.take(statement)
        self._rows = deque(done.rows)
        self.description, self.rowcount, self.lastrowid = done.description, done.rowcount, done.lastrowid

    def setinputsizes(self, *_sizes: Any) -> None:
        pass

    def close(self) -> None:
        self._rows.clear()

    def __iter__(self) -> Iterator[Any]:
        while self._rows:
            yield self._rows.popleft()

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        wanted = self.arraysize if size is None else size
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        found = list(self._rows)
        self._rows.clear()
        return found


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection whose transactions of readers begin with their first statement, in the same step."""

    __slots__ = ("_begin",)

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._begin: str | None = None

    def begin_with_next(self, begin: str) -> None:
        """Have the next statement begin a transaction, which sees the state that this statement sees."""
        self._begin = begin

    def cursor(self, server_side: bool = False) -> Any:
        return super().cursor(server_side=True) if server_side else Cursor(self)

    def take(self, statement: Callable[[sqlite3.Cursor], object]) -> _Done:
        """Execute a statement. Raises the driver's own errors."""
        driver, begin = self._connection, self._begin
        self._begin = None
        try:
            done: _Done = await_only(driver._execute(_take, driver._conn, begin, statement))
        except Exception as error:
            self._handle_exception(error)
            raise
        return done

    def rollback(self) -> None:
        if self._begin is None:
            super().rollback()
        # Nothing has begun otherwise.
        self._begin = None

    def commit(self) -> None:
        if self._begin is None:
            super().commit()
        self._begin = None


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """The driver as SQLAlchemy knows it, with these connections."""

    def connect(self, *arguments: Any, **named: Any) -> Connection:
        return Connection(self, super().connect(*arguments, **named)._connection)


def driver() -> Any:
    """Return the driver for an engine."""
    known = SQLiteDialect_aiosqlite.import_dbapi()
    return Driver(known.aiosqlite, known.sqlite)


def _take(
    connection: sqlite3.Connection, begin: str | None, statement: Callable[[sqlite3.Cursor], object]
) -> _Done:
    """Do it in the driver's thread."""
    if begin is not None:
        connection.execute(begin).close()
    cursor = connection.cursor()
    try:
        statement(cursor)
        rows = cursor.fetchall() if cursor.description else ()
        return _Done(rows, cursor.description, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()
