"""A process that does work is equipped to answer chat requests once it has to."""

import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack

from gateway.config import Config
from gateway.equipment import Equipment
from gateway.limits.limiter import Limiter
from gateway.responses.performing import Means
from gateway.responses.preparing import Preparing
from gateway.scoring import conversations
from gateway.storage.database import Database

log = logging.getLogger("gateway.work")


class Equipping:
    """Loads what it takes to answer, the first time that somebody asks for it."""

    def __init__(self, config: Config, database: Database, limiter: Limiter) -> None:
        self._config = config
        self._database = database
        self._limiter = limiter
        self._lock = asyncio.Lock()
        self._open = AsyncExitStack()
        self._means: Means | None = None

    async def means(self) -> Means:
        """Return what responses are answered with."""
        async with self._lock:
            if self._means is None:
                self._means = await self._made()
        return self._means

    async def close(self) -> None:
        """Write what is left to write."""
        await self._open.aclose()

    async def _made(self) -> Means:
        await asyncio.to_thread(conversations.load)
        equipment = Equipment(self._config, self._database, self._limiter)
        await self._open.enter_async_context(equipment.at_work([], _must_not_end))
        preparing = Preparing(equipment.exchanges, self._database, equipment.committer)
        return Means(preparing, equipment.guard, self._limiter)


def _must_not_end(task: asyncio.Task[None]) -> None:
    """A process whose tasks have ended would lose what it should write, so it ends too."""
    if not task.cancelled():
        log.critical("a background task ended; the process ends", exc_info=task.exception())
        os.kill(os.getpid(), signal.SIGTERM)
