"""One worker process runs an event loop that serves the application on a socket it was handed."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from gateway.app import create_app
from gateway.bulletin import Bulletin
from gateway.config import Config, Otel
from gateway.front import Front
from gateway.gateway import Gateway
from gateway.limits.table import Table
from gateway.metrics.board import Page
from gateway.server.accepting import Acceptor, Share
from gateway.server.cors import with_cors
from gateway.server.counting import Counting
from gateway.server.protocol import Protocol, limited
from gateway.server.retiring import Retiring
from gateway.telemetry import logs

if TYPE_CHECKING:
    from gateway.turns.tracing import Tracing

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 75
"""Seconds that an unused connection stays open; the pools of the usual clients keep theirs for less."""
SWITCH_SECONDS = 0.0005
"""Seconds after which a thread that computes lets streams go on; Python's own 5 ms would be felt in them."""
TICK_SECONDS = 1.0
FAREWELL_SECONDS = 2.0
"""Seconds that callers have, after the grace, to read that their answer has been cut short."""


def run(
    config: Config,
    listener: socket.socket,
    share: Share,
    table: Table,
    page: Page | None,
    bulletin: Bulletin,
    lifeline: int,
    status: int,
    *,
    tools: str | None = None,
    embedder: str | None = None,
) -> None:
    """Serve until told to stop, or until the parent has died, which ends the pipe `lifeline`.

    `share` and `table` are what the workers have in common, `page` is where this one counts for metrics,
    `bulletin` where it asks for a reload, `tools` and `embedder` are the addresses of the tools' process and
    of the embedded model's. One byte goes into the pipe `status` when connections are accepted.
    """
    logs.configure(config.log)
    sys.setswitchinterval(SWITCH_SECONDS)
    # Nearly all that is made until the start is over stays; `_spare_collector` looks through it once.
    gc.disable()
    front = create_app(config, table, tools, embedder, page, bulletin)
    tracing = traced(config.otel, front.gateway)
    protocol = limited(config.server, front.gateway.access, front.gateway.meter, tracing)
    settings = uvicorn.Config(
        with_cors(front, config.server.cors_origins),
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        # No code here asks for a caller's address.
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # Beyond the grace, open answers end by an error event of ours; this limit is the last resort.
        timeout_graceful_shutdown=int(config.server.shutdown_grace) + 5,
    )
    try:
        _Server(settings, protocol, front, share, lifeline, status).run(sockets=[listener])
    finally:
        front.gateway.access.close()
        if tracing is not None:
            tracing.close()


def traced(config: Otel, gateway: Gateway) -> "Tracing | None":
    """Begin to tell traces, where they are to be told."""
    if not config.endpoint:
        return None
    from gateway.turns.tracing import Tracing

    tracing = Tracing(config)
    gateway.recorder.on_late = tracing.late
    return tracing


def _spare_collector() -> None:
    """Keep Python's search for cycles away from what stays until the end, and make it rarer.

    Objects that live as long as a request are freed by reference counts. Memory that was loaded before
    the fork stays shared between workers only as long as nobody writes into it, as that search does.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


class _Server(uvicorn.Server):
    def __init__(
        self,
        settings: uvicorn.Config,
        protocol: type[Protocol],
        front: Front,
        share: Share,
        lifeline: int,
        status: int,
    ) -> None:
        self._is_ending = False
        self._end: Callable[[], object] | None = None
        super().__init__(settings)
        self._front = front
        self._protocol = protocol
        self._share = share
        self._lifeline = lifeline
        self._status = status
        self._acceptors: list[Acceptor] = []
        self._counting: Counting | None = None
        self._retiring: Retiring | None = None

    @property
    def should_exit(self) -> bool:
        """Tell whether this is the end; a handler of a signal says so, within any line of ours."""
        return self._is_ending

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self._is_ending = value
        if value and self._end is not None:
            self._end()

    async def main_loop(self) -> None:
        """Wait for the end, which uvicorn would look for ten times a second."""
        ending = asyncio.Event()
        self._end = partial(asyncio.get_running_loop().call_soon_threadsafe, ending.set)
        # This sets the date in the heads of answers, too.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await ending.wait()
        self._end = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # No sockets are given, since connections are taken in turns with the other workers.
        await super().startup(sockets=[])
        protocol = partial(
            self._protocol, config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        connections = self.server_state.connections
        self._acceptors = [Acceptor(one, protocol, connections, self._share) for one in sockets or []]
        for acceptor in self._acceptors:
            acceptor.start()
        asyncio.get_running_loop().add_reader(self._lifeline, self._parent_died)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._retire)
        if self._front.gateway.meter is not None:
            self._counting = Counting(self._front.gateway, self._front.gateway.meter, connections)
        _spare_collector()
        os.write(self._status, b"1")

    def _retire(self) -> None:
        """Take no new callers, and end when those who are here have left."""
        if self._retiring is None:
            self._front.gateway.tail.close()
            self._retiring = Retiring(self._protocol, self.server_state.connections, self._leave)
            for acceptor in self._acceptors:
                self._retiring.stop(acceptor)

    def _leave(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        gateway = self._front.gateway
        gateway.drain()
        for acceptor in self._acceptors:
            await acceptor.stop()
        grace = gateway.config.server.shutdown_grace
        loop = asyncio.get_running_loop()
        timers = [
            loop.call_later(grace, gateway.interrupt),
            loop.call_later(grace + FAREWELL_SECONDS, self._cut),
        ]
        await super().shutdown(sockets=sockets)
        for timer in timers:
            timer.cancel()
        if self._retiring is not None:
            self._retiring.close()
        if self._counting is not None:
            self._counting.stop()
        # Uvicorn would raise the signal once more, and that would end this process before its last lines.
        self._captured_signals.clear()

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, Protocol):
                connection.cut()

    def _parent_died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._lifeline)
        self.should_exit = True
