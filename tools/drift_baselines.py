"""A scorer of drift has to be better than these, which benchmarks call in the same shape."""

import math
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def length(row: Mapping[str, Any]) -> float:
    """The longer, the worse: what a benchmark shows that did not match lengths."""
    return float(len(row["response"]))


def cosine(row: Mapping[str, Any]) -> float:
    """Score how little its n-grams of three and four characters are like those of the persona's lines."""
    said = [*row["reference_lines"], *(turn["response"] for turn in row["history"])]
    answer = _vector(row["response"])
    return -sum(_product(answer, _vector(line)) for line in said) / (len(said) or 1)


def relevance(row: Mapping[str, Any]) -> float:
    """Score how little they are like those of the user's turn."""
    return -_product(_vector(row["response"]), _vector(row["user"]))


@lru_cache(maxsize=10_000)
def _vector(text: str) -> dict[str, float]:
    text = f" {' '.join(text.lower().split())} "
    grams = Counter(text[at : at + size] for size in (3, 4) for at in range(len(text) - size + 1))
    weighed = {gram: 1 + math.log(count) for gram, count in grams.items()}
    norm = math.sqrt(sum(value * value for value in weighed.values())) or 1.0
    return {gram: value / norm for gram, value in weighed.items()}


def _product(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(value * other.get(gram, 0.0) for gram, value in one.items())
