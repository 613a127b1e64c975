"""The command as it is really run: a process of its own."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}


def persona(folder: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "gateway", *args]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT | environment, capture_output=True, timeout=60)


def test_a_key_is_made_in_a_new_store(tmp_path: Path) -> None:
    persona(tmp_path, "db", "upgrade")
    made = persona(tmp_path, "keys", "create")
    assert made.returncode == 0
    assert re.fullmatch(rb"pk_live_[0-9A-Za-z]{40}\r?\n", made.stdout)
    assert (tmp_path / "persona.pepper").stat().st_mode & 0o777 == 0o600


def test_a_persona_makes_the_round_trip_in_any_encoding(tmp_path: Path) -> None:
    text = "slug: kitapçı-değil\nprompt: p"
    (tmp_path / "wrong.yml").write_text(text, "utf-8")
    persona(tmp_path, "db", "upgrade")
    wrong = persona(tmp_path, "personas", "push", "wrong.yml", PYTHONIOENCODING="ascii")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count(b"\n")) == (1, b"", 1)
    (tmp_path / "a.yml").write_text("slug: a\nname: Mert Kavaklı\nprompt: Çayı demli içersin.\n", "utf-8")
    persona(tmp_path, "personas", "push", "a.yml")
    shown = persona(tmp_path, "personas", "list", PYTHONIOENCODING="latin-1")
    assert (shown.returncode, b"Kavakl\\u0131" in shown.stdout) == (0, True)
    pulled = persona(tmp_path, "personas", "pull", "a", PYTHONIOENCODING="ascii")
    assert pulled.stdout == (tmp_path / "a.yml").read_bytes()


def test_a_failure_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    persona(tmp_path, "db", "upgrade")
    ended = persona(tmp_path, "personas", "show", "nobody")
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr == b"Error: there is no persona `nobody` in the workspace `default`\n"


def test_commands_that_meet_on_an_empty_store_all_succeed(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(lambda _: persona(tmp_path, "db", "upgrade"), range(3)))
        assert [one.returncode for one in ended] == [0, 0, 0], ended
        ended = list(pool.map(lambda _: persona(tmp_path, "keys", "create"), range(3)))
    assert [one.returncode for one in ended] == [0, 0, 0], ended


def test_the_help_is_shown_without_loading_the_store(tmp_path: Path) -> None:
    code = "import sys; from gateway.cli.root import run; run(['--help']); print(*sys.modules, sep='\\n')"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert not {b"sqlalchemy", b"alembic", b"msgspec", b"yaml"} & set(ended.stdout.split())
