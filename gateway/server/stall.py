"""A caller who does not read is noticed because the bytes that wait for it do not become fewer."""

import asyncio
from collections.abc import Callable

LOOKS = 4
"""Looks at the bytes within the time limit."""


class Stall:
    """Looks after one transport from `watch` on, until nothing waits to be sent or `stop` is called."""

    __slots__ = ("_cut", "_looks", "_pause", "_timer", "_transport", "_waiting")

    def __init__(self, transport: asyncio.WriteTransport, seconds: float, cut: Callable[[], None]) -> None:
        """`cut` is called once bytes have waited for `seconds` and not one of them has gone."""
        self._transport = transport
        self._pause = seconds / LOOKS
        self._cut = cut
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = 0
        self._looks = 0

    def watch(self) -> None:
        if self._timer is None:
            self._waiting, self._looks = self._transport.get_write_buffer_size(), 0
            self._schedule()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._look)

    def _look(self) -> None:
        self._timer = None
        before, self._waiting = self._waiting, self._transport.get_write_buffer_size()
        # A caller who reads slowly is still one who reads.
        self._looks = self._looks + 1 if self._waiting == before else 0
        if self._looks == LOOKS:
            self._cut()
        else:
            self._schedule()
