"""Sources are asked when something is new to them, each no more often than it wants to be."""

import pytest
from sqlalchemy import literal, select

from gateway.work.asking import RARELY_SECONDS, Asking
from gateway.work.work import Source

SIGN = select(literal(1))


class Room:
    """Counts its looks, and says what it was told to say."""

    def __init__(self) -> None:
        self.looks = 0
        self.has_more = False

    async def look(self) -> bool:
        self.looks += 1
        return self.has_more


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [1000.0]
    monkeypatch.setattr("gateway.work.asking.time.monotonic", lambda: time[0])
    return time


async def test_a_source_is_asked_when_its_own_signs_change(now: list[float]) -> None:
    one, two = Room(), Room()
    asking = Asking([Source(look=one.look, signs=(SIGN,)), Source(look=two.look, signs=(SIGN, SIGN))])
    assert await asking.ask((1, 2, None)) is False
    assert await asking.ask((1, 2, None)) is None
    assert (one.looks, two.looks) == (1, 1)
    assert await asking.ask((1, 2, 3)) is False
    assert (one.looks, two.looks) == (1, 2)
    now[0] += RARELY_SECONDS
    assert await asking.ask((1, 2, 3)) is False
    assert (one.looks, two.looks) == (2, 3)


async def test_a_pause_puts_news_off_and_loses_none(now: list[float]) -> None:
    room = Room()
    asking = Asking([Source(look=room.look, signs=(SIGN,), pause=1.0)])
    await asking.ask((1,))
    now[0] += 0.5
    assert await asking.ask((2,)) is None
    assert asking.due_at == 1001.0
    now[0] += 0.5
    assert await asking.ask((2,)) is False
    assert room.looks == 2
    assert asking.due_at == now[0] + RARELY_SECONDS


async def test_a_source_that_has_more_is_asked_again_at_once(now: list[float]) -> None:
    room = Room()
    room.has_more = True
    asking = Asking([Source(look=room.look, signs=(SIGN,), pause=1.0)])
    assert await asking.ask((1,)) is True
    assert asking.due_at <= now[0]
    room.has_more = False
    assert await asking.ask((1,)) is False
    assert await asking.ask((1,)) is None
