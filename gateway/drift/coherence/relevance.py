"""An answer is relevant where the user's turn comes back in it, by weighted words."""

import math
import re
import zlib
from functools import lru_cache
from operator import mul
from typing import NamedTuple

from gateway.drift.memory import Memory
from gateway.drift.text import Stretch, Text

BUCKETS = 1 << 15
STEPS = "abcdefghijklmnopq"
"""Letters that stand for how rare the words of a bucket are, half a nat each."""
REMEMBERED = 1 << 15
"""Words that are remembered."""
_LONGEST = 24
"""Letters of a word that is remembered."""
HEAD, TAIL = 1000, 500
_RARE = 3.5
FEATURES = (
    "answer_covered",
    "word_cosine",
    "shared",
    "rarest",
    "second",
    "next",
    "stems",
    "numbers_unasked",
    "user_length",
    "answer_length",
    "constant",
)

_SPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"\d")


class Excerpt(NamedTuple):
    """The part of a text that is looked at, with its words."""

    text: str
    words: list[str]


def excerpt(text: Text) -> Excerpt:
    """Take the text, or the beginning and the end of a long one."""
    length = len(text)
    if length <= HEAD + TAIL:
        return Excerpt(text.text, words(text.stretch(0, length)))
    head, tail = text.stretch(0, HEAD), text.stretch(length - TAIL, length)
    return Excerpt(f"{head.text}\n{tail.text}", words(head) + words(tail))


@lru_cache(maxsize=1)
def _beginnings() -> Memory[str, str]:
    """Remember the beginnings of words, so that one word gives the same text each time, hashed already."""
    return Memory(lambda word: word[:6], REMEMBERED, lambda word, _: len(word) <= _LONGEST)


def words(stretch: Stretch) -> list[str]:
    """Give stems of words where words are spaced, characters and pairs of them elsewhere."""
    if not stretch.runs_on:
        return list(map(_beginnings().__getitem__, stretch.tokens))
    found: list[str] = []
    for word in stretch.tokens:
        first = word[0]
        if first < "\u0e00":
            found.append(word[:6])
        elif first < "\u0e80":
            found.extend(word[at : at + 3] for at in range(len(word) - 2))
        elif "\uac00" <= first <= "\ud7a3":
            found.append(word[:2])
        elif first < "\u2e80":
            found.append(word[:6])
        else:
            found.extend(word[at : at + 2] for at in range(len(word) - 1))
            found.extend(character for character in word if character > "\u30ff")
    return found


def grams(text: str) -> set[str]:
    """Give the runs of four characters, or of two where a character is a syllable or a word."""
    line = _SPACE.sub(" ", text.lower())
    size = 2 if sum(character > "\u2fff" for character in line[:90]) > 30 else 4
    return {line[at : at + size] for at in range(len(line) - size + 1)}


def bucket(gram: str) -> int:
    """Give the place where the rarity of a word is kept."""
    return zlib.crc32(gram.encode("utf-8", "replace")) & (BUCKETS - 1)


class Rarity:
    """Knows how rare words are, in nats, and the beginnings of rare ones, which their other forms share."""

    def __init__(self, steps: str) -> None:
        nats = {step: place / 2 for place, step in enumerate(STEPS)}
        self.of: Memory[str, float] = Memory(lambda word: nats[steps[bucket(word)]], REMEMBERED)
        self._stem: Memory[str, str] = Memory(
            lambda word: word[:4] if self.of[word] > _RARE else "", REMEMBERED
        )

    def stems(self, words: set[str]) -> set[str]:
        """Give the beginnings of the rare ones among these words."""
        found = set(map(self._stem.__getitem__, words))
        found.discard("")
        return found


def features(user: Excerpt, answer: Excerpt, rarity: Rarity) -> list[float]:
    """Measure how much of the turn comes back in the answer, in the order of `FEATURES`."""
    asked, told = set(user.words), set(answer.words)
    rare = rarity.of.__getitem__
    asked_rare, told_rare = list(map(rare, asked)), list(map(rare, told))
    shared_rare = sorted(map(rare, asked & told), reverse=True)
    asked_mass, told_mass, shared_mass = sum(asked_rare) + 3, sum(told_rare) + 3, sum(shared_rare)
    first, second, third, fourth = [*shared_rare[:4], 0.0, 0.0, 0.0, 0.0][:4]
    asked_stems, told_stems = rarity.stems(asked), rarity.stems(told)
    squares = (_squares(asked_rare) + 9) * (_squares(told_rare) + 9)
    return [
        shared_mass / told_mass,
        _squares(shared_rare) / math.sqrt(squares),
        math.log1p(shared_mass),
        first / 8,
        second / 8,
        (third + fourth) / 8,
        len(asked_stems & told_stems) / math.sqrt(len(asked_stems) * len(told_stems) + 1),
        float(_DIGITS.search(user.text) is None and _DIGITS.search(answer.text) is not None),
        math.log(asked_mass) - 4,
        math.log(told_mass) - 4.5,
        1.0,
    ]


def _squares(some: list[float]) -> float:
    squares: float = sum(map(mul, some, some))
    return squares
