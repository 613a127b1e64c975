"""Work is done in a store of either kind, in which some was done before."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.storage.database import Database
from tests.fakes.postgres import Server
from tests.fakes.store import opened, put_empty_engine
from tests.work.tally import Tally


@pytest.fixture(params=["sqlite", "postgresql"])
def workplace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """The place of a store in which work was done before."""
    if request.param == "sqlite":
        put_empty_engine(tmp_path)
        yield tmp_path
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database("engine") as url:
        yield url


@pytest.fixture
async def database(workplace: Path | str) -> AsyncIterator[Database]:
    async with opened(workplace) as database:
        yield database


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine ends only once its threads have looked again."""
    monkeypatch.setattr("gateway.work.engine.RARELY", 0.05)
    monkeypatch.setattr("gateway.work.engine.BUSY_SECONDS", 0.02)


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path)
