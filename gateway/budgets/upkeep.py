"""A process that does work keeps to budgets from its first call on, and costs nothing before that."""

import asyncio

from gateway.budgets.ledger import Ledger
from gateway.storage import changes
from gateway.storage.database import Database
from gateway.upstreams.prices import Prices


class Upkeep:
    """Enters what calls took, notices what has changed, and keeps prices new, until the process ends."""

    def __init__(self, database: Database, ledger: Ledger, prices: Prices) -> None:
        self._database = database
        self._ledger = ledger
        self._prices = prices
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Begin with it, unless it goes on, and wait until prices were looked for."""
        if not self._tasks:
            position = await changes.position(self._database)
            if not self._tasks:
                watching = changes.watch(self._database, position, self._ledger.known.forget)
                self._tasks = [asyncio.create_task(self._ledger.run()), asyncio.create_task(watching)]
                self._prices.start()
        await self._prices.looked()
