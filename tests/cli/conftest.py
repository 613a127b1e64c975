"""The command line in this process, in an empty folder and a scrubbed environment."""

import os
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from gateway.cli.root import run


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Persona(Protocol):
    def __call__(self, *args: str, code: int = 0) -> Ended:
        """Run `persona` with these arguments and see that it ends with this exit code."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, where the store and files of the test are."""
    for variable in list(os.environ):
        if variable.startswith("PERSONA_") or variable.endswith("_API_KEY"):
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
