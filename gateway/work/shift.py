"""A shift is what one process does for as long as it lives: it hands work over, and misses others."""

import asyncio
import logging
import os
import platform
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from gateway.config import Config
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.work.engine import Engine, work_of
from gateway.work.performing import EXHAUSTED, Performer
from gateway.work.store import ended, processes, rows
from gateway.work.work import Kind, Work

IDLE_SECONDS = 0.2
BUSY_SECONDS = 0.05
"""Seconds between two looks for what is wanted; a call is cut within 250 ms once nobody wants it."""
BEAT_SECONDS = 1.0
MISSED_MS = 6_000
"""Milliseconds of silence after which a process counts as dead."""
SWEEP_SECONDS = 5.0
AT_ONCE = 100

log = logging.getLogger("gateway.work")


class LostPlaceError(Exception):
    """This process has to end: others believe that it is dead, or its store is another one now."""


class Shift:
    """Does the work of a store in this process."""

    def __init__(
        self, config: Config, database: Database, kinds: Mapping[str, Kind], process_id: str
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._process_id = process_id
        self._performer = Performer(database, kinds, self._step)
        self._engine = Engine(config.store, process_id, config.work.concurrency, self._performer.perform)
        self._identity = database.backend.identity()

    async def run(self) -> None:
        """Do work until cancelled. Raises LostPlaceError."""
        beat = sweep = time.monotonic()
        while True:
            now, is_busy = time.monotonic(), False
            try:
                if self._database.backend.identity() != self._identity:
                    raise LostPlaceError("the store is another one than before")
                is_busy = await self._hand_over()
                if self._engine.is_launched and now >= beat:
                    beat = now + BEAT_SECONDS
                    await self._beat()
                if self._engine.is_launched and now >= sweep:
                    sweep = now + SWEEP_SECONDS
                    await self._sweep()
            except StoreUnavailable as error:
                log.warning("work waits for the store: %s", type(error).__name__)
                await asyncio.sleep(BEAT_SECONDS)
            await asyncio.sleep(BUSY_SECONDS if is_busy else IDLE_SECONDS)

    async def close(self, grace: float) -> None:
        """Let steps under way end within the grace, and begin no other."""
        self._performer.closing.set()
        resting = [asyncio.create_task(course.at_rest.wait()) for course in self._performer.courses.values()]
        if resting:
            await asyncio.wait(resting, timeout=grace)
        try:
            async with asyncio.timeout(1), self._database.write() as connection:
                # Others need not wait until they miss this one.
                await processes.vacate(connection, self._process_id)
        except (StoreUnavailable, TimeoutError):
            log.debug("the store was not told that this process ends")

    async def _hand_over(self) -> bool:
        """Start what is due and end what nobody wants; tells whether any work is open."""
        async with self._database.read() as connection:
            wanted, unwanted = await rows.due(connection, list(self._kinds), AT_ONCE)
            is_open = await rows.is_any_open(connection, list(self._kinds))
        if is_open and not self._engine.is_launched:
            await self._launch()
        for work in unwanted:
            course = self._performer.courses.get(work.id)
            if course is not None:
                course.cancel()
            elif work.state == "waiting":
                await self._performer.give_up(work, "cancelled")
        gone = {work.id for work in unwanted}
        await self._start([work for work in wanted if work.id not in gone])
        return is_open

    async def _launch(self) -> None:
        """Load the engine, and see that it knows all that was handed over to one that may have been lost."""
        async with self._database.write() as connection:
            await processes.enrol(connection, self._process_id, platform.node(), os.getpid())
        await self._engine.launch(self._kinds)
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
            await self._engine.start(work.id, work.kind, work.attempt, work.resume_at)
        async with self._database.write() as connection:
            await rows.mark_handed_over(connection, works)

    async def _beat(self) -> None:
        async with self._database.write() as connection:
            if not await processes.beat(connection, self._process_id):
                raise LostPlaceError("others have missed this process, and do its work")
            dead = await processes.missing(connection, MISSED_MS)
        if not dead:
            return
        log.warning("%d lost processes leave their work to this one", len(dead))
        await self._engine.take_over(dead)
        async with self._database.write() as connection:
            for process_id in dead:
                await processes.leave(connection, process_id)

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
