"""Limits are counted on a Valkey or Redis, which several gateways share."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import valkey
from limits import RateLimitItemPerMinute
from limits.aio.storage.redis import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from valkey.asyncio import BlockingConnectionPool

from gateway import ids
from gateway.limits.bounds import Bound
from gateway.limits.place import HOLD_SECONDS, Alone, Held, Standing, Unreachable
from gateway.limits.rings import PER_SECOND, SECONDS, SPAN

CONNECTIONS = 32
"""Connections of one worker; further requests wait for one."""
PREFIX = "persona"
TOKENS = f"""
local clock = redis.call('TIME')
local now = math.floor((tonumber(clock[1]) + tonumber(clock[2]) / 1000000) * {PER_SECOND})
if tonumber(ARGV[1]) > 0 then
    redis.call('HINCRBY', KEYS[1], string.format('%.0f', now), ARGV[1])
    redis.call('EXPIRE', KEYS[1], {SECONDS + 1})
end
local counted, oldest, cells = 0, now, redis.call('HGETALL', KEYS[1])
for at = 1, #cells, 2 do
    local cell = tonumber(cells[at])
    if now - cell >= {SPAN} then
        redis.call('HDEL', KEYS[1], cells[at])
    else
        counted = counted + tonumber(cells[at + 1])
        oldest = math.min(oldest, cell)
    end
end
return {{string.format('%.0f', counted), oldest + {SPAN} - now}}
"""
"""Counts ARGV[1] more tokens in the cell of now, as `table.py` does, and tells how many there are in those
of a minute, and in how many cells' time the first of them are free again."""
HOLD = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local held = redis.call('ZCARD', KEYS[1])
if held >= tonumber(ARGV[1]) then
    return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[2] * 2)
return held + 1
"""
"""Holds one of ARGV[1] for ARGV[2] seconds, in a set of words sorted by the time at which each ends.

It tells how many are held then; 0 where there is no room."""
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
        self._client = valkey.asyncio.Valkey(connection_pool=pool)
        # Tokens come by the thousand, and the list of a moving window would have an entry for each.
        self._tokens = self._client.register_script(TOKENS)
        self._hold = self._client.register_script(HOLD)
        self._undo = self._client.register_script(UNDO)
        self._renew = self._client.register_script(RENEW)
        self._owed: dict[str, int] = {}
        """Tokens by the name under which they are about to be counted."""
        self._flying: dict[str, asyncio.Future[tuple[int, int]]] = {}
        """These are being counted now; whoever asks waits for them."""
        self._paying: asyncio.Task[None] | None = None

    async def take(self, bound: Bound) -> Standing:
        with reaching():
            item = RateLimitItemPerMinute(bound.amount, namespace=bound.bucket)
            is_taken = await self._requests.hit(item, bound.ident)
            reset, remaining = await self._requests.get_window_stats(item, bound.ident)
        return Standing(bound, is_taken, max(0, remaining), reset)

    async def give_back(self, bound: Bound) -> None:
        with reaching():
            # The newest entry comes first.
            await self._undo([f"{PREFIX}:{bound.name}"])

    async def left(self, bound: Bound) -> Standing:
        if bound.name in self._flying:
            await asyncio.wait([self._flying[bound.name]])
        owed = self._owed.pop(bound.name, 0)
        counted, cells = await (self._send(bound.name, owed) if owed else self._count(bound.name, 0))
        remaining = max(0, bound.amount - counted)
        return Standing(bound, remaining > 0, remaining, time.time() + cells / PER_SECOND)

    def charge(self, bound: Bound, amount: int) -> None:
        self._owed[bound.name] = self._owed.get(bound.name, 0) + amount
        if self._paying is None or self._paying.done():
            self._paying = asyncio.create_task(self._pay())

    async def hold(self, bound: Bound) -> Held | None:
        word = ids.new("lease")
        with reaching():
            held = await self._hold([_key(bound)], [bound.amount, HOLD_SECONDS, word])
        return Held(word, bound.amount - held) if held else None

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
            name, amount = self._owed.popitem()
            with suppress(Unreachable):
                await self._send(name, amount)

    async def _send(self, name: str, amount: int) -> tuple[int, int]:
        """Count tokens, for which whoever asks meanwhile waits."""
        sent = self._flying[name] = asyncio.ensure_future(self._count(name, amount))
        # Whoever waited for it may have left when it fails.
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(sent)
        except Unreachable:
            log.warning("%d tokens could not be counted", amount)
            raise
        finally:
            if self._flying.get(name) is sent:
                del self._flying[name]

    async def _count(self, name: str, amount: int) -> tuple[int, int]:
        """Count tokens, and tell how many there are, and in how many cells' time the first are free again."""
        with reaching():
            counted, cells = await self._tokens([f"{PREFIX}:spent:{name}"], [amount])
        return int(counted), cells


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
