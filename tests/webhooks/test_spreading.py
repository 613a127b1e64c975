"""Events are put on their way in transactions that keep nobody else from writing for long."""

from pathlib import Path

from sqlalchemy import func, select

from gateway.auth import store as auth
from gateway.events import store as events
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from gateway.webhooks.spreading import AT_ONCE, MOST, spread
from gateway.webhooks.store import endpoints
from tests.fakes.store import opened

HOOKS = 40
EVENTS = AT_ONCE


async def count(database: Database) -> tuple[int, int]:
    async with database.read() as connection:
        made = (await connection.execute(select(func.count()).select_from(tables.deliveries))).scalar()
        work = (await connection.execute(select(func.count()).select_from(tables.work))).scalar()
    return made or 0, work or 0


async def test_many_deliveries_are_made_in_several_transactions_and_each_once(place: Path | str) -> None:
    async with opened(place) as database:
        async with database.write() as connection:
            mine = await auth.create_workspace(connection, "mine", "live")
            actor = Actor(mine.id, "key_1", "key_1")
            for number in range(HOOKS):
                values = {
                    "id": f"whk_{number}",
                    "url": "https://example.com",
                    "events": ["persona.created"],
                    "description": "",
                    "enabled": True,
                    "standard": False,
                    "salt": "s",
                    "mark": "m",
                }
                await endpoints.create(connection, values, actor)
            for number in range(EVENTS):
                await events.record(connection, "persona.created", mine.id, None, version=number)
        assert await spread(database)
        made, work = await count(database)
        assert MOST <= made == work < MOST + HOOKS
        while await spread(database):
            pass
        assert await count(database) == (HOOKS * EVENTS, HOOKS * EVENTS)
