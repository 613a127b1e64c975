"""Hosts are looked up in threads, one lookup at a time for each name, with the last answer kept."""

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import msgspec

from gateway.cache import Cache

THREADS = 32
"""Lookups that run at once; a resolver that hangs holds one of them for each name."""
WAITING = 1024
"""Names that may wait for a thread; a further one counts as not found."""
NAMES = 1024
"""Names that are remembered."""
FRESH_SECONDS = 5.0
"""Seconds that an answer is used before it is asked for again."""
PATIENCE = 0.5
"""Seconds that a lookup has before the last answer is used in its place."""
KEPT_SECONDS = 3600.0
"""Seconds that the last answer is good for while no other comes; later the address may be a stranger's."""

Address: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
"""An address as `getaddrinfo` lists it."""
Resolve: TypeAlias = Callable[..., Sequence[Any]]
Outcome: TypeAlias = "Sequence[Address] | OSError | UnicodeError"


class _Answer(msgspec.Struct):
    addresses: Sequence[Address]
    at: float
    """The time of the answer in `time.monotonic()` seconds."""

    def is_younger_than(self, seconds: float) -> bool:
        return time.monotonic() - self.at < seconds


class Lookups:
    """Remembers names for one worker. The threads are daemons, since nothing ends a lookup that hangs."""

    def __init__(self, resolve: Resolve = socket.getaddrinfo) -> None:
        self._resolve = resolve
        self._answers: Cache[str, _Answer] = Cache(NAMES)
        self._flying: dict[str, asyncio.Future[Outcome]] = {}
        """Lookups under way, each shared by all who wait for the name."""
        self._queue: deque[str] = deque()
        self._threads = 0

    async def find(self, host: str, port: int) -> list[Address]:
        """Find the host's addresses, the system's favourite first. Raises OSError, UnicodeError."""
        known = self._answers.recall(host)
        if known is None or not known.is_younger_than(FRESH_SECONDS):
            kept = known if known is not None and known.is_younger_than(KEPT_SECONDS) else None
            known = await self._ask(host, kept)
        return [
            (family, kind, protocol, name, (place[0], port, *place[2:]))
            for family, kind, protocol, name, place in known.addresses
        ]

    async def _ask(self, host: str, kept: _Answer | None) -> _Answer:
        """Look the name up, or return the kept answer where that fails or takes long."""
        flying = self._flying.get(host) or self._start(host)
        # This way of waiting leaves the lookup alone when whoever waits is cancelled.
        await asyncio.wait({flying}, timeout=None if kept is None else PATIENCE)
        if flying.done() and not isinstance(outcome := flying.result(), Exception):
            return self._answers.recall(host) or _Answer(outcome, time.monotonic())
        if kept is not None:
            return kept
        outcome = flying.result()
        assert isinstance(outcome, Exception)  # noqa: S101 - anything else was returned above
        raise outcome

    def _start(self, host: str) -> asyncio.Future[Outcome]:
        flying = self._flying[host] = asyncio.get_running_loop().create_future()
        if self._threads < THREADS:
            self._fly(host)
        elif len(self._queue) < WAITING:
            self._queue.append(host)
        else:
            del self._flying[host]
            flying.set_result(OSError("too many lookups wait"))
        return flying

    def _fly(self, host: str) -> None:
        self._threads += 1
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._look, args=(host, loop), name="lookup", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            loop.call_soon(self._land, host, OSError("no thread can be started"))

    def _look(self, host: str, loop: asyncio.AbstractEventLoop) -> None:
        """Look the name up; runs in a thread."""
        outcome: Outcome
        try:
            outcome = self._resolve(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            outcome = error
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._land, host, outcome)

    def _land(self, host: str, outcome: Outcome) -> None:
        self._threads -= 1
        if not isinstance(outcome, Exception):
            self._answers.keep(host, _Answer(outcome, time.monotonic()))
        flying = self._flying.pop(host)
        if not flying.done():
            flying.set_result(outcome)
        if self._queue:
            self._fly(self._queue.popleft())
