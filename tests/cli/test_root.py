"""The command line as a whole: every command explains itself, and every failure is one line."""

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import rich_click as click

import gateway
from gateway.cli import failures, root
from gateway.cli.root import Deferred
from gateway.storage.failure import StoreUnavailable, UnfitError
from gateway.storage.revisions import newest
from tests.cli.conftest import Persona


def walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    loaded = command.load() if isinstance(command, Deferred) else command
    yield path, loaded
    if isinstance(loaded, click.Group):
        for name, below in loaded.commands.items():
            yield from walk(below, (*path, name))


COMMANDS = dict(walk(root.persona, ()))
OF_NO_GATEWAY_HERE = {
    ("demo",),
    ("drift", "eval"),
    ("mcp", "serve"),
    ("population", "export"),
    ("population", "validate"),
}
"""These read the files that they are given, ask a gateway wherever that is, or bring one of their own."""


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example(persona: Persona, path: tuple[str, ...]) -> None:
    shown = persona(*path, "--help").out
    assert "Example:" in shown
    assert f"$ {' '.join(['persona', *path])}" in shown.replace("$ KEY=$(persona", "$ persona")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_takes_a_configuration_file(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    options = [option for parameter in command.params for option in parameter.opts]
    is_only_a_group = isinstance(command, click.Group) and not command.invoke_without_command
    needs_none = is_only_a_group or path in OF_NO_GATEWAY_HERE
    assert ("--config" in options) != needs_none


def test_every_list_takes_json() -> None:
    for path, command in COMMANDS.items():
        if path[-1:] == ("list",):
            assert any("--json" in parameter.opts for parameter in command.params)


@pytest.mark.parametrize("name", root.COMMANDS)
def test_a_command_is_summed_up_alike_in_both_places(name: str) -> None:
    help_text = COMMANDS[(name,)].help or ""
    assert help_text.split("\n\n")[0] == root.COMMANDS[name]


def test_the_version_is_shown(persona: Persona) -> None:
    assert persona("--version").out == f"persona, version {gateway.__version__}\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["pusch"], "Error: No such command 'pusch' (see `persona --help`)\n"),
        (["keys", "revoke"], "Error: Missing argument 'ID' (see `persona keys revoke --help`)\n"),
        (["keys", "list", "--jsn"], "(see `persona keys list --help`)\n"),
        (
            ["keys", "list", "--config", "none.toml"],
            "Error: none.toml: there is no such configuration file\n",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(persona: Persona, args: list[str], message: str) -> None:
    assert persona(*args, code=2).err.endswith(message)


def test_the_configuration_comes_from_the_option_then_the_environment_then_here(
    persona: Persona, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("option", "environment", "config"):
        (folder / f"{name}.toml").write_text(f"[store]\nurl = 'sqlite:///{name}.db'")
    persona("db", "upgrade")
    assert (folder / "config.db").exists()
    monkeypatch.setenv("PERSONA_CONFIG", "environment.toml")
    persona("db", "upgrade")
    assert (folder / "environment.db").exists()
    persona("db", "upgrade", "--config", "option.toml")
    assert (folder / "option.db").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("keys", "list"),
        ("keys", "create"),
        ("personas", "push", "a.yml"),
        ("workspaces", "list"),
        ("turns",),
        ("chat", "a", "-m", "Hi"),
        ("conversations", "list"),
        ("usage",),
        ("audit",),
        ("db", "new-pepper", "--yes"),
        ("db", "backup", "there"),
    ],
)
def test_a_command_makes_no_store(persona: Persona, bare: Path, command: tuple[str, ...]) -> None:
    (bare / "a.yml").write_text("slug: a\nprompt: p")
    told = persona(*command, code=1).err
    assert told.startswith(
        f"Error: there is no store at {bare}/persona.db, for want of a config.toml in {bare}; name the"
    )
    assert not list(bare.glob("persona.*"))
    (bare / "config.toml").write_text("[store]\nurl = 'sqlite:///other.db'")
    told = persona(*command, code=1).err
    assert f"no store at {bare}/other.db, which {bare}/config.toml names; name the gateway's" in told


def test_a_mistaken_configuration_names_the_place(persona: Persona, folder: Path) -> None:
    (folder / "config.toml").write_text("[server]\nprot = 1")
    assert persona("keys", "list", code=2).err.endswith(
        "config.toml: table [server] has no key `prot`; did you mean `port`?\n"
    )


def test_a_secret_that_is_not_set_does_not_stop_a_command(persona: Persona, folder: Path) -> None:
    (folder / "config.toml").write_text("[upstreams.openai]\napi_key_env = 'NOWHERE_SET'")
    persona("keys", "list")


def test_a_file_that_is_no_store_is_named(persona: Persona, folder: Path) -> None:
    (folder / "persona.db").write_text("this is not a database, and no attempt at one")
    assert persona("keys", "list", code=1).err.endswith("persona.db: file is not a database\n")


def test_a_store_that_cannot_be_made_is_named(persona: Persona, bare: Path) -> None:
    (bare / "persona.db").mkdir()
    assert persona("db", "upgrade", code=1).err.endswith("persona.db: Is a directory\n")


def test_a_store_of_a_newer_version_is_left_alone(persona: Persona, folder: Path) -> None:
    persona("db", "upgrade")
    with sqlite3.connect(folder / "persona.db") as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    message = f"Error: the store has schema 9999, newer than this version's {newest()}\n"
    assert persona("keys", "list", code=1).err == message
    assert persona("db", "upgrade", code=1).err == message


def test_an_unknown_workspace_is_named(persona: Persona) -> None:
    told = persona("keys", "list", "--workspace", "acme", code=1).err
    assert told == "Error: there is no workspace `acme`; `persona workspaces create acme` makes one\n"


def test_a_locked_store_is_foreseen() -> None:
    locked = StoreUnavailable("database is locked")
    assert failures.explain(locked) == ("the store: database is locked", 1)


def test_a_full_disk_is_foreseen() -> None:
    assert failures.explain(OSError(errno.ENOSPC, "No space left on device", "a.yml")) == (
        "a.yml: No space left on device",
        1,
    )


def test_a_bug_keeps_its_traceback() -> None:
    assert failures.explain(ValueError("a bug")) is None
    assert failures.explain(UnfitError("IntegrityError")) is None
