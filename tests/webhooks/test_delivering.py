"""What a plan has no room for waits in its place, and is neither begun anew nor in the way of others."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.auth import pepper
from gateway.auth import store as auth
from gateway.auth.allowance import Allowance
from gateway.config import Config, Keys, Store
from gateway.events import store as events
from gateway.storage.audit import Actor
from gateway.webhooks import signing
from gateway.webhooks.delivering import Delivering
from gateway.webhooks.store import deliveries, endpoints
from gateway.work.course import DurableCourse
from gateway.work.store import rows
from gateway.work.work import CancelledWorkError
from tests.fakes.store import opened

PATIENCE = 30.0


class Full(Allowance):
    """The plan of a workspace that has no room for an hour."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def wait(self, *_: Any) -> float:
        self.asked.set()
        return 3600.0


async def take(_name: str, function: Callable[[], Awaitable[Any]]) -> Any:
    return await function()


async def test_a_delivery_without_room_waits_at_rest_and_can_be_cancelled(
    place: Path | str, tmp_path: Path
) -> None:
    async with opened(place) as database:
        config = Config(store=Store(url=database.url, folder=str(tmp_path)), keys=Keys(pepper="p" * 40))
        hasher, salt = pepper.hasher(config), signing.new_salt()
        async with database.write() as connection:
            mine = await auth.create_workspace(connection, "mine", "live")
            values = {
                "id": "whk_1",
                "url": "https://example.com",
                "events": ["persona.created"],
                "description": "",
                "enabled": True,
                "standard": False,
                "salt": salt,
                "mark": signing.mark_of(hasher, salt),
            }
            hook = await endpoints.create(connection, values, Actor(mine.id, "key_1", "key_1"))
            event = await events.record_whole(connection, "persona.created", mine.id, None)
            (delivery_id,) = await deliveries.add(connection, event, [hook])
            work = await rows.begin(connection, delivery_id, 1)
        assert work is not None
        course, plan = DurableCourse(take, asyncio.Event()), Full()
        task = asyncio.create_task(Delivering(config, database, plan).perform(work, course))
        async with asyncio.timeout(PATIENCE):
            await plan.asked.wait()
            # A process that ends does not wait for it.
            await course.at_rest.wait()
        assert not task.done()
        async with database.read() as connection:
            found = await deliveries.find(connection, "whk_1", delivery_id)
        assert found is not None
        assert found.next_at is not None
        assert (found.state, found.attempts, found.next_at > found.created_at) == ("waiting", 0, True)
        course.cancel()
        with pytest.raises(CancelledWorkError):
            await task
