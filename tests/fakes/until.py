"""These wait for what no event tells of."""

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
