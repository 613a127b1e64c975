"""The store on the command line."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.storage.database import HEAD
from tests.cli.conftest import Persona


def test_an_upgrade_says_what_it_did(persona: Persona, bare: Path) -> None:
    url = f"sqlite:///{bare}/persona.db"
    assert persona("db", "upgrade").out == f"{url} now has schema {HEAD}\n"
    assert persona("db", "upgrade").out == f"{url} already has schema {HEAD}\n"


def test_a_store_is_made_in_a_folder_that_is_not_there_yet(persona: Persona, folder: Path) -> None:
    (folder / "config.toml").write_text("[store]\nurl = 'sqlite:///data/deep/persona.db'")
    persona("db", "upgrade")
    assert (folder / "data/deep/persona.db").is_file()


def test_a_store_of_the_first_schema_is_upgraded(persona: Persona, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "persona.db")) as store, store:
        columns = {"turns": ("explain", "judge"), "versions": ("allow",)}
        for table, name in [(table, name) for table, names in columns.items() for name in names]:
            store.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
        store.execute("DROP TABLE properties")
        store.execute("UPDATE alembic_version SET version_num = '0001'")
    assert persona("db", "upgrade").out == f"sqlite:///{folder}/persona.db now has schema {HEAD}\n"
    assert persona("turns", "--json").out == "[]\n"
