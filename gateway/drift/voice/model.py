"""The model is what was learnt from the training texts; `tools/train_drift.py` makes its arrays."""

import math
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gateway.drift.arrays import mapped
from gateway.drift.calibration import Usual
from gateway.drift.language import packaged as packaged_languages
from gateway.drift.voice.stylometry import BUCKETS, Floats, Measures

OTHER = "xx"
"""Stands for every language without texts of its own."""
COMMON_BITS = 6.5
"""The bits that the commonest words of a text tell; rarer ones count for what they tell beyond."""


SHARE, RARITY, ASSISTANT, COLUMNS = 0, 1, 2, 4
"""Columns of what is known of a word: its share in ordinary text; its weight in a comparison, which is its
bits above those of common words; its weight for an assistant that plays nobody. Rows of four are read at
once."""


class Vocabulary(NamedTuple):
    """One language's words, a row for each bucket."""

    language: str
    rows: Floats
    bias: float
    """Added to the mean of these, so that 0 is even odds."""
    reliance: float
    """The trust in that mean: 0 is none, as for languages with few texts."""

    @property
    def is_unspaced(self) -> bool:
        return packaged_languages().is_unspaced(self.language)

    def assistance(self, text: Measures) -> float:
        """Give the log odds that an assistant's default voice wrote the text, within ±6."""
        return self.spoken_so(self.rows.take(text.tokens, axis=0)[:, ASSISTANT])

    def spoken_so(self, weights: Floats) -> float:
        """Give the same from the weights of its words."""
        if not self.reliance or not len(weights):
            return 0.0
        mean = float(np.add.reduce(weights)) / math.sqrt(len(weights) + 1)
        return max(-6.0, min(6.0, self.reliance * (mean + self.bias)))


class Model:
    """All that was learnt of manners."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        """Take the arrays of a file, whose tables are bytes with two scales for each language."""
        self._arrays = arrays
        self._languages = bytes(arrays["languages"]).decode().split()
        self._vocabularies: dict[str, Vocabulary] = {}
        self.centre, self.scale, self.heads = (arrays[name].tolist() for name in ("centre", "scale", "heads"))
        self.usual = [Usual(quantiles) for quantiles in arrays["usual"].tolist()]
        """Mean and spread of each feature over turns in character; a row of weights for each head,
        the intercept last; quantiles of the log odds of turns in character, a row for none, few and many
        known lines."""

    def vocabulary(self, language: str) -> Vocabulary:
        """Give the tables of a language, or those for all the others."""
        name = language if language in self._languages else OTHER
        if name not in self._vocabularies:
            self._vocabularies[name] = self._unpack(self._languages.index(name))
        return self._vocabularies[name]

    def _unpack(self, at: int) -> Vocabulary:
        bits, step, bias, reliance = (float(value) for value in self._arrays["scales"][at])
        surprise = self._arrays["surprise"][at].astype(np.float32)
        surprise *= np.float32(bits)
        # Where nothing could be learnt there is no row of weights.
        row = int(self._arrays["rows"][at])
        learnt = np.zeros(BUCKETS, np.float32)
        if row >= 0:
            np.multiply(self._arrays["assistant"][row], np.float32(step), out=learnt)
        return table(self._languages[at], surprise, learnt, bias, reliance)


def table(language: str, surprise: Floats, assistant: Floats, bias: float, reliance: float) -> Vocabulary:
    """Make the tables of a language from the bits that each word tells."""
    rows = np.zeros((BUCKETS, COLUMNS), np.float32)
    np.exp2(-surprise, out=rows[:, SHARE])
    np.maximum(surprise - np.float32(COMMON_BITS), np.float32(0.2), out=rows[:, RARITY])
    rows[:, ASSISTANT] = assistant
    return Vocabulary(language, rows, bias, reliance)


@lru_cache(maxsize=1)
def packaged() -> Model:
    """Open the weights that come with the package; most of its languages are never met, nor read."""
    return Model(mapped(Path(str(resources.files("gateway.drift").joinpath("data/voice.npz")))))
