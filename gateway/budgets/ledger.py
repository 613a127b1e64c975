"""The ledger has amounts set aside for calls that budgets bind, and enters afterwards what they took."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from gateway import clock, ids
from gateway.budgets import budget as budgets
from gateway.budgets.budget import Line, Need, Standing, exceeded
from gateway.budgets.counter import Counter, Request
from gateway.budgets.estimate import Asked, estimate, price_unknown
from gateway.budgets.known import Known
from gateway.budgets.store import holding
from gateway.budgets.store.holding import Ended
from gateway.config import Config, Route
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.turns.charging import cost, is_counted
from gateway.turns.turn import Turn
from gateway.turns.usage import Usage, total
from gateway.upstreams.prices import Prices

RENEW_SECONDS = 20.0
"""Seconds after which the amounts of calls that are under way are renewed: a third of a lease."""
PATIENCE_SECONDS = 2.0
"""Seconds that a call waits for others to end, where what is set aside for them alone stands in its way."""
LOOK_SECONDS = 0.25
"""Seconds between two looks at what other processes have entered meanwhile."""
BATCH = 500

log = logging.getLogger("gateway.budgets")


class Spender(NamedTuple):
    """Says whom a call is made for."""

    workspace_id: str
    owner: str | None = None
    """The owner of the key that asks; `None` where none does."""
    persona_id: str | None = None


class Purse:
    """The budgets that bind one request."""

    __slots__ = ("_ledger", "_lines", "_spender")

    def __init__(self, ledger: "Ledger", spender: Spender, lines: Sequence[Line]) -> None:
        self._ledger = ledger
        self._spender = spender
        self._lines = lines

    async def reserve(self, asked: Asked, routes: Sequence[Route]) -> str | None:
        """Set aside what a call may take, and return the name of that; `None` for a call that costs nothing.

        Raises Refusal where too little is left, a price is not known, or the store does not answer.
        """
        return await self._ledger.reserve(self._spender.workspace_id, self._lines, asked, routes)


class Call:
    """A call of our own, such as a judge's; whoever makes it says what it took, before it ends."""

    usage: Usage | None = None
    """Tokens that the call took; `None` where nobody counted, which stands for what was set aside for it."""


class Ledger:
    """The budgets as one worker keeps to them."""

    def __init__(self, database: Database, config: Config, prices: Prices) -> None:
        self.known = Known(database)
        self._database = database
        self._upstreams = config.upstreams
        self._prices = prices
        self.refused = 0
        """Counts the calls that a budget had no room for."""
        self._holder = ids.new("hld")
        self._counter = Counter(database, self._holder, self.give_back)
        self._open: set[str] = set()
        """These amounts are set aside for calls of this worker."""
        self._ended: list[Ended] = []
        """Calls that are no turns, or that left before one was made, took these amounts."""
        self._some = asyncio.Event()
        self._entered = asyncio.Event()
        """Is set, and replaced, when something has been entered."""

    async def purse(self, spender: Spender) -> Purse | None:
        """Find the budgets that bind a call; `None` where there is none. Raises Refusal.

        Whoever is in `known.free` need not be asked about.
        """
        lines = await self.known.lines(spender.workspace_id)
        found = [line for subject in spender if subject is not None for line in lines.get(subject, ())]
        return Purse(self, spender, found) if found else None

    @asynccontextmanager
    async def call(self, spender: Spender, asked: Asked, route: Route) -> AsyncIterator[Call]:
        """Make a call of our own, such as a judge's or a step's of a run, within the budgets of its spender.

        Raises Refusal before the call. Where a call fails before its usage is known, nothing is charged, or
        the prompt alone where it was cut short.
        """
        made, hold = Call(), None
        if spender.workspace_id not in self.known.free:
            purse = await self.purse(spender)
            hold = await purse.reserve(asked, (route,)) if purse is not None else None
        try:
            yield made
        except BaseException as error:
            is_cut = isinstance(error, TimeoutError | asyncio.CancelledError)
            made.usage = made.usage or (Usage(asked.prompt, 0) if is_cut else Usage(0, 0))
            raise
        finally:
            if hold is not None:
                self._end(self._called(hold, made.usage, route))

    async def reserve(
        self, workspace_id: str, lines: Sequence[Line], asked: Asked, routes: Sequence[Route]
    ) -> str | None:
        """Set aside what a call may take of these budgets, as `Purse.reserve` does."""
        if any(line.unit == "usd" for line in lines):
            await self._prices.looked()
        found = estimate(asked, routes, self._upstreams, self._prices)
        wanted: list[tuple[Line, int]] = []
        for line in lines:
            amount = found.tokens if line.unit == "tokens" else found.usd
            if amount is None:
                assert found.unpriced is not None  # noqa: S101 - that is why there is no amount
                raise price_unknown(found.unpriced)
            if amount:
                wanted.append((line, amount))
        if not wanted:
            return None
        hold = ids.new("hld")
        short = await self._taken(workspace_id, hold, wanted)
        if short is not None:
            self.refused += 1
            raise exceeded(short, next(amount for line, amount in wanted if line.seq == short.budget.seq))
        self._open.add(hold)
        return hold

    async def _taken(
        self, workspace_id: str, hold: str, wanted: Sequence[tuple[Line, int]]
    ) -> Standing | None:
        """Set the amounts aside, after a short wait where calls that are just ending stand in the way."""
        loop = asyncio.get_running_loop()
        amounts, until = {line.seq: amount for line, amount in wanted}, loop.time() + PATIENCE_SECONDS
        while True:
            entered = self._entered
            now = clock.now_ms()
            needs = [Need(line.seq, budgets.since(line.period, now), amount) for line, amount in wanted]
            short = await self._counter.take(Request(hold, workspace_id, needs))
            if short is None:
                return None
            if budgets.since(short.budget.period, clock.now_ms()) > short.since:
                # The period has ended meanwhile, and with it what stood in the way.
                continue
            if short.spent + amounts[short.budget.seq] > short.budget.most or loop.time() >= until:
                return short
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await entered.wait()

    async def settle(self, connection: AsyncConnection, turns: Sequence[Turn]) -> None:
        """Enter what turns took, in the transaction that writes them: so both are there, or neither."""
        ended = [_turned(turn.hold, turn) for turn in turns if turn.hold is not None]
        await holding.settle(connection, ended)
        self._note(ended)

    def settle_later(self, turn: Turn) -> None:
        """Enter what a turn took that cannot be written itself."""
        if turn.hold is not None:
            self._end(_turned(turn.hold, turn))

    def give_back(self, hold: str) -> None:
        """Free what was set aside for a call that was not made."""
        self._end(Ended(hold, 0, 0))

    async def run(self) -> None:
        """Enter what has ended and renew what is under way, until cancelled."""
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, renewed + RENEW_SECONDS - loop.time())):
                    await self._some.wait()
                    # What ends soon after goes along.
                    await asyncio.sleep(LOOK_SECONDS)
            # A write that is cancelled may leave its lock on the store behind, so it is seen through.
            await asyncio.shield(asyncio.ensure_future(self._flush()))
            if loop.time() >= renewed + RENEW_SECONDS:
                renewed = loop.time()
                await asyncio.shield(asyncio.ensure_future(self._renew()))

    async def close(self) -> None:
        """Enter a last time, at the end of the process."""
        await self._counter.close()
        await self._flush()
        if self._ended:
            log.error("what %d calls took could not be entered", len(self._ended))

    def _end(self, ended: Ended) -> None:
        self._ended.append(ended)
        self._some.set()

    async def _flush(self) -> None:
        self._some.clear()
        while self._ended:
            batch = self._ended[:BATCH]
            try:
                async with self._database.write() as connection:
                    await holding.settle(connection, batch)
            except StoreUnavailable as error:
                log.debug("what calls took cannot be entered: %s", type(error).__name__)
                return
            del self._ended[: len(batch)]
            self._note(batch)

    async def _renew(self) -> None:
        if not self._open:
            return
        try:
            async with self._database.write() as connection:
                await holding.renew(connection, self._holder)
        except StoreUnavailable as error:
            log.debug("what is set aside cannot be renewed: %s", type(error).__name__)

    def _note(self, ended: Sequence[Ended]) -> None:
        """Note that this is entered, and wake whoever waits for it."""
        self._open.difference_update(one.hold for one in ended)
        entered, self._entered = self._entered, asyncio.Event()
        entered.set()

    def _called(self, hold: str, usage: Usage | None, route: Route) -> Ended:
        if usage is None or not is_counted(usage):
            return Ended(hold, None, None)
        tariff = self._prices.of(route)
        return Ended(hold, None if tariff is None else budgets.of_usd(cost(tariff, usage)), total(usage))


def _turned(hold: str, turn: Turn) -> Ended:
    """Tell what a turn took; where its price is not known, what was set aside for it stands for that."""
    if turn.cost_usd is not None:
        return Ended(hold, budgets.of_usd(turn.cost_usd), total(turn.usage))
    return Ended(hold, None if is_counted(turn.usage) else 0, total(turn.usage))
