"""Amounts are set aside in groups: what comes in while one is written goes into the next one together."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from gateway import clock
from gateway.budgets.budget import Need, Standing
from gateway.budgets.store import holding, records
from gateway.errors import Fault, Refusal
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

GROUP = 200
"""Calls in one transaction."""

log = logging.getLogger("gateway.budgets")


class Request(NamedTuple):
    """A call that wants amounts of some budgets."""

    hold: str
    workspace_id: str
    needs: Sequence[Need]


class _Waiting(NamedTuple):
    request: Request
    done: "asyncio.Future[Standing | None]"


class Counter:
    """Sets amounts aside for the calls of one process, which is their holder."""

    def __init__(self, database: Database, holder: str, give_back: Callable[[str], None]) -> None:
        """`give_back` takes what was set aside for a call that nobody makes any more."""
        self._database = database
        self._holder = holder
        self._give_back = give_back
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._is_away = False
        """Tells that the store did not answer the last time, which is said once."""

    async def take(self, request: Request) -> Standing | None:
        """Set the amounts aside; what stands in the way is the first budget that has too little left.

        A budget that has enough left stands for a refusal whose reason is gone: it is worth another try.

        Raises Refusal where the store does not answer.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, loop.create_future())
        self._waiting.append(waiting)
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write())
        try:
            return await waiting.done
        except asyncio.CancelledError:
            done = waiting.done
            if done.done() and not done.cancelled() and not done.exception() and done.result() is None:
                # It was set aside in the same moment in which the caller left.
                self._give_back(request.hold)
            raise

    async def close(self) -> None:
        """Wait until nobody waits, at the end of the process."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            wanted = [each for each in group if not each.done.done()]
            if wanted:
                await self._write_group(wanted)

    async def _write_group(self, group: list[_Waiting]) -> None:
        """Write them together, each for itself; never fails."""
        found: list[Standing | None] = []
        try:
            async with self._database.write() as connection:
                found = [await self._reserve(connection, each.request) for each in group]
        except StoreUnavailable as error:
            if not self._is_away:
                log.warning("nothing can be set aside for calls: %s", type(error).__name__)
            self._is_away = True
            self._fail(group, found, Fault.STORE_UNAVAILABLE)
        except Exception as error:
            log.error("unexpected %s where budgets are written", type(error).__name__, exc_info=True)
            self._fail(group, found, Fault.INTERNAL)
        else:
            self._is_away = False
            for each, standing in zip(group, found, strict=True):
                if not each.done.done():
                    each.done.set_result(standing)
                elif standing is None:
                    # The caller has left meanwhile.
                    self._give_back(each.request.hold)

    async def _reserve(self, connection: AsyncConnection, request: Request) -> Standing | None:
        now = clock.now_ms()
        if await holding.reserve(connection, request.hold, request.needs, self._holder, now):
            return None
        # The periods and the moment are those of the refusal, or else what has refused might not be found.
        standings = await records.of_call(connection, request.workspace_id, request.needs, now)
        amounts = {need.budget: need.amount for need in request.needs}
        short = (one for one in standings if one.spent + one.held + amounts[one.budget.seq] > one.budget.most)
        # Nothing was set aside, whatever is found: only where no budget is there any more nothing binds.
        return next(short, standings[0] if standings else None)

    def _fail(self, group: Sequence[_Waiting], found: Sequence[Standing | None], fault: Fault) -> None:
        """Refuse them all; `found` is empty where the transaction did not come to its end."""
        for each, standing in zip_longest(group, found):
            if not each.done.done():
                each.done.set_exception(Refusal(fault))
            if found and standing is None:
                # The store may have committed although its answer was lost.
                self._give_back(each.request.hold)
