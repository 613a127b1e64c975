"""A child that has died is started again at once at first, but never in a frenzy."""

from gateway.restarts import STEADY_SECONDS, Restarts


def test_the_first_restarts_are_made_at_once_and_the_others_after_longer_and_longer_pauses() -> None:
    restarts = Restarts()
    assert [restarts.pause(1) for _ in range(12)] == [0, 0, 0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_what_has_lived_for_long_begins_anew() -> None:
    restarts = Restarts()
    for _ in range(5000):
        restarts.pause(STEADY_SECONDS)
    assert restarts.pause(STEADY_SECONDS) == 30
    assert restarts.pause(STEADY_SECONDS + 1) == 0
    assert [restarts.pause(1) for _ in range(3)] == [0, 0, 0.5]
