"""The judge of a test, with the settings that it asks for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.config import load
from gateway.personas.store import personas
from gateway.storage.audit import Actor
from tests.fakes.store import opened, workspaces
from tests.fakes.upstream import ScriptedUpstream
from tests.judge.rig import EDITH, Make, Rig


@pytest.fixture
def stored_at(tmp_path: Path) -> Path | str:
    return tmp_path


@pytest.fixture
async def make(upstream: ScriptedUpstream, tmp_path: Path, stored_at: Path | str) -> AsyncIterator[Make]:
    """Make a rig with these settings of `[drift.judge]`, as TOML."""
    rigs: list[Rig] = []
    async with opened(stored_at) as database:
        mine, _ = await workspaces(database)
        actor = Actor(mine.id)
        async with database.write() as connection:
            pushed = await personas.push(connection, EDITH, actor)

        def begin(*lines: str, table: str = "") -> Rig:
            place = tmp_path / "config.toml"
            named = f'[upstreams.main]\nbase_url = "{upstream.base_url}?api-version=7"\n{table}\n'
            named += '[drift.judge]\nupstream = "main/the-judge"\n'
            place.write_text(named + "\n".join(lines))
            rigs.append(Rig(load(place, {}), database, actor, pushed))
            return rigs[-1]

        yield begin
        for rig in rigs:
            await rig.close()
