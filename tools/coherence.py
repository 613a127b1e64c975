"""Learn what relates an answer to its question from the training texts: the same weights on every run."""

import json
import math
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.drift.coherence import relevance
from gateway.drift.language import packaged
from gateway.drift.text import Stretch, Text

Row = dict[str, str]
SEED = 7
PAIRS = {True: 200, False: 700}
"""Pairs of each kind to draw for a language: from drama, and from elsewhere."""
_SENTENCE_END = re.compile(r"[.!?。！？\n]+")


def fit(data_dir: str | Path) -> dict[str, object]:
    """The content of `coherence.json`."""
    rows = _read(Path(data_dir))
    rarity = _rarity(rows)
    rare = relevance.Rarity(rarity)
    drawn = random.Random(SEED)
    samples: list[list[float]] = []
    labels: list[float] = []
    for language in sorted(rows):
        for drama in (False, True):
            for user, answer, label in _pairs(rows[language], drama, drawn):
                samples.append(
                    relevance.features(relevance.excerpt(Text(user)), relevance.excerpt(Text(answer)), rare)
                )
                labels.append(label)
    weights = _logistic(np.array(samples), np.array(labels))
    return {
        "rarity": rarity,
        "weights": {
            name: round(float(w), 4) + 0.0 for name, w in zip(relevance.FEATURES, weights, strict=True)
        },
        "common": _common(rows),
    }


def _read(folder: Path) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            if row.get("question") and len(row["text"]) >= 8:
                rows.setdefault(row["language"], []).append(row)
    return rows


def _rarity(rows: dict[str, list[Row]]) -> str:
    """Give for each bucket the surprise of its commonest word in whichever language uses it most."""
    most = np.zeros(relevance.BUCKETS)
    for language in sorted(rows):
        counts: Counter[int] = Counter()
        pieces = 0
        for text in dict.fromkeys(text for row in rows[language] for text in (row["question"], row["text"])):
            for at in range(0, min(len(text), 3000), 600):
                piece = text[at : at + 600]
                pieces += 1
                counts.update({relevance.bucket(word) for word in relevance.words(Stretch(piece))})
        for bucket, count in counts.items():
            most[bucket] = max(most[bucket], count / (pieces + 20))
    levels = np.minimum(len(relevance.STEPS) - 1, np.rint(-2 * np.log(most + 1 / 2000)))
    return "".join(relevance.STEPS[int(level)] for level in np.maximum(0, levels))


def _pairs(rows: list[Row], drama: bool, drawn: random.Random) -> list[tuple[str, str, float]]:
    """Questions with their own answers (0) and with another question's answer from the same register (1)."""
    rows = [row for row in rows if (row.get("register") == "drama") == drama and len(row["question"]) <= 800]
    if len({row["question"] for row in rows}) < 6:
        return []
    pairs = []
    for _ in range(min(PAIRS[drama], 8 * len(rows))):
        row = drawn.choice(rows)
        other = drawn.choice(rows)
        for _ in range(20):
            if other["question"] != row["question"] and other.get("register") == row.get("register"):
                break
            other = drawn.choice(rows)
        pairs.append((row["question"], _shortened(row["text"], drawn), 0.0))
        pairs.append((row["question"], _shortened(other["text"], drawn), 1.0))
    return pairs


def _shortened(text: str, drawn: random.Random) -> str:
    """Cut to the length of a line of role-play: 40 to 400 characters, whole sentences where there are any."""
    length = int(math.exp(drawn.uniform(math.log(40), math.log(400))))
    if len(text) <= length:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text[:length])]
    return text[: ends[-1]] if ends and ends[-1] > 30 else text[:length]


def _logistic(samples: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Newton's method on the log likelihood with a whiff of ridge."""
    weights = np.zeros(samples.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-samples @ weights))
        curve = (samples * (chance * (1 - chance))[:, None]).T @ samples + 1e-3 * np.eye(len(weights))
        step = np.linalg.solve(curve, samples.T @ (labels - chance) - 1e-3 * weights)
        weights += step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def _common(rows: dict[str, list[Row]]) -> dict[str, list[str]]:
    """The forty commonest words of each language that is written with spaces."""
    common, languages = {}, packaged()
    for language in sorted(rows):
        if not languages[language].writing.spaced:
            continue
        counts: Counter[str] = Counter()
        for row in rows[language]:
            counts.update(word for word in relevance.words(Stretch(row["text"][:600])) if not word.isdigit())
        common[language] = sorted(
            word for word, _ in sorted(counts.items(), key=lambda i: (-i[1], i[0]))[:40]
        )
    return common
