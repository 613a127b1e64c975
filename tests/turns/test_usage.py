"""Tokens are read by every upstream's names for them, and mean the same whoever has counted."""

import json
from typing import Any

import pytest

from gateway.config import Price
from gateway.turns.usage import MOST, Usage, added, read, total
from gateway.upstreams.prices import Step, Tariff

COUNTED = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


def of(**more: Any) -> Usage | None:
    return read(json.dumps({**COUNTED, **more}).encode())


@pytest.mark.parametrize(
    "said",
    [
        {"prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0}},
        {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},
        {"cached_tokens": 64},
        {"cache_read_input_tokens": 64, "prompt_tokens_details": {"cached_tokens": 0}},
    ],
)
def test_cached_tokens_have_many_names(said: dict[str, Any]) -> None:
    found = of(**said)
    assert found is not None
    assert (found.prompt_tokens, found.cached_tokens, found.total_tokens) == (100, 64, 120)


@pytest.mark.parametrize(
    "said",
    [
        {"cache_creation_input_tokens": 30},
        {"prompt_tokens_details": {"cache_write_tokens": 30}},
        {"prompt_tokens_details": {"cache_creation_tokens": 30}},
    ],
)
def test_written_tokens_have_many_names(said: dict[str, Any]) -> None:
    found = of(**said)
    assert found is not None
    assert (found.prompt_tokens, found.cache_write_tokens) == (100, 30)


def test_reasoning_is_told_apart() -> None:
    assert of(completion_tokens_details={"reasoning_tokens": 15}) == Usage(100, 20, 120, None, None, 15)


@pytest.mark.parametrize(
    ("read_in", "written", "told_total", "sent", "whole"),
    [
        (500, 40, 120, 640, 660),
        (50, 20, 190, 170, 190),
        (50, 20, 120, 100, 120),
    ],
)
def test_tokens_of_the_cache_are_among_those_of_the_prompt(
    read_in: int, written: int, told_total: int, sent: int, whole: int
) -> None:
    """Anthropic counts them apart, which shows in that they are too many, or in the total."""
    found = of(cache_read_input_tokens=read_in, cache_creation_input_tokens=written, total_tokens=told_total)
    assert found == Usage(sent, 20, whole, read_in, written)


@pytest.mark.parametrize(
    "said",
    [
        {"prompt_tokens_details": "none"},
        {"prompt_tokens_details": {"cached_tokens": "many"}},
        {"completion_tokens_details": {"reasoning_tokens": -1}},
        {"cached_tokens": MOST + 1},
    ],
)
def test_kinds_that_make_no_sense_leave_the_sums(said: dict[str, Any]) -> None:
    assert of(**said) == Usage(100, 20, 120)


def test_a_total_is_added_up_where_it_is_missing() -> None:
    assert total(Usage(3, 4)) == 7
    assert total(Usage(3, 4, 9)) == 9
    assert total(Usage()) == 0


def test_each_kind_has_its_price() -> None:
    price = Price(input=10, output=100, cached_input=1, cache_write=20, reasoning=1000)
    usd = price.cost(1000, 100, cached=600, written=300, reasoning=40)
    assert usd * 1_000_000 == pytest.approx(100 * 10 + 600 * 1 + 300 * 20 + 60 * 100 + 40 * 1000)


def test_a_kind_without_a_price_costs_what_the_others_do() -> None:
    assert Price(input=10, output=100).cost(1000, 100, cached=600, written=300, reasoning=40) == 0.02


def test_no_kind_has_more_tokens_than_there_are() -> None:
    price = Price(input=10, output=100, cached_input=1, cache_write=20, reasoning=1000)
    assert price.cost(10, 0, cached=99, written=99, reasoning=99) * 1_000_000 == pytest.approx(10)


def test_a_long_prompt_makes_all_tokens_dearer() -> None:
    tariff = Tariff((Step(0, Price(input=1, output=1)), Step(1000, Price(input=3, output=5))))
    assert tariff.cost(1000, 10) * 1_000_000 == pytest.approx(1010)
    assert tariff.cost(1001, 10) * 1_000_000 == pytest.approx(3053)


def test_tokens_of_two_tries_add_up_and_unknown_ones_stay_unknown() -> None:
    one, other = Usage(9, 53, 62), Usage(2, None, 2, cached_tokens=1)
    assert added(one, other) == Usage(11, 53, 64, cached_tokens=1)
    assert added(None, other) is other
    assert added(one, None) is one
    assert added(None, None) is None
