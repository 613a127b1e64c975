"""All tests share a scripted upstream and a gateway process in front of it."""

import gc
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.fakes.postgres import Server, running
from tests.fakes.process import PATIENT, Gateway, upstream_table
from tests.fakes.upstream import ScriptedUpstream
from tests.skips import pytest_runtest_makereport as pytest_runtest_makereport

LIBRARIAN = "persona/the-night-librarian"
Start = Callable[..., Gateway]
KEPT = ("PERSONA_CONFORMANCE_DIR", "PERSONA_DRIFT_DIR", "PERSONA_SLIPS_DIR", "PERSONA_TEST_POSTGRES_URL")


# How long a machine that is busy takes says nothing.
settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")
settings.register_profile("quick", settings(), max_examples=20)

HERE = Path(__file__).parent
SLOW_FOLDERS = frozenset({"api", "benchmarks", "e2e", "faults", "fuzz", "probe", "storage"})
SLOW_FIXTURES = frozenset({"postgres", "served"})
SLOW_FILE = re.compile(r"^pytestmark = (\[\s*)?pytest\.mark\.slow\b", re.MULTILINE)
FIRST = (
    "work/test_kills.py",
    "web/test_browser.py",
    "runs/test_repeating.py",
    "api/test_isolation.py",
    "webhooks/test_webhooks.py",
    "e2e/test_wheel.py",
    "work/test_shift.py",
    "work/test_traces.py",
    "faults/test_server_processes.py",
    "faults/test_faults.py",
    "drift/test_training.py",
    "fuzz/test_fuzz.py",
    "drift/test_hostile.py",
)
"""These files take longest, and come first, so that none of them is all that is left in the end."""
GROUPS = ("serial", "waits")
"""Marks of tests that run apart from all others; their files name them, and only those are read for them."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Neither folders and files of slow tests nor files without any test of a group are read where none is
    wanted."""
    wanted = config.option.markexpr
    leaves_out_slow = "not slow" in wanted
    if collection_path.is_dir():
        return True if leaves_out_slow and collection_path.name in SLOW_FOLDERS else None
    if collection_path.suffix != ".py" or not (leaves_out_slow or wanted in GROUPS):
        return None
    said = collection_path.read_text("utf-8")
    if leaves_out_slow:
        return True if SLOW_FILE.search(said) else None
    return None if wanted in said else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start gateways are slow by where they stand, or by what they ask for."""
    places = {HERE / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(FIRST)))
    for item in items:
        folders = item.path.parts[len(HERE.parts) :]
        if SLOW_FOLDERS.intersection(folders) or any(map(is_slow, fixtures(item))):
            item.add_marker(pytest.mark.slow)
    said = {path: path.read_text("utf-8") for path in {item.path for item in items}}
    for item in items:
        for group in GROUPS:
            if item.get_closest_marker(group) and group not in said[item.path]:
                raise pytest.UsageError(f"{item.nodeid} is {group}, but its file does not say the word")


def pytest_collection_finish() -> None:
    """Let the garbage collector look through nothing that stays until the end, which spares it time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def swept() -> Iterator[None]:
    """A socket, or anything else that is left open, is charged to its own file and not to a later one."""
    yield
    gc.collect()


def fixtures(item: pytest.Item) -> list[pytest.FixtureDef[Any]]:
    """List the fixtures that a test asks for, and those behind them."""
    return (
        [found[-1] for found in item._fixtureinfo.name2fixturedefs.values()]
        if isinstance(item, pytest.Function)
        else []
    )


def is_slow(fixture: pytest.FixtureDef[Any]) -> bool:
    """A fixture says that it is a gateway, or what starts one, by what it returns."""
    return fixture.argname in SLOW_FIXTURES or "Gateway" in str(fixture.func.__annotations__.get("return"))


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[dict[str, str]]:
    """Nobody's keys, proxies or settings reach a test. What was taken away is here for those that need the
    net."""
    taken = {
        name: os.environ.pop(name)
        for name in list(os.environ)
        if name.startswith(("OPENAI_", "PERSONA_", "LANGCHAIN_", "LANGSMITH_"))
        or name.lower().endswith("_proxy")
    }
    kept = {name: value for name, value in taken.items() if name in KEPT}
    os.environ.update(kept)
    yield taken
    os.environ.update(taken)


@pytest.fixture(scope="session")
def shared_upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def shared_gateway(
    shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """One gateway for all tests that leave it as they found it."""
    table = upstream_table(
        "main", shared_upstream.base_url, 'default_model = "gpt-4o-mini"', 'models = ["plain-model"]'
    )
    gateway = Gateway(
        tmp_path_factory.mktemp("gateway"), table + '[embeddings]\nupstream = "main"\n' + PATIENT
    ).start()
    yield gateway
    assert gateway.stop() == 0


@pytest.fixture
def upstream(shared_upstream: ScriptedUpstream) -> Iterator[ScriptedUpstream]:
    shared_upstream.reset()
    yield shared_upstream
    shared_upstream.reset()


@pytest.fixture
def gateway(shared_gateway: Gateway, upstream: ScriptedUpstream) -> Gateway:
    """The shared gateway, in front of `upstream`."""
    return shared_gateway


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for all tests that need one."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """The place of a store, of each kind: a folder, and the URL of a database with nothing but tables."""
    if request.param == "sqlite":
        yield tmp_path
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database("schema") as url:
        yield url


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a gateway of the test's own: `start(config, *arguments)`."""
    started: list[Gateway] = []

    def begin(config: str, *arguments: str, **environment: str) -> Gateway:
        folder = tmp_path / f"gateway{len(started)}"
        folder.mkdir()
        started.append(Gateway(folder, config, *arguments, **environment))
        return started[-1].start()

    yield begin
    for gateway in started:
        gateway.stop()
