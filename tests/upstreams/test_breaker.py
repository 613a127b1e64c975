"""The breaker: when it opens, for whom, and how it closes again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstreams.breaker import FORGOTTEN_AFTER, LEAST_CALLS, OPEN_SECONDS, WINDOW, Breaker

K = "key_1"
OTHER = "key_2"


def called(
    breaker: Breaker, results: list[bool], at: float = 0.0, key: str = K, *, was_reached: bool = True
) -> Breaker:
    for succeeded in results:
        ticket = breaker.start(key)
        if succeeded:
            breaker.succeed(key, ticket, at)
        else:
            breaker.fail(key, ticket, at, was_reached=was_reached)
    return breaker


@pytest.fixture
def broken() -> Breaker:
    """A breaker that is open since second 0."""
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
    assert Breaker().opens_at(K, 7.0) == 7.0


def test_an_open_one_waits_for_its_probe(broken: Breaker) -> None:
    assert broken.opens_at(K, 1.0) == OPEN_SECONDS
    assert broken.opens_at(K, OPEN_SECONDS + 2) == OPEN_SECONDS + 2


def test_one_probe_is_let_through(broken: Breaker) -> None:
    broken.start(K)
    assert broken.opens_at(K, OPEN_SECONDS) == float("inf")


def test_a_probe_that_succeeds_closes_it(broken: Breaker) -> None:
    called(broken, [True], at=OPEN_SECONDS)
    assert not broken.is_open
    assert not called(broken, [False] * (LEAST_CALLS // 2 - 1), at=OPEN_SECONDS).is_open


def test_a_probe_that_fails_keeps_it_open(broken: Breaker) -> None:
    called(broken, [False], at=30.0)
    assert broken.is_open
    assert broken.opens_at(K, 30.0) == 30.0 + OPEN_SECONDS


def test_a_probe_that_says_nothing_makes_room_for_another(broken: Breaker) -> None:
    broken.forgive(K, broken.start(K))
    assert broken.is_open
    assert broken.opens_at(K, OPEN_SECONDS) == OPEN_SECONDS


def test_a_call_from_before_the_opening_changes_nothing() -> None:
    breaker = Breaker()
    early = breaker.start(K)
    called(breaker, [False] * LEAST_CALLS)
    breaker.succeed(K, early, 1.0)
    assert breaker.is_open
    breaker.fail(K, early, 3.0, was_reached=True)
    assert breaker.opens_at(K, 1.0) == OPEN_SECONDS
    probe = breaker.start(K)
    breaker.forgive(K, early)
    assert breaker.opens_at(K, OPEN_SECONDS) == float("inf")
    breaker.succeed(K, probe, OPEN_SECONDS)
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


# For whom


def test_failures_of_one_key_do_not_touch_another() -> None:
    breaker = called(Breaker(), [True], key=OTHER)
    called(breaker, [False] * LEAST_CALLS)
    assert breaker.opens_at(K, 1.0) == OPEN_SECONDS
    assert breaker.opens_at(OTHER, 1.0) == 1.0
    assert not breaker.is_open
    called(breaker, [True] * 100, at=1.0, key=OTHER)
    assert breaker.is_open_for(K)
    called(breaker, [True], at=OPEN_SECONDS)
    assert not breaker.is_open_for(K)


def test_once_a_second_key_has_seen_one_they_count_for_everybody() -> None:
    breaker = called(Breaker(), [True], key=OTHER)
    called(breaker, [False] * LEAST_CALLS)
    called(breaker, [False], key=OTHER)
    assert breaker.is_open
    assert breaker.opens_at("key_3", 1.0) == OPEN_SECONDS


def test_where_one_key_alone_is_active_they_count_for_everybody() -> None:
    assert called(Breaker(), [False] * LEAST_CALLS).is_open


def test_what_the_second_key_saw_long_ago_does_not_count() -> None:
    breaker = called(Breaker(), [False], key=OTHER)
    called(breaker, [True], at=WINDOW, key=OTHER)
    called(breaker, [False] * LEAST_CALLS, at=WINDOW + 0.1)
    assert not breaker.is_open


def test_an_upstream_that_cannot_be_reached_is_so_for_everybody() -> None:
    breaker = called(Breaker(), [True], key=OTHER)
    called(breaker, [False] * LEAST_CALLS, was_reached=False)
    assert breaker.is_open
    assert breaker.opens_at(OTHER, 1.0) == OPEN_SECONDS


def test_a_share_of_all_calls_has_to_fail_for_everybody() -> None:
    breaker = called(Breaker(), [True] * 30 + [False], key=OTHER)
    called(breaker, [False] * LEAST_CALLS)
    assert not breaker.is_open
    assert breaker.is_open_for(K)


def test_a_probe_that_one_key_breaks_is_made_again_by_another() -> None:
    broken = called(Breaker(), [False] * 10)
    called(broken, [False] * 10, key=OTHER)
    assert broken.is_open
    called(broken, [False], at=OPEN_SECONDS)
    assert broken.opens_at(K, OPEN_SECONDS) == 2 * OPEN_SECONDS
    assert broken.opens_at(OTHER, OPEN_SECONDS) == OPEN_SECONDS
    called(broken, [True], at=OPEN_SECONDS, key=OTHER)
    assert not broken.is_open
    assert broken.is_open_for(K)


def test_a_probe_that_fails_for_two_keys_keeps_it_open() -> None:
    broken = called(Breaker(), [False] * 10)
    called(broken, [False] * 10, key=OTHER)
    called(broken, [False], at=OPEN_SECONDS)
    called(broken, [False], at=OPEN_SECONDS, key=OTHER)
    assert broken.opens_at("key_3", OPEN_SECONDS) == 2 * OPEN_SECONDS


def test_a_probe_that_reaches_nobody_keeps_it_open_for_all() -> None:
    broken = called(Breaker(), [False] * LEAST_CALLS, was_reached=False)
    called(broken, [False], at=OPEN_SECONDS, was_reached=False)
    assert broken.opens_at(OTHER, OPEN_SECONDS) == 2 * OPEN_SECONDS


def test_keys_that_do_not_come_back_are_forgotten() -> None:
    breaker = Breaker()
    for number in range(50):
        called(breaker, [True], key=OTHER)
        called(breaker, [False] * LEAST_CALLS, key=f"key_{number}x", at=number * FORGOTTEN_AFTER)
    assert len(breaker._own) < 3
    assert len(breaker._tallies) < 3


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["well", "failed", "unreached"]), st.floats(0, 3))
    )
)
def test_its_counts_are_those_of_the_window(calls: list[tuple[str, str, float]]) -> None:
    breaker, now = Breaker(), 0.0
    for key, end, pause in calls:
        now += pause
        called(breaker, [end == "well"], now, key, was_reached=end == "failed")
        seen = list(breaker._calls)
        failed = [call.key for call in seen if call.end == "failed"]
        assert breaker._failed == len(failed)
        assert breaker._keys_failed == len(set(failed))
        assert breaker._unreached == sum(call.end == "unreached" for call in seen)
        assert {name: tally.calls for name, tally in breaker._tallies.items()} == {
            name: sum(call.key == name for call in seen) for name in {call.key for call in seen}
        }
