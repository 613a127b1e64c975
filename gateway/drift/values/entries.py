"""Entries are single words with what is known of them, remembered."""

from collections.abc import Callable
from typing import NamedTuple

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
    joins: bool
    """True for the first half of a known pair of words."""


GLYPH_RUN = Entry("", (), None, "", False)


class Entries(dict[str, Entry | str | None]):
    """Words that were looked up already, up to a bound."""

    def __init__(self, look_up: Callable[[str], Entry | str | None]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, token: str) -> Entry | str | None:
        word = self._look_up(token)
        if len(token) <= _LONGEST and word is not GLYPH_RUN:
            if len(self) >= _WORDS:
                self.clear()
            self[token] = word
        return word
