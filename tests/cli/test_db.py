"""The store on the command line."""

import asyncio
from pathlib import Path

from gateway.storage import migrate
from gateway.storage.database import Database
from gateway.storage.revisions import newest
from tests.cli.conftest import Persona


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
