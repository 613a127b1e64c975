"""A shift is what one process does for as long as it lives: it hands work over, and misses others."""

import asyncio
import contextlib
import logging
import os
import platform
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from gateway import clock
from gateway.config import Config
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.work.asking import RARELY_SECONDS, Asking
from gateway.work.engine import Engine, work_of
from gateway.work.living import Living, LostPlaceError
from gateway.work.performing import EXHAUSTED, Performer
from gateway.work.store import ended, processes, rows
from gateway.work.store.glance import SOON_MS, Glance, Glancing
from gateway.work.work import Kind, Source, Work

IDLE_SECONDS = 0.2
BUSY_SECONDS = 0.05
"""Seconds between two looks for what is wanted; a call is cut within 250 ms once nobody wants it."""
LOOK_SECONDS = 1.0
"""Seconds at least between two looks while nobody has written; work that waits becomes due by itself."""
CALM_SECONDS = 5.0
"""Seconds without work after which the queue is looked into seldom."""
REST_SECONDS = 30.0
"""Seconds without work after which a process leaves its place to one that has not loaded the engine."""
PAUSE_SECONDS = 1.0
"""Seconds after which a store that was not there is asked again."""
SWEEP_SECONDS = 5.0
AT_ONCE = 100

log = logging.getLogger("gateway.work")


class RestedError(Exception):
    """This process has had no work for a while; its successor costs less until there is some."""


class Shift:
    """Does the work of a store in this process."""

    def __init__(
        self,
        config: Config,
        database: Database,
        kinds: Mapping[str, Kind],
        process_id: str,
        sources: Sequence[Source] = (),
    ) -> None:
        self._sources = sources
        self._glancing = Glancing(list(kinds), [sign for source in sources for sign in source.signs])
        self._database = database
        self._kinds = kinds
        self._process_id = process_id
        self._performer = Performer(database, kinds, self._step)
        self._engine = Engine(config.store, process_id, config.work.concurrency, self._performer.perform)
        self._identity = database.backend.identity()
        self._living = Living(database, process_id)
        self._beating: asyncio.Task[None] | None = None
        """Beats from the first work on until the last step has ended, whatever else goes on."""
        self._pause = LOOK_SECONDS
        """Seconds until work may be due that is there already."""
        self._is_away = False
        """Tells that the store was not there the last time, which is said once."""

    async def run(self) -> None:
        """Do work until cancelled. Raises LostPlaceError, RestedError."""
        while True:
            try:
                async with self._database.pulsing() as pulse:
                    await self._look(pulse)
            except StoreUnavailable as error:
                if self._database.backend.identity() not in (None, self._identity):
                    raise LostPlaceError("the store is another one than before") from None
                if not self._is_away:
                    log.warning("work waits for the store: %s", type(error).__name__)
                self._is_away = True
                await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self, pulse: Callable[[], Awaitable[object]]) -> None:
        """Look, again and again, for what there is to do; a store where nothing happens is hardly asked."""
        sweep = look = busy = time.monotonic()
        asking = Asking(self._sources)
        felt: object = None
        is_busy = is_quick = True
        while True:
            if self._database.backend.identity() != self._identity:
                raise LostPlaceError("the store is another one than before")
            if self._beating is not None and self._beating.done():
                self._beating.result()
            now, before, felt = time.monotonic(), felt, await pulse()
            self._is_away = False
            if is_busy or felt != before or now >= min(look, asking.due_at):
                glance = await self._glance()
                has_more = await asking.ask(glance.signs)
                if has_more is not None:
                    # They may have made work.
                    glance = await self._glance()
                is_busy = await self._hand_over(glance) or bool(has_more)
                look = now + self._pause
            if self._engine.is_launched:
                busy = now if is_busy else busy
                if is_quick != (now - busy < CALM_SECONDS):
                    is_quick = not is_quick
                    await self._engine.pace(is_busy=is_quick)
                await self._take_over()
                if now >= sweep:
                    sweep = now + SWEEP_SECONDS
                    await self._sweep()
                if now - busy >= REST_SECONDS and not await self._has_left_traces():
                    raise RestedError
            await asyncio.sleep(BUSY_SECONDS if is_busy else IDLE_SECONDS)

    async def close(self, grace: float) -> None:
        """Let steps under way end within the grace, and begin no other."""
        self._performer.closing.set()
        self._engine.halt()
        resting = [course.at_rest.wait() for course in self._performer.courses.values()]
        if resting:
            waited: list[asyncio.Future[Any]] = [asyncio.gather(*resting)]
            if self._beating is not None:
                # Once others do its work, this process must not.
                waited.append(self._beating)
            await asyncio.wait(waited, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        await self._fall_silent()
        # Others need not wait until they miss this one.
        leave = processes.leave if await self._engine.is_clear() else processes.vacate
        try:
            async with asyncio.timeout(1), self._database.write() as connection:
                await leave(connection, self._process_id)
        except (StoreUnavailable, TimeoutError):
            log.debug("the store was not told that this process ends")

    async def _glance(self) -> Glance:
        async with self._database.read() as connection:
            return await self._glancing.look(connection)

    async def _hand_over(self, glance: Glance) -> bool:
        """Start what is due and end what nobody wants; tells whether any work is open."""
        self._pause = LOOK_SECONDS if glance.is_any_open else _pause(glance.soonest)
        # The engine may still keep what steps have given of work that is over.
        if (glance.is_any_open or glance.is_any_settled) and not self._engine.is_launched:
            await self._launch()
        if not glance.is_any_open:
            return False
        async with self._database.read() as connection:
            wanted, unwanted = await rows.due(connection, list(self._kinds), AT_ONCE)
        for work in unwanted:
            course = self._performer.courses.get(work.id)
            if course is not None:
                course.cancel()
            elif work.state == "waiting":
                await self._performer.give_up(work, "cancelled")
        gone = {work.id for work in unwanted}
        await self._start([work for work in wanted if work.id not in gone])
        return True

    async def _launch(self) -> None:
        """Load the engine, and see that it knows all that was handed over to one that may have been lost."""
        async with self._database.write() as connection:
            await processes.enrol(connection, self._process_id, platform.node(), os.getpid())
        if self._beating is None:
            self._beating = asyncio.create_task(self._living.run())
        await self._engine.launch()
        behind = 0
        while True:
            async with self._database.read() as connection:
                found = await rows.handed_over(connection, behind, AT_ONCE)
            if not found:
                return
            await self._start([work for _, work in found if work.kind in self._kinds])
            behind = found[-1][0]

    async def _start(self, works: Sequence[Work]) -> None:
        if not works:
            return
        for work in works:
            await self._engine.start(work, self._kinds[work.kind])
        async with self._database.write() as connection:
            await rows.mark_handed_over(connection, works)

    async def _fall_silent(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError, LostPlaceError):
                await self._beating

    async def _has_left_traces(self) -> bool:
        async with self._database.read() as connection:
            return await ended.is_any_left(connection)

    async def _take_over(self) -> None:
        """Go on with what others have left, who were lost or have ended."""
        lost, dead = self._living.lost, [*self._living.lost, *self._living.ended]
        if not dead:
            return
        if lost:
            were = "1 process was" if len(lost) == 1 else f"{len(lost)} processes were"
            log.warning("%s lost, and what was open there goes on here", were)
        await self._engine.take_over(dead)
        async with self._database.write() as connection:
            for process_id in dead:
                await processes.leave(connection, process_id)
        self._living.forget(dead)

    async def _sweep(self) -> None:
        """Forget what has ended, and give up what has ended its process too often."""
        for name in await self._engine.exhausted():
            work_id, attempt = work_of(name)
            async with self._database.read() as connection:
                work = await rows.find(connection, work_id)
            if work is not None and work.attempt == attempt:
                await self._performer.give_up(work, "failed", EXHAUSTED)
            await self._engine.delete([(work_id, attempt)])
        async with self._database.read() as connection:
            settled = await ended.settled(connection, AT_ONCE)
            is_any_old = await ended.is_any_old(connection)
        if settled:
            await self._engine.delete(settled)
            async with self._database.write() as connection:
                await ended.cleared(connection, [work_id for work_id, _ in settled])
        if is_any_old:
            async with self._database.write() as connection:
                gone = await ended.forget(connection, AT_ONCE)
            await self._engine.delete(gone)

    async def _step(self, name: str, function: Callable[[], Awaitable[Any]]) -> Any:
        return await self._engine.step(name, function)


def _pause(due_at: int | None) -> float:
    """Return the seconds until work that waits is looked for; the clock may be set meanwhile."""
    if due_at is None:
        return RARELY_SECONDS
    return min(max((due_at - SOON_MS - clock.now_ms()) / 1000, LOOK_SECONDS), RARELY_SECONDS)
