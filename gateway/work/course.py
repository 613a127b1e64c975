"""A course leads one attempt through its steps, and can be cut short from outside."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from gateway.storage.failure import StoreUnavailable
from gateway.work.work import CancelledWorkError, FailedError, LaterError

STORE_PAUSE = 1.0
"""Seconds before a step that has found no store is taken again."""

Take = Callable[[str, Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Calls a function as the next step, or gives what it gave before; the value is JSON."""


class DurableCourse:
    """Takes one attempt, as a `Course`."""

    def __init__(self, take: Take, closing: asyncio.Event) -> None:
        self._take = take
        self._closing = closing
        self._held: asyncio.Future[Any] | None = None
        self.steps = 0
        """The number of the step that was taken last, counted from 1."""
        self.is_cancelled = False
        self.at_rest = asyncio.Event()
        """Is set while no step is under way whose value is not kept yet."""
        self.at_rest.set()

    def cancel(self) -> None:
        """End the step under way, and take no further one."""
        self.is_cancelled = True
        if self._held is not None:
            self._held.cancel()

    async def step(self, name: str, function: Callable[[], Awaitable[Any]]) -> Any:
        if self._closing.is_set():
            # The process is about to end; another one takes this step.
            await asyncio.Event().wait()
        self.steps += 1
        self.at_rest.clear()
        try:
            # What goes wrong is a value too: an exception would be kept as it is, with whatever it says.
            outcome = await self._take(name, lambda: self._outcome(function))
        finally:
            self.at_rest.set()
        if "value" in outcome:
            return outcome["value"]
        if "failed" in outcome:
            raise FailedError(outcome["failed"])
        if "later" in outcome:
            raise LaterError(outcome["later"], outcome["error"])
        raise CancelledWorkError

    async def pause(self, seconds: float) -> None:
        self.at_rest.set()
        await asyncio.sleep(seconds)
        if self._closing.is_set():
            await asyncio.Event().wait()
        self.at_rest.clear()

    async def _outcome(self, function: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
        while not self.is_cancelled:
            self._held = asyncio.ensure_future(function())
            try:
                return {"value": await self._held}
            except FailedError as error:
                return {"failed": error.error}
            except LaterError as error:
                return {"later": error.seconds, "error": error.error}
            except StoreUnavailable:
                await asyncio.sleep(STORE_PAUSE)
            except asyncio.CancelledError:
                if not self.is_cancelled:
                    raise
            finally:
                self._held = None
        return {"cancelled": True}
