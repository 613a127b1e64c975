"""A glance at the words of a text tells which wings have to do with it: one look-up for each word."""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_

from gateway.drift.memory import Memory
from gateway.drift.text import Stretch

NAMED, AGE_ASKED, ASSISTANT, MODERN, GENDERED, SERVED, BROKEN, TURNING, ASKING = (1 << n for n in range(9))
"""A bit for each of those who may care for a word: of a name, of an age, of a machine, of our time, of a verb
for one gender, of service, of a break, between clauses, and of a question for a name."""
TIMED = 1 << 10
"""The bit of a word of a stretch of time; those beside it belong to `text`."""
REMEMBERED, LONGEST = 1 << 14, 24
"""Words of which it is remembered who cares for them, and how long they may be."""


class Glance:
    """Who cares for which words, in one language."""

    def __init__(self, cares: Mapping[int, Callable[[str], object]]) -> None:
        """Take for each bit what tells whether a word matters to it."""
        self._cares = cares
        self._known = Memory(self._look, REMEMBERED, lambda word, _: len(word) <= LONGEST)

    def note(self, stretch: Stretch) -> None:
        """Note in a part of a text who may care for it; where words run on everybody may."""
        if not stretch.runs_on:
            stretch.notes = reduce(or_, map(self._known.__getitem__, stretch.runs), 0)

    def _look(self, word: str) -> int:
        return sum([bit for bit, cares in self._cares.items() if cares(word)])
