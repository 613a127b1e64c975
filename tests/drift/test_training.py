"""The packaged weights are what the training texts make, and score as the model card says."""

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gateway.drift import benchmark
from gateway.drift.score import Score
from gateway.drift.scorer import score
from tools import drift_table, train_drift

pytestmark = pytest.mark.slow

VARIABLE = "PERSONA_DRIFT_DIR"
PACKAGED = Path(benchmark.__file__).parent / "data"
FLOORS = {
    ("voice", "generic_assistant"): 0.94,
    ("voice", "generic_assistant_weakrole"): 0.94,
    ("voice", "generic_assistant_drama"): 0.97,
    ("voice", "voice_swap"): 0.82,
    ("voice", "persona_break"): 0.98,
    ("values", "value_contradiction"): 0.93,
    ("coherence", "incoherent"): 0.91,
}
"""Areas under the ROC curve, averaged over the sources of a kind."""


@pytest.fixture(scope="module")
def data() -> Path:
    if not os.environ.get(VARIABLE):
        pytest.skip(f"{VARIABLE} names no folder with the training texts and the benchmark")
    return Path(os.environ[VARIABLE])


@pytest.fixture(scope="module")
def evaluate(data: Path) -> ModuleType:
    return drift_table.load(data / "evaluate.py")


def test_training_makes_the_packaged_weights_of_voices_bit_for_bit(data: Path, tmp_path: Path) -> None:
    train_drift.write(data / "train", tmp_path)
    for name in ("voice.npz", "coherence.json"):
        assert (tmp_path / name).read_bytes() == (PACKAGED / name).read_bytes()


@pytest.fixture(scope="module")
def rows(data: Path) -> list[dict[str, Any]]:
    return drift_table.read(data / "dev")[0]


@pytest.fixture(scope="module")
def scores(rows: list[dict[str, Any]]) -> list[Score]:
    return [score(*benchmark.prepared(row), row["user"], row["response"])[0] for row in rows]


@pytest.mark.parametrize("head", ["voice", "values", "coherence"])
def test_every_kind_of_drift_is_told_as_well_as_the_model_card_says(
    rows: list[dict[str, Any]], scores: list[Score], evaluate: ModuleType, head: str
) -> None:
    column = np.array([benchmark.numbers(one)[head] or 0.0 for one in scores])
    means = evaluate.macro(evaluate.table(rows, column))
    figures = {kind: means[kind][0] for of, kind in FLOORS if of == head}
    assert {kind: figure for kind, figure in figures.items() if figure < FLOORS[head, kind]} == {}


def test_slow_drift_is_found(data: Path, evaluate: ModuleType) -> None:
    _, sequences = drift_table.read(data / "dev")
    found = evaluate.sequences(benchmark, benchmark.score, sequences, head="voice")
    assert found["detected"] >= 0.72
    assert found["median_delay"] <= 8


def test_turns_in_character_are_seldom_found_otherwise(
    rows: list[dict[str, Any]], scores: list[Score]
) -> None:
    words = [one.verdict for row, one in zip(rows, scores, strict=True) if row["label"] == "in"]
    assert sum(word in ("drifting", "out-of-character") for word in words) <= 0.07 * len(words)


def test_no_turn_in_character_is_called_a_break(rows: list[dict[str, Any]], scores: list[Score]) -> None:
    names = {"ai-disclosure", "vendor", "training", "refuses-role", "meta"}
    called = [
        row["id"]
        for row, one in zip(rows, scores, strict=True)
        if row["label"] == "in" and names & {signal.name for signal in one.signals if signal.p < 0.05}
    ]
    assert called == []
