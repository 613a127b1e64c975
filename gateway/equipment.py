"""What chat requests are answered with is put together here, for workers and for processes that do work."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from gateway.auth import pepper
from gateway.auth.guard import Guard
from gateway.budgets.ledger import Ledger
from gateway.config import Config
from gateway.conversations.committer import Committer
from gateway.judge.judge import Judge
from gateway.limits.bounds import of_key
from gateway.limits.limiter import Limiter
from gateway.limits.plans import Plans
from gateway.metrics.board import Page
from gateway.moderation.moderator import Moderator
from gateway.moderation.watching import Watching
from gateway.openai_api.exchanges import Exchanges
from gateway.personas.registry import Registry
from gateway.scoring.schedule import Scoring
from gateway.storage import changes
from gateway.storage.changes import Change
from gateway.storage.database import Database
from gateway.turns.meter import Meter
from gateway.turns.recorder import Recorder
from gateway.upstreams.routing import Routing


class Equipment:
    """Holds what one process answers chat requests with."""

    def __init__(
        self, config: Config, database: Database, limiter: Limiter, page: Page | None = None
    ) -> None:
        """`page` is where it counts for metrics; without one, nobody wants any."""
        self.config = config
        self.database = database
        self.limiter = limiter
        plans = Plans(config)
        self.guard = Guard(
            database,
            pepper.hasher(config),
            lambda home, key: of_key(plans.bounds(home.id, home.name, home.plan), key.limits, key.owner),
        )
        self.registry = Registry(database, config)
        self.routing = Routing(config)
        self.ledger = Ledger(database, config, self.routing.prices)
        self.meter = None if page is None else Meter(page)
        if self.meter is not None:
            limiter.on_use = self.meter.use
        self.recorder = Recorder(database, config.turns, self.routing.prices, self.ledger, self.meter)
        self.scoring = Scoring(config.drift, self.recorder)
        has_judge = config.drift.judge.upstream is not None
        self.judge = Judge(config, self.scoring.amend, self.ledger) if has_judge else None
        if self.judge is not None:
            self.scoring.on_late = self.judge.offer
        self.moderator = Moderator(config, self.routing, self.ledger, self.scoring.rules_of)
        moderation = config.moderation
        moderates = moderation.input != "off" or moderation.output != "off"
        self.watching = Watching(moderation, self.moderator, self.recorder.amend) if moderates else None
        self.exchanges = Exchanges(
            config,
            self.registry,
            self.routing,
            self.recorder,
            self.scoring,
            self.ledger,
            self.judge,
            self.watching,
        )
        self.committer = Committer(database, keeps_texts=config.recording.texts != "none")

    @asynccontextmanager
    async def at_work(
        self, others: Sequence[Coroutine[Any, Any, None]], ended: Callable[[asyncio.Task[None]], None]
    ) -> AsyncIterator[None]:
        """Follow the store and write turns, beside these others; `ended` is told of a task that has ended."""
        position = await changes.position(self.database)
        self.routing.prices.start()
        running = [
            changes.watch(self.database, position, self.forget),
            self.recorder.run(),
            self.ledger.run(),
            self.scoring.run(),
            *others,
        ]
        if self.judge is not None:
            running.append(self.judge.run())
        if self.watching is not None:
            running.append(self.watching.run())
        tasks = [asyncio.create_task(each) for each in running]
        for task in tasks:
            task.add_done_callback(ended)
        try:
            yield
        finally:
            for task in tasks:
                task.remove_done_callback(ended)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._close()

    def forget(self, changes: Sequence[Change]) -> None:
        """Drop from memory what has changed; an empty sequence means all of it."""
        self.registry.forget(changes)
        self.guard.forget(changes)
        self.ledger.known.forget(changes)

    async def _close(self) -> None:
        await self.scoring.close()
        self.exchanges.aside.close()
        if self.judge is not None:
            await self.judge.close()
        await self.moderator.close()
        await self.committer.close()
        await self.recorder.close()
        await self.ledger.close()
        await self.routing.close()
