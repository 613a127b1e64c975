"""Beliefs, p values, trends and verdicts as numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drift import calibration, trend
from gateway.drift.calibration import Usual
from gateway.drift.trend import FROZEN, Manner, Trend
from gateway.drift.verdict import Beliefs, judge

USUAL = Usual(np.linspace(-3, 1, 101).tolist())
SCORES = st.floats(-30, 30)


def test_a_belief_starts_from_the_stated_prior() -> None:
    assert calibration.belief(0) == pytest.approx(calibration.PRIOR)
    assert calibration.belief(math.log(19)) == pytest.approx(0.5)


@given(SCORES, SCORES)
def test_either_of_two_lies_between_their_mean_and_their_larger(one: float, other: float) -> None:
    both = calibration.either(one, other)
    assert max(one, other) - math.log(2) - 1e-9 <= both <= max(one, other) + 1e-9
    assert both == pytest.approx(calibration.either(other, one))


def test_what_cannot_be_told_leaves_the_other_at_half_its_odds() -> None:
    assert calibration.either(1.0, -math.inf) == pytest.approx(1 - math.log(2))


@given(st.lists(SCORES, max_size=30), SCORES, SCORES)
def test_a_higher_score_is_never_more_usual(own: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    p_low = calibration.p_value(own, USUAL, low)
    p_high = calibration.p_value(own, USUAL, high)
    assert 0 < p_high <= p_low + 1e-9 <= 1 + 1e-6


def test_scores_of_its_own_make_a_loud_persona_usual() -> None:
    quiet = calibration.p_value([-2.0] * 12, USUAL, 0.9)
    loud = calibration.p_value([0.8, 1.2, 0.9, 1.1] * 3, USUAL, 0.9)
    assert quiet < 0.05 < loud


def test_false_alarms_are_near_the_stated_rate() -> None:
    draw = np.random.default_rng(7)
    alarms = []
    for _ in range(400):
        centre = draw.normal(0, 1)
        own = list(draw.normal(centre, 1, 14))
        usual = Usual(np.quantile(draw.normal(0, 1.4, 4000), np.linspace(0, 1, 101)).tolist())
        alarms += [calibration.p_value(own, usual, score) <= 0.05 for score in draw.normal(centre, 1, 20)]
    assert 0.01 < np.mean(alarms) < 0.07


def begun() -> Trend:
    course = Trend()
    for at in range(FROZEN):
        course = trend.followed(course, Manner(-1.0 + 0.3 * (at % 2), 0.5 + 0.1 * (at % 3), -2.0))
    return course


def test_nothing_is_added_up_before_the_baseline_is_frozen() -> None:
    course = Trend()
    for _ in range(FROZEN):
        course = trend.followed(course, Manner(9.0, -2.0, 6.0))
        assert course.total == 0
    assert trend.followed(course, Manner(9.0, -2.0, 6.0)).total > 0


def test_a_steady_excess_is_found_and_noise_is_not() -> None:
    steady = noisy = begun()
    for at in range(14):
        steady = trend.followed(steady, Manner(0.4, -0.3, 0.0))
        noisy = trend.followed(noisy, Manner(-1.0 + 0.9 * (at % 2), 0.5 + 0.1 * (at % 3), -2.0))
    assert steady.belief >= 0.5
    assert noisy.belief < 0.2


def test_one_odd_turn_makes_no_trend() -> None:
    assert trend.followed(begun(), Manner(50.0, -9.0, 9.0)).belief < 0.5


def test_turns_of_which_no_line_is_known_make_no_trend() -> None:
    course = Trend()
    for _ in range(3 * FROZEN):
        course = trend.followed(course, Manner(-math.inf, math.nan, 0.0))
    assert course.belief == 0


CALM = {
    "lines": 8,
    "p": 0.6,
    "voice": 0.02,
    "assistant": 0.01,
    "broken": 0.0,
    "values": None,
    "coherence": 0.01,
    "trend": 0.0,
}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "in-character"),
        ({"broken": 0.9}, "out-of-character"),
        ({"lines": 2, "broken": 0.9}, "out-of-character"),
        ({"lines": 2, "p": 0.001, "voice": 0.4}, "warming-up"),
        ({"lines": 2, "assistant": 0.7}, "drifting"),
        ({"p": 0.01}, "drifting"),
        ({"p": 0.04}, "in-character"),
        ({"p": 0.01, "voice": 0.8}, "out-of-character"),
        ({"p": 0.04, "voice": 0.8}, "out-of-character"),
        ({"p": 0.3, "voice": 0.8}, "in-character"),
        ({"values": 0.7}, "out-of-character"),
        ({"values": 0.2}, "drifting"),
        ({"values": 0.1}, "in-character"),
        ({"lines": 2, "values": 0.2}, "drifting"),
        ({"lines": 2, "values": 0.7}, "out-of-character"),
        ({"trend": 0.6}, "drifting"),
    ],
)
def test_a_verdict_follows_from_the_evidence(changes: dict[str, float], word: str) -> None:
    assert judge(Beliefs(**{**CALM, **changes})) == word  # type: ignore[arg-type]
