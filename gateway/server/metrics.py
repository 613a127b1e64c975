"""`GET /metrics` is answered by a process of its own, so that no scrape holds up an answer."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn

from gateway.budgets.budget import shown
from gateway.budgets.store import records
from gateway.config import Config
from gateway.metrics.board import Board
from gateway.metrics.exposition import CONTENT_TYPE, Labels, Sample, told
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.telemetry import logs
from gateway.work.store import rows

NAME = "persona-metrics"
"""The name under which the system lists this process."""
STORE_SECONDS = 2.0
"""Seconds that the store may take to count; without it the rest is told."""
BUDGETS = 200
"""Budgets that are told, those first of which most is gone."""
NEVER_MIND = (StoreUnavailable, TimeoutError)


def run(config: Config, listener: socket.socket, board: Board, lifeline: int) -> None:
    """Answer until told to stop, or until the parent has died, which ends the pipe `lifeline`."""
    logs.configure(config.log)
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(NAME, "ascii")
    asyncio.run(_run(config, listener, board, lifeline))
    # Threads of a driver may still wait for an answer that nobody wants.
    os._exit(0)


async def _run(config: Config, listener: socket.socket, board: Board, lifeline: int) -> None:
    database = Database(config.store.url)
    settings = uvicorn.Config(
        Scraping(board, database), ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(settings)

    def parent_died() -> None:
        loop.remove_reader(lifeline)
        server.should_exit = True

    loop = asyncio.get_running_loop()
    loop.add_reader(lifeline, parent_died)
    await server.serve(sockets=[listener])
    await database.close()


class Scraping:
    """The ASGI application behind the port of metrics."""

    def __init__(self, board: Board, database: Database) -> None:
        self._board = board
        self._database = database
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Answer `GET /metrics`, and nothing else."""
        if scope["path"] != "/metrics":
            await _answer(send, 404, b"There is only GET /metrics here.\n", "text/plain; charset=utf-8")
        elif scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, b"Use GET.\n", "text/plain; charset=utf-8")
        else:
            # However many ask, one answer is made at a time.
            async with self._turn:
                body = await self._told()
            await _answer(send, 200, body, CONTENT_TYPE)

    async def _told(self) -> bytes:
        samples, is_up = [], 1.0
        try:
            async with asyncio.timeout(STORE_SECONDS), self._database.read() as connection:
                samples = [*await _work(connection), await _budget(connection)]
        except NEVER_MIND:
            is_up = 0.0
        text = "1 where the store answers those who collect metrics."
        samples.append(Sample("persona_store_up", "gauge", text, {(): is_up}))
        return (await asyncio.to_thread(told, self._board, samples)).encode()


async def _answer(send: Callable[[Any], Awaitable[None]], status: int, body: bytes, kind: str) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _work(connection: AsyncConnection) -> list[Sample]:
    """Tell of the queue of work, of which the deliveries of webhooks are a kind."""
    depth, counts = await rows.depth(connection), await rows.counts(connection)
    states: dict[Labels, float] = {(("kind", kind), ("state", state)): n for kind, state, n in counts}
    deliveries: dict[Labels, float] = {
        (("state", state),): n for kind, state, n in counts if kind == "delivery"
    }
    return [
        Sample("persona_work", "gauge", "Work that lasts, by kind and state.", states),
        Sample(
            "persona_work_oldest_seconds",
            "gauge",
            "Seconds for which the oldest work that is due has waited.",
            {(): depth.oldest_seconds},
        ),
        Sample("persona_work_retries", "gauge", "Further attempts of this work.", {(): float(depth.retries)}),
        Sample(
            "persona_webhook_deliveries",
            "gauge",
            "Deliveries of webhooks that wait, are under way, or are dead letters.",
            deliveries,
        ),
    ]


async def _budget(connection: AsyncConnection) -> Sample:
    values: dict[Labels, float] = {}
    for standing in await records.fullest(connection, BUDGETS):
        budget = standing.budget
        most = shown(budget.unit, budget.most)
        labels = (
            ("workspace", budget.workspace_id),
            ("subject", budget.subject),
            ("unit", budget.unit),
            ("period", budget.period),
        )
        values[labels] = shown(budget.unit, standing.spent + standing.held) / most if most else 1.0
    return Sample(
        "persona_budget_used_ratio", "gauge", "The part of a budget that is gone or set aside.", values
    )
