"""Vectors are made of new versions in the background, for workspaces that look for them."""

import asyncio
import logging

from gateway import clock, ids
from gateway.embedding.embedder import Embedder, EmbedderAwayError, EmbedderFullError
from gateway.embedding.order import DIMENSIONS, Order
from gateway.personas.nearness import SCALE
from gateway.personas.store import vectors
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

BATCH = 16
SETTLED_MS = 60_000
"""Milliseconds after which no version appears any more that was made before: some transactions take long."""

log = logging.getLogger("gateway.personas")


class Filling:
    """Fills in what is missing, beside other work of the process."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        self._database = database
        self._embedder = embedder
        self._wanted = 0
        self._after = ""
        """The version up to which all have been read; ids are in the order of time."""
        self._task: asyncio.Task[None] | None = None

    async def look(self) -> bool:
        """Begin to fill, unless that goes on; nobody waits for it."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._fill())
        return False

    async def _fill(self) -> None:
        try:
            while await self._fill_some():
                pass
        except (StoreUnavailable, EmbedderAwayError, EmbedderFullError) as error:
            # The next look goes on with it.
            log.debug("versions are not read now: %s", type(error).__name__)

    async def _fill_some(self) -> bool:
        """Make a few vectors, and tell whether there were any to make."""
        async with self._database.read() as connection:
            wanted = await vectors.count_wanted(connection)
            if wanted != self._wanted:
                self._wanted, self._after = wanted, ""
            found = await vectors.unread(connection, self._after, BATCH) if wanted else []
        if not found:
            return False
        made = await self._embedder.embed(Order([each.text for each in found], is_patient=True))
        rows = await asyncio.to_thread(packed, made.body)
        async with self._database.write() as connection:
            await vectors.keep(connection, list(zip(found, rows, strict=True)))
        self._after = min(found[-1].version_id, ids.least("ver", clock.now_ms() - SETTLED_MS))
        return True


def packed(raw: bytes) -> list[bytes]:
    """Write vectors, each number of which has four bytes, with a byte for each."""
    import numpy as np

    matrix = np.frombuffer(raw, dtype="<f4").reshape(-1, DIMENSIONS)
    small = np.clip(np.rint(matrix * SCALE), -SCALE, SCALE).astype(np.int8)
    return [row.tobytes() for row in small]
