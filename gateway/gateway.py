"""A worker holds here what lives as long as itself, and tells how it is."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from gateway.auth.door import Door
from gateway.auth.marking import Marking
from gateway.config import Config
from gateway.conversations.attaching import Attaching
from gateway.conversations.talking import Talking
from gateway.conversations.window import Windows
from gateway.embedding.embedder import Embedder
from gateway.ensembles.scenario import Stage
from gateway.equipment import Equipment
from gateway.images.drawing import Artist
from gateway.images.gallery import Gallery
from gateway.limits.failover import place_of
from gateway.limits.limiter import Limiter
from gateway.limits.table import Table
from gateway.metrics.board import Page
from gateway.openai_api.chat import ChatCompletions
from gateway.openai_api.embeddings import Embeddings
from gateway.openai_api.moderations import Moderations
from gateway.responses.following import Following
from gateway.responses.preparing import Preparing
from gateway.responses.serving import Responses
from gateway.storage.database import Database
from gateway.storage.retention import Retention
from gateway.telemetry.access import Access
from gateway.tools.toolbox import Toolbox
from gateway.turns.tail import Tail
from gateway.work.queue import Queue

log = logging.getLogger("gateway.app")


class Gateway(Equipment):
    """Holds what lives as long as a worker does."""

    def __init__(
        self,
        config: Config,
        table: Table | None = None,
        tools: str | None = None,
        embedder: str | None = None,
        page: Page | None = None,
    ) -> None:
        """`table` is where all workers count what is limited; without one, this one counts for itself.

        `tools` is the address of the tools' process; without it no tool is available. `embedder` is that of
        the embedded model; without it nothing is embedded here. `page` is where it counts for metrics;
        without one, nobody wants any.
        """
        limiter = Limiter(place_of(config.limits, table or Table()))
        super().__init__(config, Database(config.store.url), limiter, page)
        self.door = Door(self.guard, self.limiter)
        self.marking = Marking(self.database, self.guard)
        self.access = Access(config.log)
        self.tail = Tail(self.database)
        attaching = Attaching(self.database, self.exchanges, self.committer, config.recording)
        self.chat = ChatCompletions(self.door, self.exchanges, attaching, config.server)
        windows = Windows(config.upstreams)
        toolbox = Toolbox(config, tools)
        self.talking = Talking(self.database, self.exchanges, self.committer, windows, self.limiter, toolbox)
        self.embedder = None if embedder is None else Embedder(embedder)
        self.stage = Stage(self.exchanges, self.limiter)
        self.embeddings = Embeddings(self.door, self.exchanges, config, self.embedder)
        self.artist = Artist(config, self.routing, self.ledger, self.recorder, self.limiter)
        self.gallery = Gallery(config, self.database)
        self.following = Following(self.database, self.limiter, lambda: self.is_draining)
        self.responses = Responses(
            self.door, Preparing(self.exchanges, self.database, self.committer), self.following, config.server
        )
        self.moderations = Moderations(self.door, self.exchanges, self.moderator, config.server)
        self.queue = Queue(self.database)
        self.is_loaded = False
        self.is_draining = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the store and write turns, from the first request until after the last one."""
        await self.database.require_schema()
        others = [
            self.tail.run(),
            self.marking.run(),
            self.limiter.run(),
            Retention(self.database, self.config).run(),
        ]
        async with self.at_work(others, self._must_not_end):
            self.is_loaded = self.database.healthy = True
            try:
                yield
            finally:
                self.is_draining = True
        await self.marking.write()
        await self.limiter.close()
        await self.database.close()

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Tell whether chat requests can be answered, and the state of each part."""
        store = "ok" if self.database.healthy and self.recorder.healthy else "degraded"
        nodes = self.routing.nodes
        upstreams = {name: "degraded" if node.is_degraded else "ok" for name, node in nodes.items()}
        now = time.monotonic()
        usable = any(node.is_usable(now) for node in nodes.values())
        ready = self.is_loaded and not self.is_draining and usable
        limits = "ok" if self.limiter.healthy else "degraded"
        whole = (store, limits) == ("ok", "ok") and "degraded" not in upstreams.values()
        status = ("ready" if whole else "degraded") if ready else "unavailable"
        judge = {} if self.judge is None else {"judge": msgspec.structs.asdict(self.judge.counts)}
        return ready, {
            "status": status,
            "store": store,
            "limits": limits,
            "upstreams": upstreams,
            "upstream_calls": {
                name: msgspec.structs.asdict(node.health.report()) for name, node in nodes.items()
            },
            "draining": self.is_draining,
            "turns_dropped": self.recorder.dropped,
            "log_lines_dropped": self.access.dropped,
            "verdict_changes": dict(self.scoring.changes),
            "late_scores": msgspec.structs.asdict(self.scoring.late),
            **judge,
        }

    def states(self) -> dict[tuple[str, str], float]:
        """Tell what is so now, by the families of `metrics.figures` and by name."""
        _, ready = self.readiness()
        late = self.scoring.late
        answering = (self.chat, self.embeddings, self.responses, self.talking, self.stage)
        found: dict[tuple[str, str], float] = {
            ("persona_turns_queued", ""): self.recorder.waiting,
            ("persona_turns_dropped_total", ""): self.recorder.dropped,
            ("persona_log_lines_dropped_total", ""): self.access.dropped,
            ("persona_scores_late_total", ""): late.scored,
            ("persona_scores_dropped_total", ""): late.dropped,
            ("persona_scores_waiting", ""): late.waiting,
            ("persona_budget_refusals_total", ""): self.ledger.refused,
            ("persona_worker_degraded", "store"): ready["store"] != "ok",
            ("persona_worker_degraded", "limits"): ready["limits"] != "ok",
        }
        for one in answering:
            found["persona_answers_open", one.surface] = one.count
        for bucket, count in self.limiter.refused.items():
            found["persona_limit_refusals_total", bucket] = count
        if self.judge is not None:
            for outcome, count in msgspec.structs.asdict(self.judge.counts).items():
                found["persona_judge_answers_total", outcome] = count
        for name, node in self.routing.nodes.items():
            report = node.health.report()
            found["persona_breakers_open", name] = node.open_breakers
            found["persona_upstream_waiting", name] = node.client.waiting
            found["persona_upstream_calls", name] = report.calls
            found["persona_upstream_failing", name] = round(report.calls * (report.failing or 0.0))
        return found

    def interrupt(self) -> None:
        """End every open answer, as happens at the end of the process."""
        self.chat.interrupt()
        self.embeddings.interrupt()
        self.responses.interrupt()
        self.talking.interrupt()
        self.stage.interrupt()

    def drain(self) -> None:
        """Take no new requests, and end the streams that would never end by themselves."""
        self.is_draining = True
        self.tail.close()

    def _must_not_end(self, task: asyncio.Task[None]) -> None:
        """A worker whose tasks have ended would answer from memory, revoked keys included, so it stops."""
        if not self.is_draining and not task.cancelled():
            log.critical("a background task ended; the worker stops", exc_info=task.exception())
            os.kill(os.getpid(), signal.SIGTERM)
