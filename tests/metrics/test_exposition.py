"""Whatever was counted is told in a text that Prometheus reads."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics.board import Board
from gateway.metrics.exposition import told
from gateway.metrics.sheet import BETWEEN
from gateway.turns.meter import Ended, Meter
from tests.fakes.turn import new_turn


@pytest.fixture
def board() -> Board:
    return Board(1)


@pytest.fixture
def meter(board: Board) -> Meter:
    return Meter(board.pages[0])


def samples(board: Board, name: str) -> list[Any]:
    families = text_string_to_metric_families(told(board, []))
    return [one for family in families for one in family.samples if one.name == name]


def turn(upstream: str = "main/m") -> Any:
    return new_turn(
        model="persona/a", created_at=0, persona_id="psn_1", version=1, workspace_id="ws_1", upstream=upstream
    )


@pytest.mark.parametrize("letter", ["m", "ü", "\n", '"', BETWEEN, "\ud800"])
def test_a_label_of_any_length_is_told(board: Board, meter: Meter, letter: str) -> None:
    for length in (1, 40, 200, 239, 240, 241, 5000):
        meter.take(Ended(turn(f"main/{letter * length}"), "chat", f"{'a' * 64}@v1", 0, None))
    meter.count()
    found = samples(board, "persona_turns_total")
    assert sum(one.value for one in found) == 7
    assert {one.labels["workspace"] for one in found} == {"ws_1"}
    assert {one.labels["persona"] for one in found} == {"a" * 64}


def test_labels_that_are_all_long_are_all_cut(board: Board, meter: Meter) -> None:
    meter.take(Ended(turn("u" * 999), "s" * 999, f"{'a' * 999}@v1", 0, None))
    meter.count()
    (found,) = samples(board, "persona_turns_total")
    assert (found.value, found.labels["upstream"].strip("u…")) == (1, "")


def test_a_portrait_is_a_turn_without_a_verdict(board: Board, meter: Meter) -> None:
    meter.take(Ended(turn(), "images", "a@v1", 0, None))
    meter.count()
    assert samples(board, "persona_verdicts_total") == []
    meter.take(Ended(turn(), "chat", "a@v1", 0, None))
    meter.count()
    assert [one.labels["verdict"] for one in samples(board, "persona_verdicts_total")] == ["unscored"]
    assert sum(one.value for one in samples(board, "persona_turns_total")) == 2


def test_the_use_of_limits_is_told_by_bucket_and_whose_they_are(board: Board, meter: Meter) -> None:
    for part in (0.2, 1.0):
        meter.use("chat", "ws_1", part)
    (total,) = samples(board, "persona_limit_use_sum")
    assert (total.labels, total.value) == ({"bucket": "chat", "subject": "ws_1"}, 1.2)
    buckets = {one.labels["le"]: one.value for one in samples(board, "persona_limit_use_bucket")}
    assert (buckets["0.1"], buckets["0.25"], buckets["0.999"], buckets["+Inf"]) == (0, 1, 1, 2)
