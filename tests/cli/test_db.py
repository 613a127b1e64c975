"""The store on the command line."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.storage import copying, migrate
from gateway.storage.database import Database
from gateway.storage.revisions import newest
from tests.cli.conftest import Persona
from tests.fakes.postgres import Server

pytestmark = pytest.mark.slow


def test_an_upgrade_says_what_it_did(persona: Persona, bare: Path) -> None:
    url = f"sqlite:///{bare}/persona.db"
    assert persona("db", "upgrade").out == f"{url} now has schema {newest()}\n"
    assert persona("db", "upgrade").out == f"{url} already has schema {newest()}\n"


def test_a_store_is_made_in_a_folder_that_is_not_there_yet(persona: Persona, folder: Path) -> None:
    (folder / "config.toml").write_text("[store]\nurl = 'sqlite:///data/deep/persona.db'")
    persona("db", "upgrade")
    assert (folder / "data/deep/persona.db").is_file()


def test_a_store_of_the_first_schema_is_upgraded(persona: Persona, folder: Path) -> None:
    async def go_back() -> None:
        database = Database(f"sqlite:///{folder}/persona.db")
        await migrate.move(database, "0001")
        await database.close()

    asyncio.run(go_back())
    assert persona("db", "upgrade").out == f"sqlite:///{folder}/persona.db now has schema {newest()}\n"
    assert persona("turns", "--json").out == "[]\n"


def test_a_check_changes_nothing_and_fails_where_an_upgrade_is_needed(persona: Persona, folder: Path) -> None:
    async def go_back() -> None:
        database = Database(f"sqlite:///{folder}/persona.db")
        await migrate.move(database, "0001")
        await database.close()

    store = f"sqlite:///{folder}/persona.db"
    assert persona("db", "upgrade", "--check").out == f"{store} has schema {newest()}, which is the newest\n"
    asyncio.run(go_back())
    for _ in range(2):
        refused = persona("db", "upgrade", "--check", code=1)
        assert f"{store} has schema 0001, {newest()} is needed" in refused.err


def test_a_store_is_copied_into_an_empty_database(
    persona: Persona, folder: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "ROWS", 2)
    (folder / "muse.yml").write_text("slug: muse\nprompt: You are a muse.\n")
    persona("personas", "push", "muse.yml")
    for label in ("canary", "production", "staging"):
        persona("personas", "label", "muse@v1", label)
    before = persona("personas", "list", "--json").out
    with postgres.database() as url:
        copied = persona("db", "copy", url)
        assert "1  workspaces" in copied.out
        assert "postgres:" not in copied.out
        again = persona("db", "copy", url, code=1)
        assert "the target is not empty" in again.err
        (folder / "config.toml").write_text(f'[store]\nurl = "{url}"')
        assert persona("personas", "list", "--json").out == before
        # Numbers go on behind those that were copied.
        (folder / "muse.yml").write_text("slug: muse\nprompt: You are another muse.\n")
        assert "v2" in persona("personas", "push", "muse.yml").out


def test_a_copy_into_an_odd_place_is_refused(persona: Persona) -> None:
    assert "`postgresql://HOST/DATABASE` is needed" in persona("db", "copy", "mysql://a/b", code=1).err


def test_a_vacuum_gives_room_back(persona: Persona, folder: Path) -> None:
    persona("db", "upgrade")
    path = folder / "persona.db"
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("CREATE TABLE padding AS SELECT randomblob(2000000) AS data")
        store.execute("DROP TABLE padding")
    before = path.stat().st_size
    assert "MiB before" in persona("db", "vacuum").out
    assert path.stat().st_size < before - 1_500_000
    assert persona("turns", "--json").out == "[]\n"
