"""Tests that fail by chance are run once more; nothing else is made green by that."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.twice import MOST, again

ROOT = Path(__file__).parents[1]
BESIDE = ("-p", "xdist", "-n", "2")
WAYS = """
import os, pathlib, pytest, signal

def is_first(name):
    seen = pathlib.Path(__file__).with_name(name)
    return not seen.exists() and not seen.touch()

@pytest.fixture
def ended():
    yield
    assert os.environ["WAY"] != "its end"

def test_it(ended):
    way = os.environ["WAY"]
    assert way != "always"
    assert way != "once" or not is_first("once")
    if way == "killed" and is_first("killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "skipped":
        assert not is_first("skipped")
        pytest.skip("it is not here")

def test_another():
    pass
"""


def twice(folder: Path, way: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "WAY": way}
    return subprocess.run(
        [sys.executable, "-m", "tests.twice", *arguments, "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "code", "words"),
    [
        ("once", 0, "passed alone: steady them.\n  test_it.py::test_it\n"),
        ("always", 1, "These failed twice:\n  test_it.py::test_it\n"),
        ("its end", 1, "These failed twice:\n  test_it.py::test_it\n"),
        ("skipped", 1, "These failed twice:\n  test_it.py::test_it\n"),
        ("killed", 1, "No test is run once more:\n  a process that ran tests ended"),
        ("unread", 1, "No test is run once more:\n  test_it.py could not be read"),
    ],
)
def test_what_fails_twice_is_red(way: str, code: int, words: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("1 / 0" if way == "unread" else WAYS)
    first = twice(tmp_path, way, "note", "failed", *(BESIDE if way == "killed" else ()))
    assert first.returncode in (1, 2), first.stdout + first.stderr
    second = twice(tmp_path, way, "again", "failed", "1")
    assert (second.returncode, words in second.stdout) == (code, True), second.stdout + second.stderr
    assert "test_another" not in second.stdout


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ([[["a.py::test"], []]], "1 of 2 groups"),
        ([[["a.py::test"], []], [["b.py::test"], ["a process that ran tests ended"]]], "tests ended"),
        ([[[f"a.py::test_{n}" for n in range(MOST)], []], [["b.py::test"], []]], f"{MOST + 1} tests"),
        ([[[], []], [[], []]], "something else has"),
    ],
)
def test_what_a_second_run_cannot_tell_is_red_at_once(
    notes: list[object], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "failed").write_text("".join(json.dumps(note) + "\n" for note in notes))
    assert again(tmp_path / "failed", 2, []) == 1
    assert words in capsys.readouterr().out
    assert again(tmp_path / "none", 2, []) == 1
