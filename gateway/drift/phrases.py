"""Phrases are looked for in a text by one word of each, which few texts have."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from gateway.drift.memory import Memory
from gateway.drift.text import Stretch

REMEMBERED, LONGEST = 1 << 14, 24
"""Words of which it is remembered what they tell, and how long they may be."""
OPENING = 3
"""Letters by which the last word of a phrase is looked up."""
_WORD = re.compile(r"[^\W_]+")
_LAST = re.compile(rf"[^\w]([^\W_]{{{OPENING}}})[^\W_]*$")


class Phrases:
    """Wordings in lower case, each as it stands in a text, wherever that is."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_word: dict[str, list[str]] = {}
        self._by_opening: dict[str, list[str]] = {}
        """Phrases without a word within, by how their last one begins: it may go on, as in `please noted`."""
        self._short: list[str] = []
        """The other ones in plain letters."""
        self._strange: list[str] = []
        """The other ones that no text in plain letters has."""
        for phrase in dict.fromkeys(phrases):
            inner = max(_WORD.findall(phrase)[1:-1], key=len, default="")
            if inner and inner in phrase.split(" ")[1:-1]:
                self._by_word.setdefault(inner, []).append(phrase)
            elif last := _LAST.search(phrase):
                self._by_opening.setdefault(last[1], []).append(phrase)
            elif phrase.isascii():
                self._short.append(phrase)
            else:
                self._strange.append(phrase)
        self._openings = list(chain.from_iterable(self._by_opening.values()))
        self._told: Memory[str, tuple[str, ...]] = Memory(
            self._told_by, REMEMBERED, lambda token, _: len(token) <= LONGEST
        )

    def likely(self, stretch: Stretch) -> list[str]:
        """Give the phrases that may stand in a part of a text."""
        found = [*self._short] if stretch.lower.isascii() else [*self._short, *self._strange]
        if stretch.runs_on:
            # A word may begin within a token there.
            for word in self._by_word.keys() & stretch.distinct:
                found += self._by_word[word]
            return found + self._openings
        for some in filter(None, map(self._told.__getitem__, stretch.distinct)):
            found += some
        return found

    def stand_in(self, stretch: Stretch) -> bool:
        """Tell whether one of them stands in a part of a text."""
        return any(map(stretch.lower.__contains__, self.likely(stretch)))

    def _told_by(self, token: str) -> tuple[str, ...]:
        opened = self._by_opening.get(token[:OPENING], ()) if len(token) >= OPENING else ()
        return (*self._by_word.get(token, ()), *opened)


@lru_cache(maxsize=64)
def phrases(some: tuple[str, ...]) -> Phrases:
    """Make the phrases that all versions with the same ones share, with what is remembered of words."""
    return Phrases(some)
