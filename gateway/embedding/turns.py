"""One order after the other has its turn at the model, text by text, and patient orders come last."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count


class Turns:
    """Lets one text at a time through to the model."""

    def __init__(self) -> None:
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._number = count()
        self._is_taken = False

    @asynccontextmanager
    async def turn(self, *, is_patient: bool) -> AsyncIterator[None]:
        """Wait until nobody else has the model."""
        if self._is_taken:
            mine = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (is_patient, next(self._number), mine))
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    # It was handed over in the very moment in which nobody wanted it any more.
                    self._hand_over()
                raise
        self._is_taken = True
        try:
            yield
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        while self._waiting:
            other = heapq.heappop(self._waiting)[2]
            if not other.done():
                other.set_result(None)
                return
        self._is_taken = False
