"""While the server of the limits is away, something else decides, as the configuration says."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from gateway.config import Limits
from gateway.limits.bounds import Bound
from gateway.limits.memory import Memory
from gateway.limits.place import Alone, Held, Place, Standing, Unreachable
from gateway.limits.table import Table
from gateway.limits.telling import uncounted

T = TypeVar("T")

LOOK_SECONDS = 1.0
FAR, NEAR = "far:", "near:"

log = logging.getLogger("gateway.limits")


class Server(Place, Protocol):
    """A place that may be away."""

    async def ping(self) -> None:
        """Raises Unreachable."""


class Failover:
    """The server as long as it answers, else what stands in for it."""

    def __init__(self, far: Server, near: Place) -> None:
        self._far = far
        self._near = near
        self.healthy = True
        """Tells whether the last question was answered by the server."""

    async def take(self, bound: Bound) -> Standing:
        return await self._ask(lambda place: place.take(bound))

    async def give_back(self, bound: Bound) -> None:
        await self._ask(lambda place: place.give_back(bound))

    async def left(self, bound: Bound) -> Standing:
        return await self._ask(lambda place: place.left(bound))

    def charge(self, bound: Bound, amount: int) -> None:
        (self._far if self.healthy else self._near).charge(bound, amount)

    async def hold(self, bound: Bound) -> Held | None:
        async def ask(place: Place) -> Held | None:
            held = await place.hold(bound)
            prefix = FAR if place is self._far else NEAR
            return None if held is None else held._replace(word=prefix + held.word)

        return await self._ask(ask)

    async def renew(self, bound: Bound, word: str) -> str:
        place, prefix, own = self._of(word)
        return prefix + await place.renew(bound, own)

    async def release(self, bound: Bound, word: str) -> None:
        place, _, own = self._of(word)
        await place.release(bound, own)

    async def watch(self) -> None:
        """Look after the server, until cancelled: also when nobody asks, it is known whether it is there."""
        while True:
            try:
                await self._far.ping()
            except Unreachable as error:
                self._lose(error)
            else:
                if not self.healthy:
                    log.warning("the limits' store answers again")
                self.healthy = True
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        await self._far.close()

    async def _ask(self, ask: Callable[[Place], Awaitable[T]]) -> T:
        if self.healthy:
            try:
                return await ask(self._far)
            except Unreachable as error:
                self._lose(error)
        return await ask(self._near)

    def _lose(self, error: Unreachable) -> None:
        if self.healthy:
            log.warning("the limits' store does not answer: %s", error)
        self.healthy = False

    def _of(self, word: str) -> tuple[Place, str, str]:
        if word.startswith(FAR):
            return self._far, FAR, word.removeprefix(FAR)
        return self._near, NEAR, word.removeprefix(NEAR)


class Open(Alone):
    """Lets everybody in."""

    async def take(self, bound: Bound) -> Standing:
        return Standing(bound, True, bound.amount, time.time())

    async def give_back(self, bound: Bound) -> None:
        """Nothing is counted here."""

    async def left(self, bound: Bound) -> Standing:
        return Standing(bound, True, bound.amount, time.time())

    def charge(self, bound: Bound, amount: int) -> None:
        """Count nothing."""

    async def hold(self, bound: Bound) -> Held | None:
        return Held("", bound.amount)

    async def renew(self, bound: Bound, word: str) -> str:
        return word

    async def release(self, bound: Bound, word: str) -> None:
        """Nothing is held here."""


class Closed(Open):
    """Lets nobody in whose plan would have to be asked."""

    async def take(self, bound: Bound) -> Standing:
        raise uncounted()

    async def left(self, bound: Bound) -> Standing:
        raise uncounted()

    async def hold(self, bound: Bound) -> Held | None:
        raise uncounted()


def place_of(config: Limits, table: Table) -> Place:
    """Find where the limits are counted; `table` is the memory that the workers share."""
    near = Memory(table)
    if not config.store:
        return near
    # Nobody else needs the driver.
    from gateway.limits.remote import Remote

    stand_ins: dict[str, Place] = {"local": near, "open": Open(), "closed": Closed()}
    return Failover(Remote(config.store, config.timeout), stand_ins[config.on_failure])
