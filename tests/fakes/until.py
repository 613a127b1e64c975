"""These wait for what no event tells of."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.01
PATIENCE = 25.0
"""Seconds after which a test gives up; the time limits that the gateway has by itself are longer."""
A_SECOND = 60
"""Looks that take a second or little more where the machine has time, and longer where it has none."""


def until(look: Callable[[], T], within: float = PATIENCE) -> T:
    """Return what `look` returns as soon as that is truthy; fails if it is not within this many seconds."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"it did not happen within {within} s; the last look: {found!r}"
        time.sleep(PAUSE)
    return found


def within_a_second(look: Callable[[], T]) -> T:
    """Wait as `until` does for what is promised within a second, which is counted in looks.

    A machine that is busy delays the looks as it delays the gateway.
    """
    for _ in range(A_SECOND):
        if found := look():
            return found
        time.sleep(PAUSE)
    raise AssertionError(f"it did not happen within {A_SECOND} looks; the last one: {found!r}")


async def until_soon(look: Callable[[], T], within: float = PATIENCE) -> T:
    """Wait as `until` does, while the event loop goes on."""
    async with asyncio.timeout(within):
        while not (found := look()):  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(PAUSE)
    return found
