"""A body that comes in pieces is held to its pauses and its whole time, by a clock that the test turns."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gateway.server.arrival import Arrival


class Loop:
    """A loop, as far as an arrival needs one."""

    def __init__(self) -> None:
        self.now = 100.0
        self._at = 0.0
        self._call: Callable[[], None] | None = None

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> "Loop":
        self._at, self._call = at, call
        return self

    def cancel(self) -> None:
        self._call = None

    def go(self, seconds: float) -> None:
        end = self.now + seconds
        while self._call is not None and self._at <= end:
            self.now = self._at
            call, self._call = self._call, None
            call()
        self.now = end


class Flow:
    read_paused = False


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def begun(flow: Any, late: Callable[[str], None]) -> Arrival:
    return Arrival(flow, 10, 60, late)


def test_a_pause_is_too_long_from_the_last_piece_on(loop: Loop) -> None:
    said: list[str] = []
    arrival = begun(Flow(), said.append)
    loop.go(9)
    arrival.came()
    loop.go(9.9)
    assert said == []
    loop.go(0.2)
    assert said == ["Nothing of the request's body came for 10 seconds; send it without pauses."]
    loop.go(1000)
    assert len(said) == 1


def test_pieces_without_a_pause_have_an_end(loop: Loop) -> None:
    said: list[str] = []
    arrival = begun(Flow(), said.append)
    for _ in range(59):
        loop.go(1)
        arrival.came()
    assert said == []
    loop.go(1.1)
    assert said == ["The request's body took more than 60 seconds; send it faster."]


def test_while_nothing_is_read_no_time_passes(loop: Loop) -> None:
    said: list[str] = []
    flow = Flow()
    arrival = begun(flow, said.append)
    flow.read_paused = True
    loop.go(500)
    flow.read_paused = False
    assert said == []
    for _ in range(40):
        arrival.came()
        loop.go(1)
    assert said == []
    loop.go(20)
    assert len(said) == 1


def test_a_body_that_is_there_is_late_no_more(loop: Loop) -> None:
    said: list[str] = []
    begun(Flow(), said.append).stop()
    loop.go(1000)
    assert said == []
