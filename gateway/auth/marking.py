"""Keys are marked in the store, now and then, with the time of their last use."""

import asyncio
import logging

from gateway.auth import store
from gateway.auth.guard import Guard
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

SECONDS = 15
"""Seconds between two writes."""

log = logging.getLogger("gateway.auth")


class Marking:
    """Writes what a worker's guard has seen of keys."""

    def __init__(self, database: Database, guard: Guard) -> None:
        self._database = database
        self._guard = guard

    async def run(self) -> None:
        """Write again and again, until cancelled."""
        while True:
            await asyncio.sleep(SECONDS)
            # A write that is cancelled may leave its lock on the store behind, so the next write waits for
            # this one.
            await asyncio.shield(self.write())

    async def write(self) -> None:
        """Write when the keys were used that were seen since the last time."""
        used, self._guard.used = self._guard.used, {}
        if not used:
            return
        try:
            async with self._database.write() as connection:
                await store.mark_used(connection, used)
        except StoreUnavailable as error:
            log.warning("the last use of keys cannot be written: %s", error)
