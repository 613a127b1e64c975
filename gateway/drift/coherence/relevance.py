"""An answer is relevant where the user's turn comes back in it, by weighted words."""

import math
import re
import zlib
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from gateway.drift.glance import BEGINNING
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
_RARE_BY, _SQUARED, _BEGINS = map(itemgetter, range(3))
_DIGITS, _ASCII_DIGITS = re.compile(r"\d"), "0123456789"


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


def beginning(word: str) -> str:
    """Cut a word to what its forms have in common, where words are spaced."""
    return word[:6]


@lru_cache(maxsize=1)
def _beginnings() -> Memory[str, str]:
    """Remember the beginnings of words, so that one word gives the same text each time, hashed already."""
    return Memory(beginning, REMEMBERED, lambda word, _: len(word) <= _LONGEST)


def words(stretch: Stretch) -> list[str]:
    """Give stems of words where words are spaced, characters and pairs of them elsewhere."""
    if stretch.sight is not None:
        return list(map(BEGINNING, stretch.sight.words))
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


class Weighed(NamedTuple):
    """Words of a text, each once."""

    rare: list[float]
    """How rare each is."""
    mass: float
    """The sum of that, and the sum of its squares."""
    squares: float
    stems: set[str]
    """The beginnings of the rare ones."""


class Rarity:
    """Knows how rare words are, in nats, and the beginnings of rare ones, which their other forms share."""

    def __init__(self, steps: str) -> None:
        # What is the same of many words is one object, so that it is in the caches.
        shared = {step: (place / 2, place * place / 4, "") for place, step in enumerate(STEPS)}

        def weigh(word: str) -> tuple[float, float, str]:
            found = shared[steps[bucket(word)]]
            return (found[0], found[1], word[:4]) if found[0] > _RARE else found

        self._known = Memory(weigh, REMEMBERED)

    def of(self, words: set[str]) -> "Weighed":
        """Weigh all of these words."""
        known = list(map(self._known.__getitem__, words))
        rare = list(map(_RARE_BY, known))
        stems = set(map(_BEGINS, known))
        stems.discard("")
        return Weighed(rare, sum(rare), sum(map(_SQUARED, known)), stems)


def features(user: Excerpt, answer: Excerpt, rarity: Rarity) -> list[float]:
    """Measure how much of the turn comes back in the answer, in the order of `FEATURES`."""
    asked, told = set(user.words), set(answer.words)
    ours, theirs, shared = rarity.of(told), rarity.of(asked), rarity.of(asked & told)
    asked_mass, told_mass = theirs.mass + 3, ours.mass + 3
    first, second, third, fourth = [*sorted(shared.rare, reverse=True)[:4], 0.0, 0.0, 0.0, 0.0][:4]
    squares = (theirs.squares + 9) * (ours.squares + 9)
    return [
        shared.mass / told_mass,
        shared.squares / math.sqrt(squares),
        math.log1p(shared.mass),
        first / 8,
        second / 8,
        (third + fourth) / 8,
        len(theirs.stems & ours.stems) / math.sqrt(len(theirs.stems) * len(ours.stems) + 1),
        float(not _has_digit(user.text) and _has_digit(answer.text)),
        math.log(asked_mass) - 4,
        math.log(told_mass) - 4.5,
        1.0,
    ]


def _has_digit(text: str) -> bool:
    """Tell whether a digit stands in a text; most texts have none, which is quick to tell of ASCII."""
    if any(map(text.__contains__, _ASCII_DIGITS)):
        return True
    return not text.isascii() and _DIGITS.search(text) is not None
