"""Limits are counted in memory that the workers of one gateway share."""

import time

from limits.aio.storage.base import MovingWindowSupport, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from gateway.limits.bounds import Bound
from gateway.limits.place import Alone, Standing, Unreachable
from gateway.limits.table import MOST, Count, Table, TableFullError
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
        self._seen: tuple[str, Count] | None = None

    @property
    def base_exceptions(self) -> type[Exception]:
        return TableFullError

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        counted = self._table.take(hash(key) & NAMES, amount, limit)
        # Nobody else runs before the strategy asks for the window, which need not be counted again then.
        self._seen = key, counted
        return counted.is_taken

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        seen, self._seen = self._seen, None
        counted = seen[1] if seen is not None and seen[0] == key else self._look(key)
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


class Memory(Alone):
    """The place of one gateway's own counts."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._windows = MovingWindowRateLimiter(SharedStorage(table))

    async def take(self, bound: Bound) -> Standing:
        try:
            is_taken = await self._windows.hit(bound)
            reset, remaining = await self._windows.get_window_stats(bound)
        except TableFullError:
            raise uncounted() from None
        return Standing(bound, is_taken, remaining, reset)

    async def give_back(self, bound: Bound) -> None:
        try:
            self._table.give_back(hash(bound.name) & NAMES, self._table.now())
        except TableFullError:
            return

    async def left(self, bound: Bound) -> Standing:
        try:
            reset, remaining = await self._windows.get_window_stats(bound)
        except TableFullError:
            raise uncounted() from None
        return Standing(bound, remaining > 0, max(0, remaining), reset)

    def charge(self, bound: Bound, amount: int) -> None:
        try:
            self._table.take(hash(bound.name) & NAMES, min(amount, MOST), MOST)
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
