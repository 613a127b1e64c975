"""The packaged weights are what the training texts make, and score as the model card says."""

import json
import os
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gateway.drift import benchmark
from gateway.drift.score import Score
from gateway.drift.scorer import score
from tests.soak import IS_SOAK
from tools import coherence, drift_table, train_drift

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


@pytest.mark.parametrize("language", ["fr", "pt", "zh"])
def test_training_makes_the_packaged_table_of_a_language_bit_for_bit(data: Path, language: str) -> None:
    """No language needs the texts of another one; some have too few for a table of assistants' words."""
    texts = [row for row in train_drift.load(data / "train") if row["language"] == language]
    made = train_drift.learn(language, texts).whole
    with np.load(PACKAGED / "voice.npz") as packaged:
        place = bytes(packaged["languages"]).decode().split().index(language)
        row = packaged["rows"][place]
        assert made.surprise.tobytes() == packaged["surprise"][place].tobytes()
        assert (made.assistant is None) == (row < 0)
        assert made.assistant is None or made.assistant.tobytes() == packaged["assistant"][row].tobytes()
        scales = np.array([made.bits, made.step, made.bias, made.reliance], np.float32)
        assert scales.tobytes() == packaged["scales"][place].tobytes()


def test_training_makes_the_packaged_weights_of_coherence(data: Path) -> None:
    packaged = json.loads((PACKAGED / "coherence.json").read_text("utf-8"))
    assert coherence.fit(data / "train") == packaged


if IS_SOAK:

    @pytest.mark.soak
    def test_training_makes_the_packaged_weights_bit_for_bit(data: Path, tmp_path: Path) -> None:
        train_drift.write(data / "train", tmp_path)
        for name in ("voice.npz", "coherence.json"):
            assert (tmp_path / name).read_bytes() == (PACKAGED / name).read_bytes()


@pytest.fixture(scope="module")
def rows(data: Path) -> list[dict[str, Any]]:
    """In the soak these are all rows; else the third of them that their ids choose."""
    found = drift_table.read(data / "dev")[0]
    return [row for row in found if IS_SOAK or zlib.crc32(row["id"].encode()) % 3 == 2]


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
