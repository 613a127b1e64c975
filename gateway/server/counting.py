"""A worker notes every second how it is, and how late its event loop comes."""

import asyncio
from collections.abc import Sized

from gateway.gateway import Gateway
from gateway.turns.meter import Meter

SECONDS = 1.0


class Counting:
    """Looks at one worker until it is stopped."""

    def __init__(self, gateway: Gateway, meter: Meter, connections: Sized) -> None:
        """`connections` are those of the worker's callers."""
        self._gateway = gateway
        self._meter = meter
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_soon(self._look)
        self._due = self._loop.time()

    def stop(self) -> None:
        """Note it a last time."""
        self._timer.cancel()
        self._tell()

    def _look(self) -> None:
        now = self._loop.time()
        self._meter.lag(max(0.0, now - self._due))
        self._tell()
        self._due = now + SECONDS
        self._timer = self._loop.call_at(self._due, self._look)

    def _tell(self) -> None:
        states = self._gateway.states()
        states["persona_connections_open", ""] = len(self._connections)
        self._meter.tell(states)
