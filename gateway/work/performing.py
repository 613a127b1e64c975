"""An attempt is begun, led through its steps, and ended in the transaction that keeps its result."""

import asyncio
import logging
from collections.abc import Mapping

from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.work.course import DurableCourse, Take
from gateway.work.store import rows
from gateway.work.work import CancelledWorkError, Error, FailedError, Kind, LaterError, State, Work, Write

STORE_PAUSE = 1.0
"""Seconds after which a store that was not there is asked again."""
INTERNAL: Error = {
    "code": "internal.error",
    "type": "api_error",
    "message": "This work failed for a reason that the log of the gateway tells.",
}
EXHAUSTED: Error = {
    "code": "work.exhausted",
    "type": "api_error",
    "message": "This work was begun too often by processes that were lost over it.",
}

log = logging.getLogger("gateway.work")


class WithheldError(Exception):
    """Stands for an error whose message nobody may read; its own message is the kind of the error."""


class Performer:
    """Performs attempts of the kinds of work that it knows."""

    def __init__(self, database: Database, kinds: Mapping[str, Kind], take: Take) -> None:
        self._database = database
        self._kinds = kinds
        self._take = take
        self.courses: dict[str, DurableCourse] = {}
        """The attempts that run in this process, by the id of the work."""
        self.closing = asyncio.Event()
        """Once this is set, no further step is taken."""

    async def perform(self, work_id: str, attempt: int) -> None:
        """Perform an attempt, unless it has ended already; raises nothing of its own."""
        while True:
            try:
                async with self._database.write() as connection:
                    work = await rows.begin(connection, work_id, attempt)
                break
            except StoreUnavailable:
                await asyncio.sleep(STORE_PAUSE)
        if work is None:
            return
        course = self.courses[work_id] = DurableCourse(self._take, self.closing)
        if work.is_cancel_wanted:
            course.cancel()
        try:
            await self._lead(work, course)
        finally:
            del self.courses[work_id]

    async def _lead(self, work: Work, course: DurableCourse) -> None:
        kind = self._kinds[work.kind]
        try:
            write = await kind.perform(work, course)
        except CancelledWorkError:
            await self.give_up(work, "cancelled")
        except FailedError as error:
            await self.give_up(work, "failed", error.error, course.steps)
        except LaterError as error:
            await self._put_off(work, error)
        except Exception as error:
            log.error("work %s failed in step %d", work.id, course.steps, exc_info=_bare(error))
            await self.give_up(work, "failed", INTERNAL, course.steps)
        else:
            await self._complete(work, write)

    async def give_up(
        self, work: Work, state: State, error: Error | None = None, step: int | None = None
    ) -> None:
        """Let work end without a result, once."""

        async def write(connection: AsyncConnection) -> None:
            ended = await rows.end(connection, work, state, error, step)
            give_up = self._kinds[work.kind].give_up
            if ended is not None and give_up is not None:
                await give_up(connection, ended)

        await self._written(write)

    async def _complete(self, work: Work, result: Write) -> None:
        async def write(connection: AsyncConnection) -> None:
            if await rows.end(connection, work, "done") is not None:
                await result(connection)

        try:
            await self._written(write)
        except FailedError as error:
            # What was to be kept cannot be: somebody else has taken the name, for example.
            await self.give_up(work, "failed", error.error)
        except Exception as error:
            log.error("the result of work %s cannot be kept", work.id, exc_info=_bare(error))
            await self.give_up(work, "failed", INTERNAL)

    async def _put_off(self, work: Work, later: LaterError) -> None:
        async def write(connection: AsyncConnection) -> None:
            waiting = await rows.put_off(connection, work, later.seconds, later.error)
            give_up = self._kinds[work.kind].give_up
            if waiting is not None and give_up is not None:
                await give_up(connection, waiting)

        await self._written(write)

    async def _written(self, write: Write) -> None:
        """Write until the store takes it."""
        while True:
            try:
                async with self._database.write() as connection:
                    await write(connection)
                return
            except StoreUnavailable:
                await asyncio.sleep(STORE_PAUSE)


def _bare(error: Exception) -> Exception:
    """Keep where it happened, but not what it says, which may quote a text."""
    return WithheldError(type(error).__name__).with_traceback(error.__traceback__)
