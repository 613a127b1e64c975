"""The rig's own servers, once for all its tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import gateway
from benchmarks.gateway import Home
from benchmarks.process import start_mock
from benchmarks.target import Target


@pytest.fixture(scope="session")
def cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


@pytest.fixture(scope="session")
def mock(cores: list[int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    process, port = start_mock(cores, tmp_path_factory.mktemp("mock"))
    yield Target("direct", process, port)
    process.stop()


@pytest.fixture(scope="session")
def prepared(cores: list[int], tmp_path_factory: pytest.TempPathFactory) -> Home:
    return gateway.prepare(tmp_path_factory.mktemp("homes") / "first", cores)


@pytest.fixture
def home(prepared: Home, tmp_path: Path) -> Home:
    """A store with a key and the persona that is measured."""
    return prepared.copy(tmp_path / "home")
