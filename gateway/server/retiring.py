"""A worker that retires takes no new callers, and lets those who are there come to an end."""

import asyncio
from collections.abc import Callable, Collection

from gateway.server.accepting import Acceptor
from gateway.server.protocol import Protocol

LOOK_SECONDS = 1.0
"""Seconds between two looks."""
IDLE_LOOKS = 5
"""Looks in a row at which a connection is idle before it is closed: a request on its way would be lost."""
LONGEST_SECONDS = 3600.0
"""Seconds after which it ends as at the end of the process, whoever is still there."""


class Retiring:
    """Every answer that begins from now on is the last one on its connection."""

    def __init__(
        self, protocol: type[Protocol], connections: Collection[object], end: Callable[[], None]
    ) -> None:
        """`end` is called once nobody is there any more."""
        protocol.is_retiring = True
        self._connections = connections
        self._idle: dict[Protocol, int] = {}
        """Counts the looks for which a connection has been idle."""
        self._stopping: set[asyncio.Task[None]] = set()
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + LONGEST_SECONDS
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def stop(self, acceptor: Acceptor) -> None:
        """Have it take no more connections."""
        task = self._loop.create_task(acceptor.stop())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        idle = [one for one in self._connections if isinstance(one, Protocol) and one.is_idle]
        self._idle = {one: self._idle.get(one, 0) + 1 for one in idle}
        for connection, looks in self._idle.items():
            if looks > IDLE_LOOKS:
                connection.shutdown()
        if (self._connections or self._stopping) and self._loop.time() < self._until:
            self._timer = self._loop.call_later(LOOK_SECONDS, self._look)
        else:
            self._end()
