"""Forms are the words that carry a fact, by the ways in which they are looked up."""

import re
from collections.abc import Iterable, Sequence, Set
from copy import copy

from gateway.drift.lazily import lazily
from gateway.drift.scripts import is_run
from gateway.drift.values.entries import Sense


class Forms:
    """All languages have these in common, but for the few words that mean something else in one of them."""

    def __init__(self, senses: Sequence[tuple[Sense, str]]) -> None:
        self._senses = senses
        self.words: dict[str, list[Sense]] = {}
        self.prefixes: dict[str, list[Sense]] = {}
        for sense, word in senses:
            if is_run(word[0]):
                continue
            if word.endswith("*"):
                self.prefixes.setdefault(word[:-1], []).append(sense)
            else:
                self.words.setdefault(word, []).append(sense)
        self.glyphs = _glyphs(senses)
        """By their first character, the longest first: what is written without blanks."""
        self._settle()

    def without(self, strange: Set[str]) -> "Forms":
        """Give them without some words, and share what is left."""
        found = copy(self)
        found.words = {word: senses for word, senses in self.words.items() if word not in strange}
        if any(word.endswith("*") for word in strange):
            found.prefixes = {
                start: senses for start, senses in self.prefixes.items() if f"{start}*" not in strange
            }
        if any(is_run(word[0]) for word in strange):
            found.glyphs = _glyphs((sense, word) for sense, word in self._senses if word not in strange)
        found._settle()
        return found

    def _settle(self) -> None:
        self.heads = frozenset(prefix[:3] for prefix in self.prefixes)
        halves: dict[str, set[str]] = {}
        for form in self.words:
            if "-" in form[1:]:
                first, _, rest = form.partition("-")
                halves.setdefault(first, set()).add(rest)
        self.halves = {first: frozenset(some) for first, some in halves.items()}
        """What may stand behind the first half of a pair of words."""
        self.first = lazily(f"[{''.join(map(re.escape, self.glyphs))}]" if self.glyphs else "(?!)")
        """Matches a character that a glyph begins with."""


def _glyphs(senses: Iterable[tuple[Sense, str]]) -> dict[str, list[tuple[str, Sense]]]:
    found: dict[str, list[tuple[str, Sense]]] = {}
    for sense, word in senses:
        if is_run(word[0]):
            found.setdefault(word[0], []).append((word.rstrip("*"), sense))
    for some in found.values():
        some.sort(key=lambda entry: -len(entry[0]))
    return found
