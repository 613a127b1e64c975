"""Vectors are made of new versions in the background: at once for workspaces that look for them."""

import asyncio
import logging

from gateway import clock, ids
from gateway.embedding.embedder import Embedder, EmbedderAwayError, EmbedderFullError
from gateway.embedding.order import DIMENSIONS, Order
from gateway.personas.nearness import SCALE
from gateway.personas.store import vectors
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.work.work import Source

BATCH = 16
SETTLED_MS = 60_000
"""Milliseconds after which no version appears any more that was made before: some transactions take long."""

CALM_MS = 600_000
"""Milliseconds after which a version is read for which nobody waits: one that is edited again is not."""

AGAIN_SECONDS, SELDOM_SECONDS = 1.0, 30.0
"""Seconds after which what could not be done is tried again, first and in the end."""

log = logging.getLogger("gateway.personas")


class Filling:
    """Fills in what is missing, beside other work of the process."""

    def __init__(self, database: Database, embedder: Embedder, *, all_: bool) -> None:
        """`all_` tells that the versions of all workspaces are read."""
        self._all = all_
        self._database = database
        self._embedder = embedder
        self._wanted = self._change = 0
        self._after = ""
        """The version up to which all have been read; ids are in the order of time."""
        self._settled_after = ""
        """The same for those for which nobody waits."""
        self._task: asyncio.Task[None] | None = None
        self._is_asked = False
        """Something has changed since the filling began that goes on."""

    def source(self) -> Source:
        return Source(look=self.look, signs=vectors.SIGNS)

    async def look(self) -> bool:
        """Begin to fill, or have what goes on begin once more at its end; nobody waits for it."""
        self._is_asked = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._fill())
        return False

    async def _fill(self) -> None:
        pause = AGAIN_SECONDS
        while self._is_asked:
            self._is_asked = False
            try:
                while await self._fill_some():
                    pause = AGAIN_SECONDS
            except (StoreUnavailable, EmbedderAwayError, EmbedderFullError) as error:
                log.debug("versions are not read now: %s", type(error).__name__)
                self._is_asked = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, SELDOM_SECONDS)

    async def _fill_some(self) -> bool:
        """Make a few vectors, and tell whether there were any to make."""
        settled = ids.least("ver", clock.now_ms() - SETTLED_MS)
        async with self._database.read() as connection:
            wanted, change = await vectors.signs(connection)
            if wanted != self._wanted:
                self._wanted, self._after = wanted, ""
            if 0 < change < self._change:
                # An older store was put back, which may be without vectors that the newer one had.
                self._after = self._settled_after = ""
            self._change = change or self._change
            found = await vectors.wanted(connection, self._after, BATCH) if wanted else []
        if found:
            await self._read(found)
            self._after = min(found[-1].version_id, settled)
            return True
        # What has been looked through is not looked through again with each change of the store.
        self._after = max(self._after, settled)
        return self._all and await self._fill_settled()

    async def _fill_settled(self) -> bool:
        async with self._database.read() as connection:
            before = ids.least("ver", clock.now_ms() - CALM_MS)
            found = await vectors.settled(connection, self._settled_after, before, BATCH)
        if found:
            await self._read(found)
        self._settled_after = found[-1].version_id if found else before
        return bool(found)

    async def _read(self, found: list[vectors.Unread]) -> None:
        made = await self._embedder.embed(Order([each.text for each in found], is_patient=True))
        rows = await asyncio.to_thread(packed, made.body)
        async with self._database.write() as connection:
            await vectors.keep(connection, list(zip(found, rows, strict=True)))


def packed(raw: bytes) -> list[bytes]:
    """Write vectors, each number of which has four bytes, with a byte for each."""
    import numpy as np

    matrix = np.frombuffer(raw, dtype="<f4").reshape(-1, DIMENSIONS)
    small = np.clip(np.rint(matrix * SCALE), -SCALE, SCALE).astype(np.int8)
    return [row.tobytes() for row in small]
