"""Tests of budgets have a ledger on each kind of store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.budgets.rig import Rig
from tests.fakes.store import opened, workspaces


@pytest.fixture
async def rig(place: Path | str) -> AsyncIterator[Rig]:
    async with opened(place) as database:
        mine, _ = await workspaces(database)
        made = Rig(database, mine)
        yield made
        await made.recorder.close()
        await made.ledger.close()
