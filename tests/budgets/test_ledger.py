"""What is set aside and what is spent never come to more than a budget, and nothing is counted twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from gateway import clock
from gateway.auth import store as auth
from gateway.auth.keys import Hasher
from gateway.budgets import budget as budgets
from gateway.budgets.budget import LEASE_MS, USD
from gateway.budgets.estimate import ANSWER_TOKENS, Asked
from gateway.budgets.store import holding
from gateway.config import Route
from gateway.errors import Fault, Refusal
from gateway.events import store as events
from gateway.storage import tables
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.failure import StoreUnavailable
from gateway.storage.retention import Retention
from gateway.turns.usage import Usage
from tests.budgets.rig import CONFIG, UNPRICED, Rig

pytestmark = pytest.mark.slow

ASKED = Asked(prompt=4, answer=3)
"""Ten dollars, or seven tokens."""


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("period", "at", "begin", "end"),
    [
        ("hour", "2026-03-29T01:59:59", "2026-03-29T01:00:00", "2026-03-29T02:00:00"),
        ("day", "2026-03-29T01:59:59", "2026-03-29T00:00:00", "2026-03-30T00:00:00"),
        ("month", "2024-02-29T23:59:59", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
        ("month", "2026-12-31T12:00:00", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
    ],
)
def test_periods_are_those_of_the_calendar(period: budgets.Period, at: str, begin: str, end: str) -> None:
    assert budgets.since(period, ms(at)) == ms(begin)
    assert budgets.until(period, ms(begin)) == ms(end)


async def refused(rig: Rig, *args: object, **more: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await rig.reserve(*args, **more)  # type: ignore[arg-type]
    return caught.value


async def test_a_call_is_reserved_at_its_most_and_settled_by_what_it_took(rig: Rig) -> None:
    await rig.set(25)
    hold = await rig.reserve(ASKED)
    found = await rig.standing()
    assert (found.spent, found.held, found.left) == (0, 10 * USD, 15 * USD)
    rig.turn(hold, Usage(4, 1, 5), 6.5)
    await rig.recorder.flush()
    found = await rig.standing()
    assert (found.spent, found.held, found.left, found.calls) == (6.5 * USD, 0, 18.5 * USD, 1)


async def test_a_call_that_nobody_limits_is_reserved_at_the_models_limit_times_the_answers(rig: Rig) -> None:
    await rig.set(10_000, "workspace", "tokens")
    await rig.reserve(Asked(prompt=5, choices=3))
    assert (await rig.standing("workspace", "tokens")).held == 5 + 3 * 100
    await rig.reserve(Asked(prompt=5, answer=10_000))
    assert (await rig.standing("workspace", "tokens")).held == 305 + 105
    await rig.reserve(Asked(prompt=0), UNPRICED)
    assert (await rig.standing("workspace", "tokens")).held == 410 + ANSWER_TOKENS


async def test_a_spent_budget_says_what_is_left_and_when_it_begins_anew(rig: Rig) -> None:
    await rig.set(12, "workspace", "usd", "day")
    rig.turn(await rig.reserve(ASKED), Usage(4, 3, 7), 10.0)
    await rig.recorder.flush()
    refusal = await refused(rig, ASKED)
    assert (refusal.fault, refusal.headers) == (Fault.BUDGET_EXCEEDED, {"x-should-retry": "false"})
    tomorrow = clock.iso(budgets.until("day", budgets.since("day", clock.now_ms())))
    assert "$12.00 per day, has $2.00 left, and this request may take $10.00" in refusal.message
    assert tomorrow in refusal.message
    assert await rig.reserve(Asked(prompt=2, answer=0, choices=0)) is not None


async def test_of_several_budgets_all_bind_and_none_is_reserved_where_one_has_too_little(rig: Rig) -> None:
    await rig.set(100)
    await rig.set(6, "workspace", "tokens", "hour")
    refusal = await refused(rig, ASKED)
    assert "6 tokens per hour" in refusal.message
    assert (await rig.standing()).held == 0


async def test_an_unknown_price_is_named_and_never_let_through(rig: Rig) -> None:
    await rig.set(100)
    refusal = await refused(rig, ASKED, UNPRICED)
    assert refusal.fault is Fault.PRICE_UNKNOWN
    assert "`main/unpriced`" in refusal.message
    assert await rig.reserve(ASKED, Route("local", "any")) is None


async def test_tokens_need_no_price(rig: Rig) -> None:
    await rig.set(100, "workspace", "tokens")
    rig.turn(await rig.reserve(ASKED, UNPRICED), Usage(2, 3, 5))
    await rig.recorder.flush()
    assert (await rig.standing("workspace", "tokens")).spent == 5


async def test_many_at_once_never_take_more_than_there_is(rig: Rig) -> None:
    await rig.set(55)
    calls = [rig.reserve(ASKED) for _ in range(20)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert len([one for one in found if isinstance(one, str)]) == 5
    assert (await rig.standing()).held == 50 * USD


async def test_a_turn_that_is_written_twice_is_settled_once(rig: Rig) -> None:
    await rig.set(100)
    turn = rig.turn(await rig.reserve(ASKED), Usage(4, 3, 7), 10.0)
    await rig.recorder.flush()
    rig.recorder.record(turn)
    await rig.recorder.flush()
    found = await rig.standing()
    assert (found.spent, found.calls) == (10 * USD, 1)


async def test_what_waits_for_a_call_that_just_ends_goes_on_when_it_is_entered(rig: Rig) -> None:
    await rig.set(10)
    running = asyncio.create_task(rig.recorder.run())
    rig.turn(await rig.reserve(ASKED), Usage(), None)
    assert await rig.reserve(ASKED) is not None
    running.cancel()


async def test_a_caller_who_leaves_while_it_waits_leaves_nothing_behind(rig: Rig) -> None:
    await rig.set(10)
    async with rig.database.write():
        await rig.ledger.known.lines(rig.workspace.id)
        waiting = asyncio.create_task(rig.reserve(ASKED))
        for _ in range(20):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await rig.ledger.close()
    assert (await rig.standing()).held == 0


async def test_a_period_that_turns_while_a_call_waits_lets_no_call_through_uncounted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.set(10, "workspace", "usd", "hour")
    rig.turn(await rig.reserve(ASKED), Usage(4, 3, 7), 10.0)
    await rig.recorder.flush()
    now, reserve = clock.now_ms(), holding.reserve

    async def turning(*args: Any) -> bool:
        found = await reserve(*args)
        monkeypatch.setattr(clock, "now_ms", lambda: now + budgets.HOUR_MS)
        return found

    monkeypatch.setattr(holding, "reserve", turning)
    assert await rig.reserve(ASKED) is not None
    assert (await rig.standing("workspace", "usd", "hour")).held == 10 * USD


async def test_what_is_set_aside_is_given_back_where_the_answer_to_a_commit_is_lost(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.set(10)
    await rig.ledger.known.lines(rig.workspace.id)
    write = rig.database.write

    @asynccontextmanager
    async def lost() -> AsyncIterator[AsyncConnection]:
        async with write() as connection:
            yield connection
        raise StoreUnavailable("the connection is lost")

    with monkeypatch.context() as patched:
        patched.setattr(rig.database, "write", lost)
        assert (await refused(rig, ASKED)).fault is Fault.STORE_UNAVAILABLE
    assert (await rig.standing()).held == 10 * USD
    await rig.ledger.close()
    assert (await rig.standing()).held == 0


async def test_a_store_that_is_away_is_told_of_once_and_not_for_each_call(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.set(100)
    await rig.ledger.known.lines(rig.workspace.id)

    @asynccontextmanager
    async def away() -> AsyncIterator[AsyncConnection]:
        raise StoreUnavailable("the connection is lost")
        yield

    for told in (1, 2):
        with monkeypatch.context() as patched:
            patched.setattr(rig.database, "write", away)
            for _ in range(3):
                assert (await refused(rig, ASKED)).fault is Fault.STORE_UNAVAILABLE
        assert caplog.text.count("nothing can be set aside") == told
        assert await rig.reserve(ASKED)


async def test_what_a_crash_leaves_behind_is_free_after_a_lease(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.set(10)
    hold = await rig.reserve(ASKED)
    later = clock.now_ms() + 2 * LEASE_MS
    async with rig.database.write() as connection:
        await connection.execute(update(tables.holds).values(until=1))
    assert (await rig.standing()).held == 0
    assert await rig.reserve(ASKED) is not None
    # Its process was only away for long, and the call ends after all.
    rig.turn(hold, Usage(4, 3, 7), 10.0)
    await rig.recorder.flush()
    assert (await rig.standing()).spent == 10 * USD
    monkeypatch.setattr(clock, "now_ms", lambda: later)
    assert (await rig.standing()).held == 0
    await rig.ledger._renew()
    assert (await rig.standing()).held == 10 * USD


async def test_what_others_left_long_ago_is_deleted(rig: Rig) -> None:
    await rig.set(100)
    await rig.reserve(ASKED)
    await rig.reserve(ASKED)
    async with rig.database.write() as connection:
        first = select(func.min(tables.holds.c.id)).scalar_subquery()
        await connection.execute(update(tables.holds).where(tables.holds.c.id == first).values(until=1))
    await Retention(rig.database, CONFIG).round()
    async with rig.database.read() as connection:
        rows = (await connection.execute(select(func.count()).select_from(tables.holds))).scalar()
    assert rows == 1


async def test_passing_a_threshold_is_told_once(rig: Rig) -> None:
    await rig.set(20)
    for _ in range(2):
        rig.turn(await rig.reserve(ASKED), Usage(4, 3, 7), 8.5)
        await rig.recorder.flush()
    rig.turn(await rig.reserve(Asked(prompt=3, choices=0)), Usage(3, 0, 3), 3.0)
    await rig.recorder.flush()
    async with rig.database.read() as connection:
        found, _ = await events.behind(connection, events.feed(rig.database), limit=10)
    told = [one.data for one in found if one.type == "budget.threshold"]
    assert [(one["percent"], one["limit"], one["spent"]) for one in told] == [
        (80, 20.0, 17.0),
        (100, 20.0, 20.0),
    ]
    assert {one["subject"] for one in told} == {rig.workspace.id}


async def test_a_keys_budget_binds_its_successor(rig: Rig) -> None:
    hasher, actor = Hasher(b"pepper"), Actor(rig.workspace.id)
    async with rig.database.write() as connection:
        first, _ = await auth.create_key(connection, hasher, rig.workspace, name="", scopes=[])
        second, _ = await auth.rotate_key(
            connection, hasher, rig.workspace, first, grace=0, expires_at=None, actor=actor
        )
    await rig.set(10, second.id)
    assert (await rig.standing(first.id)).budget.subject == first.id
    assert await rig.reserve(ASKED, owner=second.owner) is not None
    assert await rig.reserve(ASKED, owner="key_other") is None


async def test_a_call_of_our_own_is_charged_to_its_workspace(rig: Rig) -> None:
    await rig.set(35)
    route = Route("main", "priced")
    async with rig.ledger.call(rig.spender, ASKED, route) as call:
        assert (await rig.standing()).held == 10 * USD
        call.usage = Usage(4, 2, 6)
    with pytest.raises(ValueError, match="away"):
        async with rig.ledger.call(rig.spender, ASKED, route):
            raise ValueError("away")
    with pytest.raises(TimeoutError):
        async with rig.ledger.call(rig.spender, ASKED, route):
            raise TimeoutError
    await rig.ledger.close()
    found = await rig.standing()
    assert (found.spent, found.held, found.calls) == ((8 + 0 + 4) * USD, 0, 3)


async def test_a_removed_budget_takes_its_spending_along_and_binds_nobody(rig: Rig) -> None:
    await rig.set(10)
    hold = await rig.reserve(ASKED)
    async with rig.database.write() as connection:
        found = await rig.standing()
        from gateway.budgets.store import records

        await records.remove(connection, found.budget, Actor(rig.workspace.id))
    rig.turn(hold, Usage(4, 3, 7), 10.0)
    await rig.recorder.flush()
    # The worker has not heard of it yet.
    assert await rig.reserve(Asked(prompt=1000)) is not None
    async with rig.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(tables.spent))).scalar() == 0


async def test_sums_stay_within_what_the_store_can_hold(rig: Rig) -> None:
    await rig.set(budgets.MOST_USD)
    holds = [await rig.reserve(ASKED) for _ in range(6)]
    async with rig.database.write() as connection:
        ended = [holding.Ended(str(hold), budgets.MOST * 50, 1) for hold in holds]
        await holding.settle(connection, ended)
    assert (await rig.standing()).spent == holding.FULL
