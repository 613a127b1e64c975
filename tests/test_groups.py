"""The groups that tests run in hide nothing: a skip is told, and fails where it must not be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import conftest, skips
from tests.soak import many

ROOT = Path(__file__).parents[1]
UNWANTED = (
    "asyncio",
    "anyio",
    "faker",
    "hypothesispytest",
    "inline_snapshot",
    "langsmith_plugin",
    "cacheprovider",
)
"""Plugins that have no part in this, and take seconds to load in each process."""
pytestmark = pytest.mark.slow


def run(folder: Path, jobs: int, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder as the Makefile does, with the hook that tests/conftest.py has."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.skips", "-c", os.devnull, "-rs"]
    for plugin in UNWANTED:
        command += ["-p", f"no:{plugin}"]
    command += ["--rootdir", str(folder), "-n", str(jobs), str(folder)]
    known = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PERSONA_"))
    }
    return subprocess.run(
        command, cwd=ROOT, env=known | environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("jobs", [0, 2])
def test_a_skip_is_told_and_fails_where_everything_must_be_there(jobs: int, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\ndef test_it():\n    pytest.skip('it is not here')\n"
    )
    usual, strict = run(tmp_path, jobs), run(tmp_path, jobs, PERSONA_TEST_SKIPS="fail")
    assert (usual.returncode, "it is not here" in usual.stdout) == (0, True), usual.stdout + usual.stderr
    assert strict.returncode == 1, strict.stdout + strict.stderr
    assert "PERSONA_TEST_SKIPS=fail forbids" in strict.stdout


def test_all_tests_have_the_hook_that_lets_skips_fail() -> None:
    assert conftest.pytest_runtest_makereport is skips.pytest_runtest_makereport


def test_the_files_that_come_first_are_there() -> None:
    assert [name for name in conftest.FIRST if not (conftest.HERE / name).is_file()] == []


def test_long_forms_are_for_the_soak_alone() -> None:
    assert many(3, soak=300) == 3
