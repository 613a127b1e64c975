"""Entries are single words with what is known of them, remembered."""

from collections.abc import Callable
from typing import NamedTuple

from gateway.drift.glance import ENTRY
from gateway.drift.memory import Memory
from gateway.drift.text import Stretch, Worded

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


def known_of(
    stretch: Stretch, worded: Worded, lexicon: object, known: Memory[str, Entry | str | None]
) -> list[Entry | str | None]:
    """Give what values know of each word; of runs it is known already where somebody has looked."""
    sight = stretch.sight
    if worded.joins is None or sight is None or sight.lexicon is not lexicon:
        return list(map(known.__getitem__, worded.words))
    found: list[Entry | str | None] = list(map(ENTRY, sight.words))
    for before, left in enumerate(worded.joins):
        at = left - before
        found[at : at + 2] = (known[worded.words[at]],)
    return found
