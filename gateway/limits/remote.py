"""Limits are counted on a Valkey or Redis, which several gateways share."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import valkey
from limits.aio.storage.redis import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from valkey.asyncio import BlockingConnectionPool

from gateway import ids
from gateway.limits.bounds import Bound
from gateway.limits.place import HOLD_SECONDS, Alone, Standing, Unreachable

CONNECTIONS = 32
"""Connections of one worker; further requests wait for one."""
PREFIX = "persona"
MINUTE = 60
MOST = 2**50

HOLD = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
    return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[2] * 2)
return 1
"""
"""Holds one of ARGV[1] for ARGV[2] seconds, in a set of words sorted by the time at which each ends."""
RENEW = """
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[1], clock[1] + ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[1] * 2)
"""

UNDO = "redis.call('LPOP', KEYS[1])"

log = logging.getLogger("gateway.limits")


@contextmanager
def reaching() -> Iterator[None]:
    """Raise Unreachable for whatever goes wrong on the way to the server, or there."""
    try:
        yield
    except (valkey.ValkeyError, OSError, TimeoutError) as error:
        raise Unreachable(type(error).__name__) from None


class Remote(Alone):
    """The place on a server; the clocks of all gateways there must agree to within a second."""

    def __init__(self, url: str, seconds: float) -> None:
        """`seconds` is the time in which the server has to answer."""
        pool: Any = _pool(url, seconds)
        # The storage is given its connections, and reads of a URL only which driver it is to use.
        self._storage = RedisStorage("async+valkey://", key_prefix=PREFIX, connection_pool=pool)
        self._requests = MovingWindowRateLimiter(self._storage)
        # Tokens come by the thousand, and the list of a moving window would have an entry for each.
        self._tokens = SlidingWindowCounterRateLimiter(self._storage)
        self._client = valkey.asyncio.Valkey(connection_pool=pool)
        self._hold = self._client.register_script(HOLD)
        self._undo = self._client.register_script(UNDO)
        self._renew = self._client.register_script(RENEW)
        self._owed: dict[str, int] = {}
        """Tokens by the name under which they are about to be counted."""
        self._paying: asyncio.Task[None] | None = None

    async def take(self, bound: Bound) -> Standing:
        with reaching():
            is_taken = await self._requests.hit(bound)
            reset, remaining = await self._requests.get_window_stats(bound)
        return Standing(bound, is_taken, max(0, remaining), reset)

    async def give_back(self, bound: Bound) -> None:
        with reaching():
            # The newest entry comes first.
            await self._undo([f"{PREFIX}:{bound.name}"])

    async def left(self, bound: Bound) -> Standing:
        with reaching():
            reset, remaining = await self._tokens.get_window_stats(bound)
        remaining = max(0, remaining - self._owed.get(bound.name, 0))
        return Standing(bound, remaining > 0, remaining, reset)

    def charge(self, bound: Bound, amount: int) -> None:
        self._owed[bound.name] = self._owed.get(bound.name, 0) + amount
        if self._paying is None or self._paying.done():
            self._paying = asyncio.create_task(self._pay())

    async def hold(self, bound: Bound) -> str | None:
        word = ids.new("lease")
        with reaching():
            is_held = await self._hold([_key(bound)], [bound.amount, HOLD_SECONDS, word])
        return word if is_held else None

    async def renew(self, bound: Bound, word: str) -> str:
        with reaching():
            await self._renew([_key(bound)], [HOLD_SECONDS, word])
        return word

    async def release(self, bound: Bound, word: str) -> None:
        with reaching():
            await self._client.zrem(_key(bound), word)

    async def ping(self) -> None:
        """Raises Unreachable."""
        with reaching():
            await self._client.ping()

    async def close(self) -> None:
        if self._paying is not None:
            await asyncio.wait([self._paying])
        await self._client.connection_pool.disconnect()

    async def _pay(self) -> None:
        """Count the tokens that are owed; those that cannot be counted are let off."""
        while self._owed:
            name, amount = next(iter(self._owed.items()))
            try:
                with reaching():
                    await self._storage.acquire_sliding_window_entry(name, MOST, MINUTE, amount)
            except Unreachable:
                log.warning("%d tokens could not be counted", amount)
            self._owed[name] -= amount
            if not self._owed[name]:
                del self._owed[name]


def _pool(url: str, seconds: float) -> BlockingConnectionPool:
    return BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=seconds,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
    )


def _key(bound: Bound) -> str:
    return f"{PREFIX}:held:{bound.name}"
