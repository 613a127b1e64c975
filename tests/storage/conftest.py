"""Tests of the store have one open, and see it as another process does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.storage.database import Database
from tests.fakes.store import opened


@pytest.fixture
async def database(place: Path | str) -> AsyncIterator[Database]:
    async with opened(place) as found:
        yield found


@pytest.fixture
async def other(place: Path | str, database: Database) -> AsyncIterator[Database]:
    """The same store, as another process has it open."""
    async with opened(place) as found:
        yield found
