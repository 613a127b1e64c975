"""Finished turns wait in a bounded queue and are written to the store in batches."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.config import Turns
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable, UnfitError
from gateway.turns.amendment import News
from gateway.turns.charging import charge, is_unpriced
from gateway.turns.store import amendments, turns
from gateway.turns.turn import Turn
from gateway.upstreams.prices import Prices

BATCH = 500
"""Rows in one transaction."""
NEWS = 100
"""News in one transaction; they take longer to prepare than turns do, and that on the event loop."""
HELD_UP_SECONDS = 2.0
"""Seconds; a write that takes longer waits for somebody else's lock."""
UNFIT = (UnfitError, ValueError, OverflowError)
"""Errors for which a row itself is to blame, such as half a character or a giant number: it is given up."""

log = logging.getLogger("gateway.turns")


class Recorder:
    """Takes turns without waiting; a turn that does not fit is dropped and counted."""

    def __init__(self, database: Database, config: Turns, prices: Prices | None = None) -> None:
        self._database = database
        self._prices = prices
        """Prices that may still be looked up when the first turns have ended; they are charged later then."""
        self._config = config
        self._queue: deque[Turn] = deque()
        self._news: deque[tuple[str, News]] = deque()
        self.dropped = 0
        self._flushing: asyncio.Future[None] | None = None
        self._has_failed = False
        self._began: float | None = None
        """When the write that is under way began."""

    @property
    def healthy(self) -> bool:
        """Tell whether the last write succeeded and none is held up."""
        is_held_up = self._began is not None and time.monotonic() - self._began > HELD_UP_SECONDS
        return not self._has_failed and not is_held_up

    def record(self, turn: Turn) -> None:
        """Queue the turn; never blocks and never fails."""
        if len(self._queue) >= self._config.queue:
            self.dropped += 1
        else:
            self._queue.append(turn)

    def amend(self, turn_id: str, news: News) -> bool:
        """Change a turn that was recorded before, once it is written; false where too many news wait."""
        if len(self._news) >= self._config.queue:
            return False
        self._news.append((turn_id, news))
        return True

    async def run(self) -> None:
        """Write what has come in, again and again, until cancelled."""
        await self._charge()
        while True:
            await asyncio.sleep(self._config.flush_interval)
            if not self._queue and not self._news:
                continue
            # A write that is cancelled may leave its lock on the store behind; `close` waits for this one.
            self._flushing = asyncio.ensure_future(self.flush())
            await asyncio.shield(self._flushing)

    async def flush(self) -> None:
        """Write all that waits; after a failure it goes on waiting."""
        size = BATCH
        while self._queue:
            batch = [self._queue[at] for at in range(min(size, len(self._queue)))]
            try:
                async with self._transaction() as connection:
                    await turns.insert(connection, batch)
            except UNFIT as error:
                # One bad row must not hold up all others.
                if len(batch) > 1:
                    size = 1
                    continue
                self.dropped += 1
                log.warning("turn %s cannot be stored: %s", batch[0].id, type(error).__name__)
            except StoreUnavailable as error:
                self._fail(error)
                return
            for _ in batch:
                self._queue.popleft()
            if self._has_failed:
                log.warning("turns are written again; %d were dropped so far", self.dropped)
            self._has_failed = False
        await self._flush_news()

    async def close(self) -> None:
        """Write a last time, at the end of the process."""
        if self._flushing is not None:
            await self._flushing
        await self._charge()
        await self.flush()
        if self._queue:
            log.error("%d turns could not be written and are lost", len(self._queue))

    async def _charge(self) -> None:
        """Wait until prices are known, and charge for the turns that ended before."""
        if self._prices is None:
            return
        await self._prices.looked()
        for turn in [turn for turn in self._queue if is_unpriced(turn)]:
            charge(turn, self._prices)
        self._prices = None

    async def _flush_news(self) -> None:
        """Write what became known of turns that have been written: a turn that is not there has been lost."""
        # News that come in meanwhile may be of turns that still wait.
        left, size = len(self._news), NEWS
        while left:
            batch = [self._news[at] for at in range(min(size, left))]
            try:
                async with self._transaction() as connection:
                    await amendments.amend(connection, batch)
            except UNFIT as error:
                if len(batch) > 1:
                    size = 1
                    continue
                log.warning("news of turn %s cannot be stored: %s", batch[0][0], type(error).__name__)
            except StoreUnavailable as error:
                self._fail(error)
                return
            for _ in batch:
                self._news.popleft()
            left -= len(batch)

    def _fail(self, error: Exception) -> None:
        if not self._has_failed:
            log.warning("turns cannot be written and wait in memory: %s", type(error).__name__)
        self._has_failed = True

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        self._began = time.monotonic()
        try:
            async with self._database.write() as connection:
                yield connection
        finally:
            self._began = None
