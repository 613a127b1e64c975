"""The queue of work is counted for those who watch a gateway, seldom and without making them wait."""

import asyncio
import contextlib
import time

from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.work.store import rows
from gateway.work.store.rows import Depth

FRESH_SECONDS = 1.0
"""Seconds for which one count serves everybody."""
WAIT_SECONDS = 0.25
"""Seconds that somebody waits for a new count before the last one is told."""


class Queue:
    """Knows how much work there was a moment ago."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._depth: Depth | None = None
        self._at = -FRESH_SECONDS
        self._counting: asyncio.Task[None] | None = None

    async def depth(self) -> Depth | None:
        """Return the last count; `None` as long as the store has not been read."""
        if time.monotonic() - self._at >= FRESH_SECONDS:
            if self._counting is None or self._counting.done():
                self._counting = asyncio.create_task(self._count())
            await asyncio.wait([self._counting], timeout=WAIT_SECONDS)
        return self._depth

    async def _count(self) -> None:
        with contextlib.suppress(StoreUnavailable):
            async with self._database.read() as connection:
                self._depth = await rows.depth(connection)
            self._at = time.monotonic()
