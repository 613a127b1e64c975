"""Limits are counted in memory that the workers of one gateway share."""

import time

from limits.aio.storage.base import MovingWindowSupport, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from gateway.limits.bounds import Bound
from gateway.limits.place import Alone, Standing, Unreachable
from gateway.limits.rings import MOST
from gateway.limits.table import Count, Table, TableFullError
from gateway.limits.telling import uncounted

NAMES = 2**64 - 1


class SharedStorage(Storage, MovingWindowSupport):
    """A storage for `limits` that knows windows of a minute, which slide by half seconds.

    Names are hashed with the secret of Python's own hash, which forked workers have in common.
    """

    STORAGE_SCHEME = None

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    @property
    def base_exceptions(self) -> type[Exception]:
        return TableFullError

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        return self._table.take(hash(key) & NAMES, amount, limit).is_taken

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        counted = self._look(key)
        return time.time() + self._table.until(counted.oldest) - expiry, counted.total

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return self._table.take(hash(key) & NAMES, amount, MOST).total

    async def get(self, key: str) -> int:
        return self._look(key).total

    async def get_expiry(self, key: str) -> float:
        return time.time() + self._table.until(self._look(key).oldest)

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        return self._table.clear()

    async def clear(self, key: str) -> None:
        self._table.forget(hash(key) & NAMES)

    def _look(self, key: str) -> Count:
        return self._table.look(hash(key) & NAMES)


class SharedWindow(MovingWindowRateLimiter):
    """The moving window of `limits`, which hits and tells what is left in one step, and in half the time."""

    def __init__(self, table: Table) -> None:
        super().__init__(SharedStorage(table))
        self._table = table

    def take(self, bound: Bound) -> Standing:
        """Raises TableFullError."""
        is_taken, total, oldest, _ = self._table.take(hash(bound.name) & NAMES, 1, bound.amount)
        return Standing(bound, is_taken, bound.amount - total, time.time() + self._table.until(oldest))

    def look(self, bound: Bound) -> Standing:
        """Raises TableFullError."""
        _, total, oldest, _ = self._table.look(hash(bound.name) & NAMES)
        remaining = max(0, bound.amount - total)
        return Standing(bound, remaining > 0, remaining, time.time() + self._table.until(oldest))


class Memory(Alone):
    """The place of one gateway's own counts."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._window = SharedWindow(table)

    async def take(self, bound: Bound) -> Standing:
        try:
            return self._window.take(bound)
        except TableFullError:
            raise uncounted() from None

    async def give_back(self, bound: Bound) -> None:
        try:
            self._table.give_back(hash(bound.name) & NAMES, self._table.now())
        except TableFullError:
            return

    async def left(self, bound: Bound) -> Standing:
        try:
            return self._window.look(bound)
        except TableFullError:
            raise uncounted() from None

    def charge(self, bound: Bound, amount: int) -> None:
        try:
            self._table.add(hash(bound.name) & NAMES, amount)
        except TableFullError:
            return

    async def hold(self, bound: Bound) -> str | None:
        try:
            counted = self._table.take(hash(bound.name) & NAMES, 1, bound.amount)
        except TableFullError:
            raise uncounted() from None
        return str(counted.cell) if counted.is_taken else None

    async def renew(self, bound: Bound, word: str) -> str:
        try:
            return str(self._table.renew(hash(bound.name) & NAMES, int(word)))
        except TableFullError:
            raise Unreachable from None

    async def release(self, bound: Bound, word: str) -> None:
        try:
            self._table.give_back(hash(bound.name) & NAMES, int(word))
        except TableFullError:
            raise Unreachable from None
