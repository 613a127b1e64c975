"""The docket holds the answers that wait for the judge, the most telling first."""

import asyncio
import heapq
from collections.abc import Hashable
from itertools import count
from typing import Generic, NamedTuple, TypeVar

from gateway.judge.stakes import Stakes

C = TypeVar("C")


class Rank(NamedTuple):
    """The place of an answer: by its class, then by what is at stake, then the cheapest first."""

    order: int
    level: int
    size: int
    stakes: Stakes


class Docket(Generic[C]):
    """Takes so many cases at most; of more the last ones fall out."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._heap: list[tuple[tuple[Hashable, ...], Rank, C]] = []
        self._number = count()
        self._some = asyncio.Condition()

    def __len__(self) -> int:
        return len(self._heap)

    async def put(self, rank: Rank, case: C) -> C | None:
        """Take a case in; gives the one that has no room for it."""
        async with self._some:
            # The number keeps those that are alike in their order, and no case is ever compared.
            heapq.heappush(self._heap, ((*rank[:3], next(self._number)), rank, case))
            self._some.notify()
            if len(self._heap) <= self._room:
                return None
            last = max(self._heap, key=lambda entry: entry[0])
            self._heap.remove(last)
            heapq.heapify(self._heap)
            return last[2]

    async def take(self) -> tuple[Rank, C]:
        """Wait for a case, and give the first one."""
        async with self._some:
            await self._some.wait_for(lambda: self._heap)
            _, rank, case = heapq.heappop(self._heap)
            return rank, case
