"""A run is followed until its end, or until the process that tells of it is leaving."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.runs import following, store
from gateway.storage.database import Database
from tests.fakes.store import opened


@pytest.fixture
async def database(place: Path | str) -> AsyncIterator[Database]:
    async with opened(place) as database:
        yield database


async def test_who_follows_a_run_that_goes_on_is_let_go_once_the_process_is_leaving(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    async def happened(*_: Any) -> list[Any]:
        nonlocal looks
        looks += 1
        return []

    async def find(*_: Any) -> object:
        return object()

    monkeypatch.setattr(following, "LOOK_SECONDS", 0)
    monkeypatch.setattr(store, "happened", happened)
    monkeypatch.setattr(store, "find", find)
    told = [event async for event in following.follow(database, "run_1", is_leaving=lambda: looks >= 2)]
    assert (told, looks) == ([], 2)
