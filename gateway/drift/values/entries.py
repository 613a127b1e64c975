"""Entries are single words with what is known of them, remembered."""

from collections.abc import Callable
from typing import NamedTuple

from gateway.drift.memory import Memory

_WORDS, _LONGEST = 1 << 14, 24
"""Words that are remembered, and how long they may be."""
Sense = tuple[str, str]
"""A category and a value."""


class Entry(NamedTuple):
    """All that is known of one word, wherever it stands."""

    lower: str
    senses: tuple[Sense, ...]
    number: int | None
    stem: str
    """Empty where the word is grammar."""
    joins: frozenset[str]
    """Behind the first half of known pairs of words, their other halves."""


NO_HALF: frozenset[str] = frozenset()
GLYPH_RUN = Entry("", (), None, "", NO_HALF)


def entries(look_up: Callable[[str], Entry | str | None]) -> Memory[str, Entry | str | None]:
    """Make a memory of words; a run without spaces is none, since hardly one is ever met again."""
    return Memory(look_up, _WORDS, lambda token, word: len(token) <= _LONGEST and word is not GLYPH_RUN)
