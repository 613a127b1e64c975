"""The command line in this process, in an empty folder and a scrubbed environment."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from gateway.cli.root import run
from gateway.server import seed
from gateway.storage.database import Database
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Persona(Protocol):
    def __call__(self, *args: str, code: int = 0) -> Ended:
        """Run `persona` with these arguments and see that it ends with this exit code."""


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that nobody has written to."""
    path = tmp_path_factory.mktemp("new") / "persona.db"

    async def make() -> None:
        database = Database(f"sqlite:///{path}")
        await seed.prepare(database)
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
def folder(tmp_path: Path, new_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a new store, where the files of the test are."""
    for variable in list(os.environ):
        if variable.startswith("PERSONA_") or variable.endswith("_API_KEY"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.chdir(tmp_path)
    shutil.copy(new_store, tmp_path / "persona.db")
    return tmp_path


@pytest.fixture
def bare(folder: Path) -> Path:
    """The working directory without the store."""
    (folder / "persona.db").unlink()
    return folder


@pytest.fixture
def persona(folder: Path, capsys: pytest.CaptureFixture[str]) -> Persona:
    def command(*args: str, code: int = 0) -> Ended:
        capsys.readouterr()
        try:
            ended = run(args)
        except SystemExit as end:
            ended = int(end.code or 0)
        out, err = capsys.readouterr()
        assert ended == code, err or out
        if code and not out:
            assert err.count("\n") == 1
        return Ended(ended, out, err)

    return command


@pytest.fixture(scope="session")
def served(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway in another folder, for commands that work on it from here."""
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"')
    gateway = Gateway(tmp_path_factory.mktemp("served"), table).start()
    yield gateway
    assert gateway.stop() == 0


class Remote:
    """A workspace of the test's own on the gateway, and an operator's key to it."""

    def __init__(self, persona: Persona, gateway: Gateway, name: str) -> None:
        place = ("--config", str(gateway.config), "--workspace", name)
        persona("workspaces", "create", name, *place[:2])
        self.key = persona("keys", "create", "--scope", "*", "--operator", *place).out.strip()
        self.root = gateway.root
        self.there = place
        """This makes a command work on the gateway's store itself."""
        self._persona = persona

    def __call__(self, *args: str, code: int = 0) -> Ended:
        """Run `persona` on the gateway."""
        return self._persona(*args, "--url", self.root, "--key", self.key, code=code)


@pytest.fixture
def remote(persona: Persona, served: Gateway, tmp_path: Path) -> Remote:
    return Remote(persona, served, tmp_path.name[-64:])
