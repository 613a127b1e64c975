"""The store on the command line."""

from pathlib import Path

from tests.cli.conftest import Persona


def test_an_upgrade_says_what_it_did(persona: Persona, folder: Path) -> None:
    url = f"sqlite:///{folder}/persona.db"
    assert persona("db", "upgrade").out == f"{url} now has schema 0001\n"
    assert persona("db", "upgrade").out == f"{url} already has schema 0001\n"


def test_a_store_is_made_in_a_folder_that_is_not_there_yet(persona: Persona, folder: Path) -> None:
    (folder / "config.toml").write_text("[store]\nurl = 'sqlite:///data/deep/persona.db'")
    persona("db", "upgrade")
    assert (folder / "data/deep/persona.db").is_file()
