"""An upstream takes so many calls at once; a few more wait for a place, in turn and not for long."""

import asyncio
from collections import deque
from contextlib import suppress

from gateway.upstreams.failure import UpstreamFailure

WAITING = 4
"""Calls that may wait for each place, and"""
LEAST = 32
"""at least so many for all of them together; a further one is turned away."""
WAIT_SECONDS = 10.0
"""Seconds after which who still waits is turned away."""


class Places:
    """The places at one upstream, as one worker has them; 0 stands for any number."""

    def __init__(self, name: str, number: int) -> None:
        self._name = name
        self._number = number
        self.are_limited = bool(number)
        self._room = max(LEAST, WAITING * number)
        self._taken = 0
        """Places in use, where their number is limited."""
        self._queue: deque[asyncio.Future[None]] = deque()
        """These wait for a place; it is empty while one is free."""

    @property
    def waiting(self) -> int:
        """Count those who wait for a place."""
        return len(self._queue)

    @property
    def are_free(self) -> bool:
        """Tell whether nobody has a place or waits for one."""
        return not self._taken and not self._queue

    async def enter(self, *, is_first: bool = False) -> None:
        """Take a place, or wait for one in turn. Raises UpstreamFailure where too many wait, or for too long.

        The upstream is not to blame for that time, so that none of its limits counts it. `is_first` is
        for a call that had a place already.
        """
        if not self._number:
            return
        if self._taken < self._number:
            self._taken += 1
            return
        if len(self._queue) >= self._room and not is_first:
            raise self._overloaded()
        waiter = asyncio.get_running_loop().create_future()
        (self._queue.appendleft if is_first else self._queue.append)(waiter)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await waiter
        except TimeoutError:
            self._give_up(waiter)
            raise self._overloaded() from None
        except BaseException:
            self._give_up(waiter)
            raise

    def leave(self) -> None:
        """Free a place, which goes to whoever has waited for longest."""
        if not self._number:
            return
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._taken -= 1

    def close(self) -> None:
        """Let in, beyond the limit, all who wait: they are to be turned away by whoever closes."""
        for waiter in self._queue:
            if not waiter.done():
                waiter.set_result(None)
                self._taken += 1
        self._queue.clear()

    def _give_up(self, waiter: asyncio.Future[None]) -> None:
        """Wait no more; a place that was given meanwhile goes to the next one."""
        if not waiter.cancelled():
            self.leave()
            return
        with suppress(ValueError):
            self._queue.remove(waiter)

    def _overloaded(self) -> UpstreamFailure:
        return UpstreamFailure("overloaded", self._name, was_reached=False)
