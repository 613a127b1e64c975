"""Backups: made while others write, whole, and served from once they are put back."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Persona

pytestmark = pytest.mark.slow

CONFIG = "[upstreams.main]\nbase_url = 'http://127.0.0.1:1/v1'\ndefault_model = 'm'\n"


@pytest.fixture
def filled(persona: Persona, folder: Path) -> str:
    """Make a store with a persona and a key, the end of which is in its write-ahead log; return the key."""
    (folder / "config.toml").write_text(CONFIG)
    (folder / "a.yml").write_text("slug: a\nprompt: p")
    key = persona("keys", "create").out.strip()
    persona("personas", "push", "a.yml")
    return key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def slugs(persona: Persona, *more: str) -> list[str]:
    return [each["slug"] for each in json.loads(persona("personas", "list", "--json", *more).out)]


def test_a_backup_holds_all_three_and_is_its_owner_s_alone(
    persona: Persona, folder: Path, filled: str
) -> None:
    told = persona("db", "backup", "kept").out
    assert told == "kept holds persona.db, persona.pepper, config.toml; the store is checked and whole\n"
    files = sorted((folder / "kept").iterdir())
    assert [path.name for path in files] == ["config.toml", "persona.db", "persona.pepper"]
    assert [mode(folder / "kept"), *map(mode, files)] == [0o700, 0o600, 0o600, 0o600]


PICTURE = "0190b3a2-7c1e-7def-8000-0123456789ab.png"


def test_a_backup_has_the_pictures_and_nothing_else_of_their_folder(
    persona: Persona, folder: Path, filled: str
) -> None:
    shelf = folder / "images"
    shelf.mkdir()
    for name, data in ((PICTURE, b"png"), (f".{PICTURE}", b"pn"), ("notes.txt", b"mine")):
        (shelf / name).write_bytes(data)
    told = persona("db", "backup", "kept").out
    assert told.startswith("kept holds persona.db, persona.pepper, config.toml, images; ")
    (kept,) = (folder / "kept/images").iterdir()
    assert (kept.name, kept.read_bytes(), mode(kept), mode(kept.parent)) == (PICTURE, b"png", 0o600, 0o700)
    (shelf / PICTURE).unlink()
    assert f"{shelf} restored" in persona("db", "restore", "kept").out.splitlines()
    assert (shelf / PICTURE).read_bytes() == b"png"
    assert (shelf / "notes.txt").read_bytes() == b"mine"


def test_pictures_in_a_bucket_are_said_to_stay_there(persona: Persona, folder: Path, filled: str) -> None:
    pytest.importorskip("obstore")
    persona("db", "backup", "kept")
    (folder / "kept/images").mkdir()
    (folder / "config.toml").write_text(f"{CONFIG}[images]\nstore = 's3://bucket/personas'\n")
    assert (
        persona("db", "backup", "again").err
        == "the pictures are in s3://bucket/personas, not in the backup\n"
    )
    assert "stays there, since [images] store is s3://bucket/personas" in persona("db", "restore", "kept").err


def test_a_backup_sees_what_is_only_in_the_log(persona: Persona, folder: Path, filled: str) -> None:
    with closing(sqlite3.connect(folder / "persona.db")) as busy:
        busy.execute("SELECT count(*) FROM personas").fetchone()
        (folder / "b.yml").write_text("slug: b\nprompt: p")
        persona("personas", "push", "b.yml")
        persona("db", "backup", "kept")
    with closing(sqlite3.connect(folder / "kept/persona.db")) as copy:
        assert copy.execute("SELECT slug FROM personas ORDER BY slug").fetchall() == [("a",), ("b",)]


def test_a_backup_goes_over_nothing(persona: Persona, folder: Path, filled: str) -> None:
    (folder / "kept").mkdir()
    told = persona("db", "backup", "kept", code=1).err
    assert told == "Error: kept is there already; name a folder that is not\n"
    assert not list((folder / "kept").iterdir())


def test_a_damaged_store_makes_no_backup(persona: Persona, folder: Path, filled: str) -> None:
    with closing(sqlite3.connect(folder / "persona.db")) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = bytearray((folder / "persona.db").read_bytes())
    for at in range(8 * 4096, len(pages), 4096):
        pages[at : at + 64] = b"x" * 64
    (folder / "persona.db").write_bytes(pages)
    assert persona("db", "backup", "kept", code=1).err.startswith("Error: ")
    assert [path.name for path in folder.glob("kept*")] == []


def test_a_backup_is_put_back_and_what_stood_there_is_kept(
    persona: Persona, folder: Path, filled: str
) -> None:
    persona("db", "backup", "kept")
    (folder / "b.yml").write_text("slug: b\nprompt: p")
    persona("personas", "push", "b.yml")
    (folder / "persona.pepper").write_text("f" * 64)
    told = persona("db", "restore", "kept").out.splitlines()
    assert told == [
        f"{folder}/persona.db.before-1 kept",
        f"{folder}/persona.db restored",
        f"{folder}/persona.pepper.before-1 kept",
        f"{folder}/persona.pepper restored",
    ]
    assert slugs(persona) == ["a"]
    assert persona("keys", "create").out
    with closing(sqlite3.connect(folder / "persona.db.before-1")) as before:
        assert before.execute("SELECT count(*) FROM personas").fetchone() == (2,)


def test_an_empty_machine_is_restored_with_the_configuration(
    persona: Persona, folder: Path, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    persona("db", "backup", "kept")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    persona("db", "restore", "../kept")
    assert (elsewhere / "config.toml").read_text() == CONFIG
    assert slugs(persona) == ["a"]
    assert mode(elsewhere / "persona.pepper") == 0o600


@pytest.mark.parametrize("content", [None, b"no store"])
def test_what_is_no_backup_is_refused(
    persona: Persona, folder: Path, filled: str, content: bytes | None
) -> None:
    (folder / "kept").mkdir()
    if content is not None:
        (folder / "kept/persona.db").write_bytes(content)
    persona("db", "restore", "kept", code=1)
    assert slugs(persona) == ["a"]
    assert not list(folder.glob("*.before-*"))


def test_a_foreign_pepper_stops_what_needs_it(persona: Persona, folder: Path, filled: str) -> None:
    (folder / "persona.pepper").write_text("f" * 64)
    told = persona("keys", "create", code=1).err
    assert told.startswith(f"Error: {folder}/persona.pepper is not the pepper that this store's keys were")
    persona("db", "new-pepper", "--yes")
    persona("keys", "create")
