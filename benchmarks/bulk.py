"""A store of either kind is filled by SQL: one real row becomes as many as are wanted, with numbers `n`."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg

CACHE_KB = 400_000


class Connection(Protocol):
    def execute(self, statement: Any, /) -> Any: ...

    def commit(self) -> None: ...


class Bulk:
    """Fills a store that nobody else has open; each dialect numbers rows and lists indexes in its own way."""

    counter: str
    padded: str
    indexes: str
    """Lists the indexes of a table that may be dropped, each with the statement that makes it again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str) -> list[Any]:
        cursor = self._connection.execute(statement)
        found = cursor.fetchall() if cursor.description else []
        self._connection.commit()
        return list(found)

    def id(self, prefix: str, number: str = "n") -> str:
        """Write the expression of an id that sorts before every real one."""
        return f"'{prefix}_' || {self.padded.format(number)}"

    def with_word(self, tokens: str, word: str) -> str:
        """Write the expression of what is indexed, with one word more."""
        raise NotImplementedError

    def columns(self, table: str) -> list[str]:
        cursor = self._connection.execute(f"SELECT * FROM {table} LIMIT 0")
        return [column[0] for column in cursor.description]

    def multiply(
        self,
        table: str,
        where: str,
        changes: Mapping[str, str],
        first: int,
        count: int,
        columns: Sequence[str] = (),
    ) -> None:
        """Insert copies of a row, numbered from `first`; `changes` are expressions for some columns."""
        names = ", ".join(columns or self.columns(table))
        values = ", ".join(changes.get(name, name) for name in columns or self.columns(table))
        counter = self.counter.format(first=first, last=first + count - 1)
        source = f"SELECT {names} FROM {table} WHERE {where} LIMIT 1"
        self.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM ({counter}) AS c, ({source}) AS o")

    @contextmanager
    def without_indexes(self, table: str) -> Iterator[None]:
        """Drop the indexes of a table meanwhile: they are made in a fraction of the time afterwards."""
        found = self.execute(self.indexes.format(table=table))
        for drop, _ in found:
            self.execute(drop)
        yield
        for _, make in found:
            self.execute(make)


class Sqlite(Bulk):
    counter = (
        "WITH RECURSIVE counter(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counter WHERE n < {last}) "
        "SELECT n FROM counter"
    )
    padded = "printf('%020d', {})"
    indexes = (
        "SELECT 'DROP INDEX ' || name, sql FROM sqlite_master "
        "WHERE tbl_name = '{table}' AND type = 'index' AND sql <> ''"
    )

    def with_word(self, tokens: str, word: str) -> str:
        return f"{tokens} || ' ' || {word}"


class Postgres(Bulk):
    counter = "SELECT generate_series(CAST({first} AS bigint), {last}) AS n"
    padded = "lpad(CAST({} AS text), 20, '0')"
    indexes = """
        SELECT format('ALTER TABLE {table} DROP CONSTRAINT %I', conname),
               format('ALTER TABLE {table} ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'u'
        UNION ALL
        SELECT format('DROP INDEX %I', c.relname), pg_get_indexdef(i.indexrelid)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = '{table}'::regclass AND NOT i.indisunique
    """

    def with_word(self, tokens: str, word: str) -> str:
        return f"{tokens} || CAST({word} AS tsvector)"


@contextmanager
def opened(url: str) -> Iterator[Bulk]:
    """Open a store of which nothing is written safely meanwhile."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")))) as file:
            for pragma in (
                "journal_mode = OFF",
                "synchronous = OFF",
                f"cache_size = -{CACHE_KB}",
                "threads = 2",
            ):
                file.execute(f"PRAGMA {pragma}").fetchall()
            yield Sqlite(file)
            file.commit()
            file.execute("PRAGMA journal_mode = WAL").fetchall()
        return
    place = urlsplit(url)._replace(scheme="postgresql").geturl()
    with psycopg.connect(place) as server:
        server.execute("SET synchronous_commit = off")
        server.execute(f"SET maintenance_work_mem = '{CACHE_KB}kB'")
        yield Postgres(server)
