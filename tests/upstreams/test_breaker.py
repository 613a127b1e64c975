"""The breaker: when it opens, and how it closes again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.breaker import LEAST_CALLS, OPEN_SECONDS, WINDOW, Breaker


def called(breaker: Breaker, results: list[bool], at: float = 0.0) -> Breaker:
    for succeeded in results:
        (breaker.succeed if succeeded else breaker.fail)(breaker.start(), at)
    return breaker


@pytest.fixture
def broken() -> Breaker:
    """Open since second 0."""
    return called(Breaker(), [False] * LEAST_CALLS)


def test_it_opens_at_twenty_failed_calls(broken: Breaker) -> None:
    assert broken.is_open
    assert not called(Breaker(), [False] * (LEAST_CALLS - 1)).is_open


@pytest.mark.parametrize(("failed", "is_open"), [(9, False), (10, True), (11, True)])
def test_half_of_the_calls_have_to_fail(failed: int, is_open: bool) -> None:
    assert called(Breaker(), [True] * (20 - failed) + [False] * failed).is_open is is_open


def test_calls_that_are_long_ago_do_not_count() -> None:
    breaker = called(Breaker(), [False] * (LEAST_CALLS - 1))
    called(breaker, [False], at=WINDOW + 0.1)
    assert not breaker.is_open


def test_calls_at_the_window_s_border_count() -> None:
    breaker = called(Breaker(), [False] * (LEAST_CALLS - 1))
    assert called(breaker, [False], at=WINDOW).is_open


def test_a_closed_one_lets_everything_through() -> None:
    assert Breaker().opens_at(7.0) == 7.0


def test_an_open_one_waits_for_its_probe(broken: Breaker) -> None:
    assert broken.opens_at(1.0) == OPEN_SECONDS
    assert broken.opens_at(OPEN_SECONDS + 2) == OPEN_SECONDS + 2


def test_one_probe_is_let_through(broken: Breaker) -> None:
    broken.start()
    assert broken.opens_at(OPEN_SECONDS) == float("inf")


def test_a_probe_that_succeeds_closes_it(broken: Breaker) -> None:
    called(broken, [True], at=OPEN_SECONDS)
    assert not broken.is_open
    assert not called(broken, [False] * (LEAST_CALLS // 2 - 1), at=OPEN_SECONDS).is_open


def test_a_probe_that_fails_keeps_it_open(broken: Breaker) -> None:
    called(broken, [False], at=30.0)
    assert broken.is_open
    assert broken.opens_at(30.0) == 30.0 + OPEN_SECONDS


def test_a_probe_that_says_nothing_makes_room_for_another(broken: Breaker) -> None:
    broken.forgive(broken.start())
    assert broken.is_open
    assert broken.opens_at(OPEN_SECONDS) == OPEN_SECONDS


def test_a_call_from_before_the_opening_changes_nothing() -> None:
    breaker = Breaker()
    early = breaker.start()
    called(breaker, [False] * LEAST_CALLS)
    breaker.succeed(early, 1.0)
    assert breaker.is_open
    breaker.fail(early, 3.0)
    assert breaker.opens_at(1.0) == OPEN_SECONDS
    probe = breaker.start()
    breaker.forgive(early)
    assert breaker.opens_at(OPEN_SECONDS) == float("inf")
    breaker.succeed(probe, OPEN_SECONDS)
    assert not breaker.is_open


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3))))
def test_it_is_open_just_when_the_window_says_so(calls: list[tuple[bool, float]]) -> None:
    breaker, now = Breaker(), 0.0
    seen: list[tuple[float, bool]] = []
    for succeeded, pause in calls:
        now += pause
        called(breaker, [succeeded], at=now)
        seen = [call for call in seen if call[0] >= now - WINDOW] + [(now, succeeded)]
        failed = sum(not ok for _, ok in seen)
        expected = not succeeded and len(seen) >= LEAST_CALLS and failed >= len(seen) / 2
        assert breaker.is_open is expected
        if expected:
            return
