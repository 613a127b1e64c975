"""The built wheel, alone in an empty environment, serves."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.wire import fetch
from tests.fakes.process import Gateway, scrubbed_environment
from tests.fakes.upstream import ScriptedUpstream

ROOT = Path(__file__).parents[2]
IN_IT = {
    "gateway/storage/migrations/env.py",
    "gateway/storage/migrations/versions/r0001_first.py",
    "gateway/openapi/page/page.css",
    "gateway/openapi/page/page.html",
    "gateway/openapi/page/page.js",
    "gateway/personas/demo/the-night-librarian.yml",
    "gateway/personas/demo/the-istanbul-bookseller.yml",
}


def pip(python: Path, settings: dict[str, str], *arguments: str) -> str:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | settings, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(clean_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    here = Path(sys.executable)
    pip(here, clean_environment, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, clean_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(folder)
    made = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    # A pip of its own and byte code of what is never loaded would take as long as all the rest.
    here = Path(sys.executable)
    pip(here, clean_environment, "--python", str(made), "install", "--no-compile", str(wheel))
    return made


def test_the_wheel_has_all_that_is_not_code_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert names >= IN_IT
    assert {name.split("/")[0].split("-")[0] for name in names} == {"gateway", "persona_gateway"}
    assert not any("__pycache__" in name for name in names)


def test_the_wheel_serves_from_an_empty_folder(
    python: Path, tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    table = {"BASE_URL": upstream.base_url, "API_KEY": "upstream-secret-key", "DEFAULT_MODEL": "gpt-4o-mini"}
    variables = {f"PERSONA__UPSTREAMS__MAIN__{name}": value for name, value in table.items()}
    gateway = Gateway(tmp_path, None, **variables)
    gateway.python = str(python)
    try:
        gateway.start()
        assert "main/gpt-4o-mini" in gateway.banner
        reply = fetch(gateway, body={"model": LIBRARIAN, "messages": hello(), "stream": True})
        assert reply.headers["x-persona"] == "the-night-librarian@v1"
        assert reply.chunks[-1]["persona"]["slug"] == "the-night-librarian"
        assert upstream.seen[0].headers["authorization"] == "Bearer upstream-secret-key"
        page = fetch(gateway, "/", key="")
        assert page.headers["content-type"].startswith("text/html")
        scripts = re.findall(r'(?:src|href)="(/page/[^"]+)"', page.body.decode())
        assert scripts
        assert {fetch(gateway, place, key="").status for place in scripts} == {200}
    finally:
        assert gateway.stop() == 0
    assert [turn["status"] for turn in gateway.turns()] == ["completed"]
    assert (tmp_path / "persona.db").is_file()


def test_the_demo_plays_from_the_wheel_by_its_second_name(python: Path, tmp_path: Path) -> None:
    command = [str(python.with_name("persona-gateway")), "demo", "--no-open", "--end"]
    played = subprocess.run(
        [*command, "--turns", "4", "--pause", "0"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=scrubbed_environment(),
        check=False,
    )
    assert played.returncode == 0, played.stderr
    assert "The page: http://127.0.0.1:" in played.stdout
    assert "[upstreams.openai]" in played.stdout


def test_without_the_local_model_the_wheel_says_what_to_install(python: Path, tmp_path: Path) -> None:
    command = [str(python.with_name("persona")), "serve", "--port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert "pip install 'persona-gateway[local]'" in ended.stderr
