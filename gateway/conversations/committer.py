"""Turns are written before their callers see the end of them, many turns in one commit."""

import asyncio
import logging
from typing import NamedTuple

from gateway.conversations import store
from gateway.conversations.message import Addition
from gateway.errors import Fault, Refusal
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable, UnfitError

APART_SECONDS = 0.005
"""Seconds between the beginnings of two commits: what comes in between goes into the second one together."""
BATCH = 200
"""Turns in one commit."""
UNWRITTEN = "The conversation cannot be written; what was answered is not kept. Try again later."

log = logging.getLogger("gateway.conversations")


class _Waiting(NamedTuple):
    addition: Addition
    done: asyncio.Future[None]


class Committer:
    """Writes additions in groups; a turn that comes alone waits for nobody."""

    def __init__(self, database: Database, *, keeps_texts: bool = True) -> None:
        self.keeps_texts = keeps_texts
        self._database = database
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._began = 0.0

    async def commit(self, addition: Addition) -> None:
        """Return once the addition is in the store. Raises Refusal."""
        loop = asyncio.get_running_loop()
        kept = addition if self.keeps_texts else addition.without_texts()
        waiting = _Waiting(kept, loop.create_future())
        self._waiting.append(waiting)
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write())
        await waiting.done

    async def close(self) -> None:
        """Wait until everything that came in is written, at the end of the process."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            pause = self._began + APART_SECONDS - loop.time()
            if pause > 0:
                await asyncio.sleep(pause)
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            self._began = loop.time()
            await self._write_batch(batch)

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        """Write them together; never fails."""
        try:
            async with self._database.write() as connection:
                faults = await store.add(connection, [each.addition for each in batch])
        except UnfitError:
            if len(batch) == 1:
                _settle(batch[0], Fault.CONVERSATION_INVALID)
                return
            # One that cannot be written must not take the others along.
            for each in batch:
                await self._write_batch([each])
        except StoreUnavailable as error:
            log.warning("conversations cannot be written: %s", type(error).__name__)
            for each in batch:
                _settle(each, Fault.STORE_UNAVAILABLE)
        except Exception as error:
            log.error("unexpected %s in a commit", type(error).__name__, exc_info=True)
            for each in batch:
                _settle(each, Fault.INTERNAL)
        else:
            for each, fault in zip(batch, faults, strict=True):
                _settle(each, fault)


def _settle(waiting: _Waiting, fault: Fault | None) -> None:
    if waiting.done.done():
        return
    if fault is None:
        waiting.done.set_result(None)
    else:
        message = UNWRITTEN if fault is Fault.STORE_UNAVAILABLE else None
        waiting.done.set_exception(Refusal(fault, message))
