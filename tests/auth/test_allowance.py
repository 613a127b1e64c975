"""What a plan leaves of what is done later, such as deliveries, is counted without a request."""

from pathlib import Path

import pytest

from gateway.auth import store
from gateway.auth.allowance import Allowance
from gateway.auth.keys import Hasher
from gateway.config import Config, Limits, Plan
from gateway.limits.bounds import KeyLimits
from gateway.limits.failover import Closed
from gateway.limits.limiter import Limiter
from gateway.limits.memory import Memory
from gateway.limits.place import Place
from gateway.limits.plans import Plans
from gateway.limits.table import Table
from gateway.storage.database import Database
from tests.fakes.store import opened, workspaces


def allowed(database: Database, place: Place) -> Allowance:
    plans = {"few": Plan(webhook_deliveries_per_minute=3)}
    return Allowance(database, Plans(Config(plans=plans, limits=Limits())), Limiter(place))


async def test_deliveries_are_those_that_the_workspace_s_plan_allows(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        mine, theirs = await workspaces(database)
        async with database.write() as connection:
            await store.set_plan(connection, mine, "few")
        allowance = allowed(database, Memory(Table(64)))
        waits = [await allowance.wait("deliveries", mine.id) for _ in range(5)]
        assert waits[:3] == [0, 0, 0]
        assert all(59 <= wait <= 77 for wait in waits[3:])
        assert [await allowance.wait("deliveries", theirs.id) for _ in range(5)] == [0] * 5
        assert await allowance.wait("deliveries", "ws_gone") == 0


async def test_a_key_s_own_limit_holds_for_what_is_done_for_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        mine, _ = await workspaces(database)
        async with database.write() as connection:
            await store.set_plan(connection, mine, "few")
            key, _ = await store.create_key(
                connection,
                Hasher(b"pepper" * 8),
                mine,
                name="k",
                scopes=[],
                limits=KeyLimits(webhook_deliveries_per_minute=1),
            )
        allowance = allowed(database, Memory(Table(64)))
        assert await allowance.wait("deliveries", mine.id, key.id) == 0
        assert await allowance.wait("deliveries", mine.id, key.id) > 0
        assert [await allowance.wait("deliveries", mine.id) for _ in range(2)] == [0, 0]
        assert await allowance.wait("deliveries", mine.id) > 0


async def test_what_cannot_be_counted_waits_a_moment(tmp_path: Path) -> None:
    async with opened(tmp_path) as database:
        mine, _ = await workspaces(database)
        async with database.write() as connection:
            await store.set_plan(connection, mine, "few")
        assert await allowed(database, Closed()).wait("deliveries", mine.id) == pytest.approx(5)
