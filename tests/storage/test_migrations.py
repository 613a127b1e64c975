"""Migrations: every one goes up and down again, with data in the store, in every kind of store."""

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import MetaData, NullPool, create_engine, insert, make_url, select, text
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from gateway.personas.model import Content, Draft, Profile
from gateway.personas.store import personas
from gateway.storage import migrate, tables
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from gateway.storage.founding import APART, SCHEMA, found, written
from gateway.storage.revisions import MIGRATIONS, newest
from tests.fakes.store import opened
from tests.storage.schema import migrated

pytestmark = pytest.mark.slow
REVISIONS = sorted(path.stem[1:5] for path in (MIGRATIONS / "versions").glob("r*.py"))
PERSONA = tables.personas.c
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
WORKSPACE = {"id": "ws_1", "name": "mine", "mode": "live", "created_at": 1}
COLLATIONS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'alembic_version'
    AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'
"""


def kept(database: Database) -> tuple[list[tuple[str, ...]], set[str]]:
    """Read what stands in the store, and the schema in words, by a driver that waits for no event loop."""
    found = MetaData()
    url = make_url(database.url)
    engine = create_engine(url.set(drivername=DRIVERS[url.get_backend_name()]), poolclass=NullPool)
    with engine.connect() as connection:
        # SQLite's indexes of words are virtual tables, and stand on tables of their own.
        found.reflect(connection, only=lambda name, _: "_words" not in name)
        rows = connection.execute(text("SELECT id, name FROM workspaces")).all()
    made: list[ExecutableDDLElement] = [CreateTable(table) for table in found.sorted_tables]
    made += [CreateIndex(index) for table in found.sorted_tables for index in table.indexes]
    return [tuple(row) for row in rows], {" ".join(str(each.compile(engine)).split()) for each in made}


async def test_a_store_goes_down_and_up_through_every_schema_with_its_data(place: Path | str) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            await connection.execute(insert(tables.workspaces).values(WORKSPACE))
        known = {newest(): kept(database)}
        for above, revision in pairwise(reversed(REVISIONS)):
            await migrate.move(database, revision)
            assert await database.revision() == revision
            rows, _ = known[revision] = kept(database)
            assert rows == [("ws_1", "mine")], revision
            await migrate.move(database, above)
            assert kept(database) == known[above], above
            await migrate.move(database, revision)
        assert kept(database) == known[REVISIONS[0]]
        await migrate.upgrade(database)
        assert await database.revision() == newest()
        assert kept(database) == known[newest()]


def told(schema: str) -> set[tuple[tuple[str, ...], frozenset[str]]]:
    """Tell columns in their order, and constraints without one: a table that is made anew mixes them."""
    found = set()
    for statement in schema.split(APART):
        lines = [line.strip().removesuffix(",") for line in statement.splitlines()]
        constraints = frozenset(line for line in lines if line.startswith("CONSTRAINT"))
        found.add((tuple(line for line in lines if line not in constraints), constraints))
    return found


async def test_a_new_store_is_as_if_every_migration_had_made_it(tmp_path: Path) -> None:
    path, old = tmp_path / "new.db", tmp_path / "old.db"
    for each in (path, old):
        each.touch()
    assert found(path)
    schema = written(path)
    assert schema == SCHEMA.read_text("utf-8"), "`make schema` writes it anew"
    revision = schema.rpartition("'")[0][-4:]
    assert revision in REVISIONS
    assert told(schema) == told(await migrated(old, revision))
    assert not found(path)


async def test_a_file_that_cannot_be_given_its_tables_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(b"")
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("CREATE TABLE mine (name TEXT)")
        assert not found(path)
    assert not found(tmp_path)


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
async def test_texts_are_compared_byte_by_byte_in_every_store(place: str) -> None:
    async with opened(place) as database, database.read() as connection:
        assert (await connection.execute(text(COLLATIONS))).all() == []


async def test_a_language_loses_whole_subtags_on_the_way_down(place: Path | str) -> None:
    content = Content(prompt="You are a muse.", language="zh-Hant-TW")
    async with opened(place) as database:
        async with database.write() as connection:
            await connection.execute(insert(tables.workspaces).values(WORKSPACE))
            await personas.push(connection, Draft(Profile(slug="muse", name="Muse"), content), Actor("ws_1"))
        await migrate.move(database, "0013")
        async with database.read() as connection:
            assert (await connection.execute(text("SELECT language FROM versions"))).scalar() == "zh-Hant"


async def test_personas_are_numbered_by_their_ids(place: Path | str) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            await connection.execute(insert(tables.workspaces).values(WORKSPACE))
            for slug in ("muse", "guide", "clerk"):
                draft = Draft(Profile(slug=slug, name=slug), Content(prompt="You are here."))
                await personas.push(connection, draft, Actor("ws_1"))
        await migrate.move(database, "0021")
        await migrate.upgrade(database)
        async with database.read() as connection:
            found = await connection.scalars(select(PERSONA.seq).order_by(PERSONA.id))
            assert list(found) == [1, 2, 3]


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
async def test_places_in_the_order_of_a_table_have_64_bits(place: str) -> None:
    columns = "SELECT table_name FROM information_schema.columns"
    narrow = f"{columns} WHERE column_name = 'seq' AND data_type = 'integer'"
    async with opened(place) as database, database.read() as connection:
        assert set(await connection.scalars(text(narrow))) == set()
