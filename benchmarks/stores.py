"""Stores with very many personas or turns, filled by SQL from one real row."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.gateway import SLUG, Home
from benchmarks.rig import say
from gateway.storage.revisions import newest

CACHE = Path(__file__).parent / ".cache"
BATCH = 500_000
COPIES = "ferryman"
AUTHORS = 100
"""Personas that the turns of a filled store are spread over."""


def with_personas(home: Home, count: int) -> None:
    """Fill the store up to `count` personas with copies of the measured one: `ferryman-1` and so on."""
    with _open(home.store) as connection:
        persona = connection.execute("SELECT id FROM personas WHERE slug = ?", (SLUG,)).fetchone()[0]
        for table, key, changes in (
            ("personas", "id", {"id": _id("psn"), "slug": f"'{COPIES}-' || n", "seq": "n + 1000000"}),
            ("versions", "persona_id", {"id": _id("ver"), "persona_id": _id("psn")}),
        ):
            _multiply(connection, table, f"{key} = '{persona}'", changes, 1, count)


def models(count: int, used: int = 10) -> list[str]:
    """List names of some of the copies, spread evenly over the store."""
    return [f"persona/{COPIES}-{1 + place * (count // used)}" for place in range(used)]


def turns_home(home: Home, count: int) -> Home:
    """Make a home whose store has `count` turns, kept between runs; `home` has to have recorded one."""
    folder = CACHE / f"turns-{count}-{newest()}"
    key = folder / "key"
    if not key.exists():
        say(f"filling a store with {count:,} turns, once")
        filled = home.copy(folder)
        fill_turns(filled, count)
        key.touch(mode=0o600)
        key.write_text(home.key, "utf-8")
    return Home(folder, key.read_text("utf-8"))


def fill_turns(home: Home, count: int) -> None:
    """Fill the store up to `count` turns with copies of its newest one.

    The indexes are made afterwards, which is much quicker.
    """
    with _open(home.store) as connection:
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'turns' AND type = 'index' AND sql <> ''"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM turns ORDER BY seq DESC LIMIT 1")
        connection.execute("DELETE FROM turns")
        author = f"printf('psn_%020d', n % {AUTHORS})"
        changes = {"seq": "n", "id": _id("msg"), "request_id": _id("req"), "persona_id": author}
        for first in range(1, count + 1, BATCH):
            _multiply(connection, "turns", "1", changes, first, min(BATCH, count - first + 1), source="kept")
        for _, sql in indexes:
            connection.execute(sql)


def _multiply(
    connection: sqlite3.Connection,
    table: str,
    where: str,
    changes: Mapping[str, str],
    first: int,
    count: int,
    *,
    source: str = "",
) -> None:
    """Insert copies of a row, numbered `n` from `first`; `changes` are expressions for some columns."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changes.get(column, column) for column in columns)
    connection.execute(
        f"WITH RECURSIVE counter(n) AS "
        f"(SELECT {first} UNION ALL SELECT n + 1 FROM counter WHERE n < {first + count - 1}) "
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {values} FROM counter, (SELECT * FROM {source or table} WHERE {where} LIMIT 1)"
    )
    connection.commit()


def _id(prefix: str) -> str:
    """Write the expression of an id that sorts before every real one."""
    return f"printf('{prefix}_%020d', n)"


@contextmanager
def _open(store: Path) -> Iterator[sqlite3.Connection]:
    """Open the store of a gateway that does not run, without what makes writing slow and safe."""
    with closing(sqlite3.connect(store)) as connection:
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -200000")
        yield connection
        connection.commit()
        connection.execute(f"PRAGMA journal_mode = {mode}")
