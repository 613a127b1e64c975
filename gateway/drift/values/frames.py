"""Frames make patterns of the words that a language has for figures."""

import re
from collections.abc import Iterable

_PLAIN, _MARKED = re.compile(r"[^\W\d_]{2,}"), re.compile(r"\\.|\[[^\]]*\]|\(\?[:!=<]+")
"""The words of a pattern, and what in it is none."""


def pattern(text: str, end: str = "") -> re.Pattern[str]:
    """Match the text, whatever its case; nothing where it is empty."""
    return re.compile(f"(?:{text}){end}" if text else "(?!)", re.IGNORECASE)


def is_plain(text: str) -> bool:
    """Tell whether a pattern matches its own letters and nothing else."""
    return re.escape(text).replace("\\ ", " ") == text


def between(text: str) -> re.Pattern[str]:
    """Match what stands between two figures, with blanks around it."""
    return re.compile(rf"\s{{0,2}}(?:{text or '(?!)'})\s{{0,2}}", re.IGNORECASE)


def ordered(text: str) -> dict[str, int]:
    """Number words by their place, from 1 on; `/` stands between variants."""
    return {word: n for n, some in enumerate(text.split(), 1) for word in some.split("/")}


def names(words: dict[str, int], frame: str) -> re.Pattern[str]:
    """Put the words into the frame, the longest first."""
    some = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.compile(frame % some if some else "(?!)")


def any_of(*patterns: re.Pattern[str]) -> re.Pattern[str]:
    """Match where one of these matches, whatever its case."""
    return re.compile("|".join(f"(?:{one.pattern})" for one in patterns), re.IGNORECASE)


def beginnings(words: Iterable[str], *, spaced: bool) -> re.Pattern[str]:
    """Match what begins so, the longest first, at the beginning of a word where words are spaced."""
    some = "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "(?!)"
    return re.compile(rf"(?<!\w)(?:{some})" if spaced else some)


def plain_words(text: str) -> frozenset[str]:
    """Give the words of a pattern, of which one stands in whatever it matches."""
    return frozenset(_PLAIN.findall(_MARKED.sub(" ", text)))
