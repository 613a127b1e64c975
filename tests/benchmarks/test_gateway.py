"""The gateway of the rig has everything on, and its store can be made large."""

import pytest

from benchmarks import core, drift, load, stores
from benchmarks.gateway import Home
from benchmarks.rig import settle
from benchmarks.shapes import BURST, SMALL
from benchmarks.target import Target

pytestmark = pytest.mark.serial


async def test_every_answer_is_a_personas_and_is_recorded(home: Home, mock: Target, cores: list[int]) -> None:
    target = home.target(home.start(cores, mock.port))
    try:
        assert "drift verdict" in await core.check_all_on(target, home)
        for workload in (SMALL, BURST):
            assert (await load.verify(target, workload))["persona"]["slug"] == "the-ferryman"
    finally:
        target.process.stop()


async def test_a_store_is_filled_with_copies(home: Home, mock: Target, cores: list[int]) -> None:
    stores.with_personas(home, 40)
    target = home.target(home.start(cores, mock.port))
    try:
        await load.many(target, SMALL, 20, stores.models(40))
        await settle(target)
    finally:
        target.process.stop()
    assert home.turns() == 20


async def test_a_store_is_filled_with_turns(home: Home, mock: Target, cores: list[int]) -> None:
    target = home.target(home.start(cores, mock.port))
    await load.one(target, SMALL)
    await settle(target)
    target.process.stop()
    stores.fill_turns(home, 1000)
    assert home.turns() == 1000
    target = home.target(home.start(cores, mock.port))
    await load.one(target, SMALL)
    await settle(target)
    target.process.stop()
    assert home.turns() == 1001


def test_settings_of_another_version_are_noticed(home: Home) -> None:
    assert home.accepts("")
    assert not home.accepts("[no-such-table]\n")
    assert isinstance(home.accepts(drift.OFF), bool)
