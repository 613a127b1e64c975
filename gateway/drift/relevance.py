"""How much of a user's turn comes back in the answer: weighted words and runs of characters."""

import math
import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

BUCKETS = 1 << 15
STEPS = "abcdefghijklmnopq"
"""How rare the grams of a bucket are, written as letters: half a nat each."""
HEAD, TAIL = 1000, 500
FEATURES = (
    "answer_covered",
    "word_cosine",
    "shared",
    "rarest",
    "second",
    "next",
    "gram_cosine",
    "grams_shared",
    "request_covered",
    "stems",
    "numbers_unasked",
    "user_length",
    "answer_length",
    "constant",
)

_HAN = "\u2e80-\u30ff\u3100-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
_WORDS = re.compile(rf"[{_HAN}]+|[\u0e00-\u0e7f]+|(?:(?![{_HAN}\u0e00-\u0e7f])[^\W_]|[\u0900-\u0963])+")
_SPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"\d")


class Reading(NamedTuple):
    """A text, or as much of it as is looked at, with its words."""

    text: str
    words: list[str]


def read(text: str) -> Reading:
    """Clip a text and take it apart."""
    clipped = clip(text)
    return Reading(clipped, words(clipped))


def clip(text: str) -> str:
    """The beginning and the end of a long text: what is looked at."""
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def words(text: str) -> list[str]:
    """Stems of words where words are spaced, characters and pairs of them elsewhere."""
    found: list[str] = []
    for word in _WORDS.findall(text.lower()):
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
    """Runs of four characters, or of two where a character is a syllable or a word."""
    line = _SPACE.sub(" ", text.lower())
    size = 2 if sum(character > "\u2fff" for character in line[:90]) > 30 else 4
    return {line[at : at + size] for at in range(len(line) - size + 1)}


@lru_cache(maxsize=1 << 15)
def bucket(gram: str) -> int:
    """Where the rarity of a word is kept; a run of characters is looked up with a `#` before it."""
    return zlib.crc32(gram.encode("utf-8", "replace")) & (BUCKETS - 1)


def features(user: Reading, answer: Reading, rarity: Sequence[float]) -> list[float]:
    """How much of the turn comes back in the answer, in the order of `FEATURES`."""
    asked, told = set(user.words), set(answer.words)
    rare = {word: rarity[bucket(word)] for word in asked | told}
    shared = asked & told
    asked_mass = sum(map(rare.__getitem__, asked)) + 3
    told_mass = sum(map(rare.__getitem__, told)) + 3
    shared_mass = sum(map(rare.__getitem__, shared))
    squares = [sum(rare[word] ** 2 for word in some) for some in (shared, asked, told)]
    top = [*sorted(map(rare.__getitem__, shared), reverse=True)[:4], 0.0, 0.0, 0.0, 0.0]
    asked_grams, told_grams = grams(user.text), grams(answer.text)
    gram_mass = sum(rarity[bucket("#" + gram)] for gram in asked_grams & told_grams)
    last = user.text.strip().rpartition("\n")
    request = set(words(last[2])) & asked if last[1] else asked
    asked_stems = {word[:4] for word in asked if rare[word] > 3.5}
    told_stems = {word[:4] for word in told if rare[word] > 3.5}
    return [
        shared_mass / told_mass,
        squares[0] / math.sqrt((squares[1] + 9) * (squares[2] + 9)),
        math.log1p(shared_mass),
        top[0] / 8,
        top[1] / 8,
        (top[2] + top[3]) / 8,
        gram_mass / math.sqrt((len(asked_grams) * 5 + 5) * (len(told_grams) * 5 + 5)),
        math.log1p(gram_mass),
        sum(map(rare.__getitem__, request & told)) / (sum(map(rare.__getitem__, request)) + 3),
        len(asked_stems & told_stems) / math.sqrt(len(asked_stems) * len(told_stems) + 1),
        float(not _DIGITS.search(user.text) and bool(_DIGITS.search(answer.text))),
        math.log(asked_mass) - 4,
        math.log(told_mass) - 4.5,
        1.0,
    ]
