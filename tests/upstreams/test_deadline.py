"""Time limits that share a timer: who is late, who is not, and what else may be going on."""

import asyncio

import pytest

from gateway.upstreams.deadline import Deadlines

SOON = 0.02


async def wait_within(deadlines: Deadlines) -> None:
    with deadlines.begin():
        await asyncio.Event().wait()


async def test_who_is_late_is_stopped() -> None:
    with pytest.raises(TimeoutError):
        await wait_within(Deadlines(SOON))
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_all_that_are_late_are_stopped_in_their_order() -> None:
    deadlines, ended = Deadlines(SOON), []

    async def late(number: int) -> None:
        with pytest.raises(TimeoutError):
            await wait_within(deadlines)
        ended.append(number)

    await asyncio.gather(*[late(number) for number in range(5)])
    assert ended == [0, 1, 2, 3, 4]


async def test_one_that_begins_later_has_its_whole_time() -> None:
    deadlines, loop = Deadlines(SOON), asyncio.get_running_loop()
    first = asyncio.ensure_future(wait_within(deadlines))
    with pytest.raises(TimeoutError):
        await wait_within(Deadlines(SOON / 2))
    began = loop.time()
    with pytest.raises(TimeoutError):
        await wait_within(deadlines)
    assert loop.time() - began > SOON * 0.9
    assert first.done()
    with pytest.raises(TimeoutError):
        await first


async def test_who_is_in_time_is_left_alone() -> None:
    deadlines = Deadlines(SOON)
    with deadlines.begin():
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        # Until the timer has run that the first one left behind.
        await wait_within(deadlines)
    with deadlines.begin():
        pass


async def test_an_error_within_comes_through() -> None:
    with pytest.raises(ValueError, match="own"), Deadlines(SOON).begin():
        raise ValueError("own")


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    waiting = asyncio.ensure_future(wait_within(Deadlines(1000)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def renew(deadlines: Deadlines, times: int, *, every: float, within: float) -> None:
    """Renew a limit so often, which is over `within` seconds at the latest, and wait for its end."""
    end = asyncio.get_running_loop().time() + within
    with deadlines.begin() as limit:
        assert not limit.is_renewed
        for _ in range(times):
            await asyncio.sleep(every)
            limit.renew(end)
            assert limit.is_renewed
        await asyncio.Event().wait()


async def test_a_renewed_limit_begins_anew() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError):
        await renew(Deadlines(0.3), 4, every=0.1, within=1000)
    assert loop.time() - began > 0.69


async def test_a_renewed_limit_is_over_at_its_end() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(TimeoutError):
        await renew(Deadlines(1000), 1000, every=SOON / 4, within=SOON * 3)
    assert SOON * 2.9 < loop.time() - began < 1000


async def test_the_end_of_a_limit_that_was_kept_stops_nobody() -> None:
    with Deadlines(SOON).begin() as limit:
        limit.renew(asyncio.get_running_loop().time() + SOON / 4)
    await asyncio.sleep(SOON / 2)


async def test_others_keep_their_time_when_one_is_renewed() -> None:
    deadlines, ended = Deadlines(0.2), []

    async def late(times: int) -> None:
        with pytest.raises(TimeoutError):
            await renew(deadlines, times, every=0.05, within=1000)
        ended.append(times)

    await asyncio.gather(late(2), late(0), late(1))
    assert ended == [0, 1, 2]
