"""Finished turns on their way into the store: a bounded queue, written in batches."""

import asyncio
import logging
from collections import deque

from sqlalchemy.exc import SQLAlchemyError

from gateway.chat import store
from gateway.chat.turn import Turn
from gateway.config import Turns
from gateway.storage.database import Database

BATCH = 500
"""Rows in one transaction."""

log = logging.getLogger("gateway.turns")


class Recorder:
    """Takes turns without waiting; what does not fit is dropped and counted."""

    def __init__(self, database: Database, config: Turns) -> None:
        self._database = database
        self._config = config
        self._queue: deque[Turn] = deque()
        self.dropped = 0
        self.healthy = True
        """Whether the last write succeeded."""

    def record(self, turn: Turn) -> None:
        """Never blocks and never fails."""
        if len(self._queue) >= self._config.queue:
            self.dropped += 1
        else:
            self._queue.append(turn)

    async def run(self) -> None:
        """Write what has come in, again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._config.flush_interval)
            await self.flush()

    async def flush(self) -> None:
        """Write all that waits; after a failure it goes on waiting."""
        while self._queue:
            batch = [self._queue[at] for at in range(min(BATCH, len(self._queue)))]
            try:
                async with self._database.write() as connection:
                    await store.insert(connection, batch)
            except (SQLAlchemyError, OSError) as error:
                if self.healthy:
                    log.warning("turns cannot be written and wait in memory: %s", type(error).__name__)
                self.healthy = False
                return
            for _ in batch:
                self._queue.popleft()
            if not self.healthy:
                log.warning("turns are written again; %d were dropped so far", self.dropped)
            self.healthy = True
