"""Ids: unique, sortable by time, and of one form."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import clock, ids


@given(st.integers(0, 62**8 - 1), st.integers(0, 62**8 - 1))
def test_base62_sorts_as_the_numbers_do(a: int, b: int) -> None:
    first, second = ids.base62(a, 8), ids.base62(b, 8)
    assert (first < second, first == second) == (a < b, a == b)
    assert len(first) == len(second) == 8


@pytest.mark.parametrize("prefix", ["psn", "ver", "conv", "msg", "run", "req", "ws", "key", "whk", "whd"])
def test_an_id_is_its_prefix_and_twenty_digits(prefix: str) -> None:
    assert re.fullmatch(rf"{prefix}_[0-9A-Za-z]{{20}}", ids.new(prefix))


def test_no_two_ids_are_alike_within_a_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: 1_700_000_000_000)
    assert len({ids.new("msg") for _ in range(10_000)}) == 10_000


def test_a_later_id_sorts_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for now in (0, 1, 61, 62, 1_700_000_000_000, 1_700_000_000_001, 4_000_000_000_000):
        monkeypatch.setattr(clock, "now_ms", lambda now=now: now)
        made.append(ids.new("msg"))
    assert all(first < second for first, second in pairwise(made))


def test_the_digits_hold_for_millennia() -> None:
    assert 62**ids.TIME_DIGITS > 6000 * 365 * 86_400_000
    assert 62**ids.RANDOM_DIGITS > 2**71


@pytest.mark.parametrize("length", [0, 1, 40])
def test_a_secret_has_its_length(length: int) -> None:
    assert re.fullmatch(rf"[0-9A-Za-z]{{{length}}}", ids.secret(length))


def test_a_stored_time_is_shown_in_utc() -> None:
    assert clock.iso(0) == "1970-01-01T00:00:00.000Z"
    assert clock.iso(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"
