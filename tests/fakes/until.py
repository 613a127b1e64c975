"""These wait for what no event tells of."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.01


def until(look: Callable[[], T], within: float = 5.0) -> T:
    """Return what `look` returns as soon as that is truthy; fails if it is not within this many seconds."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"it did not happen within {within} s; the last look: {found!r}"
        time.sleep(PAUSE)
    return found


async def until_soon(look: Callable[[], T], within: float = 30.0) -> T:
    """Wait as `until` does, while the event loop goes on."""
    async with asyncio.timeout(within):
        while not (found := look()):  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(PAUSE)
    return found
