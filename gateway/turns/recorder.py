"""Finished turns wait in a bounded queue and are written to the store in batches."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol, TypeVar

from gateway.config import Turns
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable, UnfitError
from gateway.telemetry.trace import Trace
from gateway.turns.amendment import News
from gateway.turns.charging import charge, is_unpriced
from gateway.turns.meter import Ended, Meter
from gateway.turns.store import amendments, turns
from gateway.turns.turn import Drift, Turn
from gateway.upstreams.prices import Prices

BATCH = 500
"""Rows in one transaction."""
NEWS = 100
"""News in one transaction; they take longer to prepare than turns do, and that on the event loop."""
HELD_UP_SECONDS = 2.0
"""Seconds; a write that takes longer waits for somebody else's lock."""
UNFIT = (UnfitError, ValueError, OverflowError)
"""Errors for which a row itself is to blame, such as half a character or a giant number: it is given up."""

T = TypeVar("T", Turn, tuple[str, News])
Write = Callable[[AsyncConnection, Sequence[T]], Awaitable[None]]
"""Writes rows in one transaction."""

log = logging.getLogger("gateway.turns")


class Settling(Protocol):
    """Enters into budgets what turns took that have a hold."""

    async def settle(self, connection: AsyncConnection, turns: Sequence[Turn]) -> None:
        """Enter it within the transaction that writes the turns."""

    def settle_later(self, turn: Turn) -> None:
        """Enter what a turn took that cannot be written."""


class Recorder:
    """Takes turns without waiting; a turn that does not fit is dropped and counted."""

    def __init__(
        self,
        database: Database,
        config: Turns,
        prices: Prices | None = None,
        budgets: Settling | None = None,
        meter: Meter | None = None,
    ) -> None:
        """`meter` counts turns for metrics, where somebody wants them."""
        self.meter = meter
        self.on_late: Callable[[Turn, Drift], None] | None = None
        """Is told of scores that were found late, where somebody traces."""
        self._database = database
        self._budgets = budgets
        self._prices = prices
        """Prices that are still looked up when the first turns end; `None` once they are known."""
        self._unpriced: list[Turn] = []
        """Turns that ended before."""
        self._charged: deque[Turn] = deque()
        """These of them were written, and their price is known by now."""
        self._config = config
        self._queue: deque[Turn] = deque()
        self._news: deque[tuple[str, News]] = deque()
        self.dropped = 0
        self._some = asyncio.Event()
        """Is set where something may wait to be written."""
        self._flushing: asyncio.Future[None] | None = None
        self._has_failed = False
        self._began: float | None = None
        """The write that is under way began then."""

    @property
    def waiting(self) -> int:
        """Count the turns that wait to be written."""
        return len(self._queue)

    @property
    def healthy(self) -> bool:
        """Tell whether the last write succeeded and none is held up."""
        is_held_up = self._began is not None and time.monotonic() - self._began > HELD_UP_SECONDS
        return not self._has_failed and not is_held_up

    def record(self, turn: Turn) -> None:
        """Queue the turn; never blocks and never fails."""
        if len(self._queue) >= self._config.queue:
            self.dropped += 1
            if self._budgets is not None:
                self._budgets.settle_later(turn)
            return
        self._queue.append(turn)
        self._some.set()
        if self._prices is not None and is_unpriced(turn) and len(self._unpriced) < self._config.queue:
            self._unpriced.append(turn)

    def tell(self, ended: Ended, trace: Trace | None) -> None:
        """Have a recorded turn counted, and told in its trace, where somebody wants that."""
        if self.meter is not None:
            self.meter.take(ended)
        if trace is not None:
            trace.ended(ended)

    def amend(self, turn_id: str, news: News) -> bool:
        """Change a turn that was recorded before, once it is written; false where too many news wait."""
        if len(self._news) >= self._config.queue:
            return False
        self._news.append((turn_id, news))
        self._some.set()
        return True

    async def run(self) -> None:
        """Write what has come in, again and again, until cancelled."""
        while True:
            if not (self._queue or self._news or self._unpriced or self._charged):
                self._some.clear()
                await self._some.wait()
            await asyncio.sleep(self._config.flush_interval)
            if self._prices is not None and self._prices.has_looked:
                self._charge(self._prices)
            if not self._queue and not self._news and not self._charged:
                continue
            # A write that is cancelled may leave its lock on the store behind; `close` waits for this one.
            self._flushing = asyncio.ensure_future(self.flush())
            await asyncio.shield(self._flushing)

    async def flush(self) -> None:
        """Write all that waits; after a failure it goes on waiting."""
        try:
            while self._queue:
                # Only a write that has failed may have left turns behind.
                insert = partial(self._insert, are_new=not self._has_failed)
                await self._write(self._queue, BATCH, insert)
            # News that come in meanwhile may be of turns that still wait. They change turns that have been
            # written: one that is not there has been lost.
            await self._write(self._news, NEWS, amendments.amend)
            await self._write(self._charged, BATCH, turns.charge)
        except StoreUnavailable as error:
            if not self._has_failed:
                log.warning("turns cannot be written and wait in memory: %s", type(error).__name__)
            self._has_failed = True

    async def close(self) -> None:
        """Write a last time, at the end of the process."""
        if self._flushing is not None:
            await self._flushing
        if self._prices is not None and self._unpriced:
            await self._prices.looked()
            self._charge(self._prices)
        await self.flush()
        if self._queue:
            log.error("%d turns could not be written and are lost", len(self._queue))

    def _charge(self, prices: Prices) -> None:
        """Charge for the turns that ended before prices were known."""
        waiting = {turn.id for turn in self._queue}
        for turn in self._unpriced:
            charge(turn, prices)
            if turn.id not in waiting and not is_unpriced(turn):
                self._charged.append(turn)
        self._prices, self._unpriced = None, []

    async def _insert(self, connection: AsyncConnection, batch: Sequence[Turn], *, are_new: bool) -> None:
        await turns.insert(connection, batch, are_new=are_new)
        if self._budgets is not None and (held := [turn for turn in batch if turn.hold is not None]):
            await self._budgets.settle(connection, held)

    async def _write(self, queue: deque[T], most: int, write: Write[T]) -> None:
        """Write what is in the queue by now, in batches. Raises StoreUnavailable."""
        left = len(queue)
        while left:
            batch = [queue[at] for at in range(min(most, left))]
            try:
                async with self._transaction() as connection:
                    await write(connection, batch)
            except UNFIT as error:
                # One bad row must not hold up all others.
                if len(batch) > 1:
                    most = 1
                    continue
                self._give_up(batch[0], error)
            for _ in batch:
                queue.popleft()
            left -= len(batch)
            if self._has_failed:
                log.warning("turns are written again; %d were dropped so far", self.dropped)
            self._has_failed = False

    def _give_up(self, row: Turn | tuple[str, News], error: Exception) -> None:
        if isinstance(row, Turn):
            self.dropped += 1
            log.warning("turn %s cannot be stored: %s", row.id, type(error).__name__)
            if self._budgets is not None:
                self._budgets.settle_later(row)
        else:
            log.warning("news of turn %s cannot be stored: %s", row[0], type(error).__name__)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        self._began = time.monotonic()
        try:
            async with self._database.write() as connection:
                yield connection
        finally:
            self._began = None
