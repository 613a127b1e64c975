"""Several workers share a listening socket and take connections from it as evenly as can be."""

import asyncio
import logging
import mmap
import socket
from collections.abc import Callable, Sized

PAUSE_SECONDS = 0.002
"""Seconds that a worker that is ahead leaves a new connection to the others, before it takes it after all."""
RETRY_SECONDS = 1.0
"""Seconds to wait where the system has no room for a connection, as when too many files are open."""
ABSENT = -1

log = logging.getLogger("gateway.accepting")


class Share:
    """Counts the connections of one worker, beside those of the others in memory that they share."""

    def __init__(self, counts: memoryview, place: int) -> None:
        self._counts = counts
        self._place = place

    def state(self, count: int) -> None:
        self._counts[self._place] = count

    def leave(self) -> None:
        """Give up the share: this worker is no more, or takes no connections."""
        self._counts[self._place] = ABSENT

    def is_ahead(self) -> bool:
        """Tell whether it has more than the one with the fewest, by more than an eighth and one."""
        fewest = min(count for count in self._counts if count != ABSENT)
        return bool(self._counts[self._place] > fewest + fewest // 8 + 1)


def shares(workers: int) -> list[Share]:
    """Make so many shares, before the first worker is forked."""
    counts = memoryview(mmap.mmap(-1, 4 * workers)).cast("i")
    made = [Share(counts, place) for place in range(workers)]
    for share in made:
        share.leave()
    return made


class Acceptor:
    """Takes connections one at a time, and leaves them to the others while it is ahead of them.

    An event loop by itself takes all that wait: of 64 connections that are opened together and then kept, one
    of two workers would get 63 now and then, and do nearly all the work.
    """

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        connections: Sized,
        share: Share,
    ) -> None:
        """`connections` are those that are open, kept by whoever serves them."""
        self._listener = listener
        self._protocol = protocol
        self._connections = connections
        self._share = share
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._has_paused = False
        self._beginning: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._share.state(self._count())
        self._loop.add_reader(self._listener, self._take)

    async def stop(self) -> None:
        """Leave what waits to the others; what was taken is among the connections then. Closes no socket."""
        self._loop.remove_reader(self._listener)
        self._share.leave()
        if self._timer is not None:
            self._timer.cancel()
        if self._beginning:
            await asyncio.wait(self._beginning)

    def _count(self) -> int:
        return len(self._connections) + len(self._beginning)

    def _take(self) -> None:
        self._share.state(self._count())
        if not self._has_paused and self._share.is_ahead():
            self._has_paused = True
            self._pause(PAUSE_SECONDS)
            return
        self._has_paused = False
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            # Another worker was quicker, or the caller has left.
            return
        except OSError as error:
            log.error("no connection can be taken: %s", error.strerror)
            self._pause(RETRY_SECONDS)
        else:
            connection.setblocking(False)
            task = self._loop.create_task(self._begin(connection))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    async def _begin(self, connection: socket.socket) -> None:
        await self._loop.connect_accepted_socket(self._protocol, connection)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._timer = self._loop.call_later(seconds, self.start)
