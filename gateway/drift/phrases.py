"""Phrases are looked for in a text by one word of each, which few texts have."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from gateway.drift.memory import Memory
from gateway.drift.text import Stretch

REMEMBERED, LONGEST = 1 << 14, 24
"""Words of which it is remembered what they tell, and how long they may be."""
EDGE = 3
"""Letters by which the first or the last word of a phrase is looked up."""
_WORD = re.compile(r"[^\W_]+")


class Phrases:
    """Wordings in lower case, each as it stands in a text, wherever that is."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_word: dict[str, list[str]] = {}
        """Phrases by a word within, which stands in a text as it is."""
        self._by_opening: dict[str, list[tuple[str, str]]] = {}
        """The last word of these tells most, by its beginning: it may go on, as in `please noted`."""
        self._by_ending: dict[str, list[tuple[str, str]]] = {}
        """The first word of these does, by its end."""
        self._within: list[str] = []
        """These are one word, and may stand within another."""
        self._always: list[str] = []
        """These have no letter, so that no word tells of them."""
        for phrase in dict.fromkeys(phrases):
            self._enter(phrase)
        self._plain = [one for one in self._within if one.isascii()]
        # Words that are shorter than their edges are looked up by what they have.
        self._opened, self._ended = set(map(len, self._by_opening)), set(map(len, self._by_ending))
        apart = chain.from_iterable((*self._by_opening.values(), *self._by_ending.values()))
        self._apart = [*(phrase for _, phrase in apart), *self._within, *self._always]
        self._told: Memory[str, tuple[str, ...]] = Memory(
            self._told_by, REMEMBERED, lambda token, _: len(token) <= LONGEST
        )

    def _enter(self, phrase: str) -> None:
        words = list(_WORD.finditer(phrase))
        inner = max((one[0] for one in words if one.start() and one.end() < len(phrase)), key=len, default="")
        first = words[0][0] if words and not words[0].start() else ""
        last = words[-1][0] if words and words[-1].end() == len(phrase) else ""
        if first == phrase:
            self._within.append(phrase)
        elif not words:
            self._always.append(phrase)
        elif inner and len(inner) >= max(len(first), len(last)):
            self._by_word.setdefault(inner, []).append(phrase)
        elif len(last) >= len(first):
            self._by_opening.setdefault(last[:EDGE], []).append((last, phrase))
        else:
            self._by_ending.setdefault(first[-EDGE:], []).append((first, phrase))

    def likely(self, stretch: Stretch) -> list[str]:
        """Give the phrases that may stand in a part of a text."""
        if stretch.runs_on:
            # A word may begin within a token there.
            inner = self._by_word.keys() & stretch.distinct
            return [*chain.from_iterable(map(self._by_word.__getitem__, inner)), *self._apart]
        found = [*self._always]
        for some in filter(None, map(self._told.__getitem__, stretch.distinct)):
            found += some
        return found

    def stand_in(self, stretch: Stretch) -> bool:
        """Tell whether one of them stands in a part of a text."""
        return any(map(stretch.lower.__contains__, self.likely(stretch)))

    def tells(self, token: str) -> bool:
        """Tell whether a phrase may stand where this word does, in a text whose words have blanks between."""
        return bool(self._always or self._told[token])

    def _told_by(self, token: str) -> tuple[str, ...]:
        found = [*self._by_word.get(token, ())]
        for length in self._opened:
            some = self._by_opening.get(token[:length], ())
            found += [one for word, one in some if token.startswith(word)] if some else ()
        for length in self._ended:
            some = self._by_ending.get(token[-length:], ())
            found += [one for word, one in some if token.endswith(word)] if some else ()
        within = self._plain if token.isascii() else self._within
        if any(map(token.__contains__, within)):
            found += [one for one in within if one in token]
        return tuple(found)


@lru_cache(maxsize=64)
def phrases(some: tuple[str, ...]) -> Phrases:
    """Make the phrases that all versions with the same ones share, with what is remembered of words."""
    return Phrases(some)
