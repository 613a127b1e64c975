"""Tests of scoring share a rig."""

from collections.abc import AsyncIterator

import pytest

from tests.scoring.rig import Rig, Scorer


@pytest.fixture
def scorer() -> Scorer:
    return Scorer()


@pytest.fixture
async def rig(scorer: Scorer) -> AsyncIterator[Rig]:
    made = await Rig(scorer, budget_ms=1000).ready()
    yield made
    scorer.gate.set()
    await made.scoring.close()
