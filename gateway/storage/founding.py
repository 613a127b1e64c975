"""A new file of SQLite is given its whole schema at once, as all migrations together would leave it."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

SCHEMA = Path(__file__).with_name("schema.sql")
"""`make schema` writes it, from a store that migrations have made; newer migrations go on from there."""
APART = ";\n\n"
"""Stands between two statements, and in none."""
KEPT = """
    SELECT sql FROM sqlite_master AS made
    WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_' AND NOT EXISTS (
        SELECT * FROM sqlite_master AS virtual WHERE virtual.sql LIKE 'CREATE VIRTUAL %'
        AND substr(made.name, 1, length(virtual.name) + 1) = virtual.name || '_'
    )
    ORDER BY type = 'index', CASE type WHEN 'index' THEN name END, rowid
"""
"""The statements that made a store. Indexes come last, by name, since a table that is made anew gets them in
any order; a virtual table makes those tables itself that it stands on."""


def found(path: Path) -> bool:
    """Make the tables in an empty file, in one transaction, and tell whether that was done.

    To run each migration would take the first start 0.15 s. What fails here, such as a full disk, fails in
    the migrations again, which tell of it.
    """
    with suppress(sqlite3.Error, OSError), closing(sqlite3.connect(path, isolation_level=None)) as driver:
        driver.execute("BEGIN IMMEDIATE")
        ((there,),) = driver.execute("SELECT count(*) FROM sqlite_master")
        if there:
            return False
        for statement in SCHEMA.read_text("utf-8").split(APART):
            driver.execute(statement)
        driver.execute("COMMIT")
        return True
    return False


def written(path: Path) -> str:
    """Write down how the store in this file was made."""
    with closing(sqlite3.connect(path)) as driver:
        ((revision,),) = driver.execute("SELECT version_num FROM alembic_version")
        made = [statement for (statement,) in driver.execute(KEPT)]
    return APART.join([*made, f"INSERT INTO alembic_version VALUES ('{revision}')\n"])  # noqa: S608 - ours
