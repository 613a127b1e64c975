"""A glance at the words of a text finds what is known of each, for all wings: one look-up for each word."""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import itemgetter, or_
from typing import NamedTuple, Protocol

from gateway.drift.memory import Memory
from gateway.drift.text import Stretch, is_mixed

NAMED, AGE_ASKED, ASSISTANT, MODERN, GENDERED, SERVED, BROKEN, TURNING, ASKING = (1 << n for n in range(9))
"""A bit for each of those who may care for a word: of a name, of an age, of a machine, of our time, of a verb
for one gender, of service, of a break, between clauses, and of a question for a name."""
TIMED = 1 << 10
"""The bit of a word of a stretch of time; those beside it belong to `text`."""
REMEMBERED, LONGEST = 1 << 14, 24
"""Words of which it is remembered what is known of them, and how long they may be."""


Seen = tuple[int, object, object, str, str, bool]
"""It holds all that is known of a word, wherever it stands: a bit for each who may care for it; what rules,
values and relevance know of it; its stem for rules, and whether it tells them anything. It is a tuple and
nothing more, since what it has is quicker to get so."""
NOTES, WORD, ENTRY, BEGINNING, STEM, TELLS = map(itemgetter, range(6))


class Word(Protocol):
    """The rules know this of a word."""

    @property
    def stem(self) -> str: ...
    @property
    def tells(self) -> bool: ...


class Book(Protocol):
    """The words of the rules."""

    def look_up(self, token: str, /) -> Word: ...


class Lexicon(Protocol):
    """The words of the values."""

    def look_up(self, token: str, /) -> object: ...


class Sight(NamedTuple):
    """The words of a part of a text, and who knows this of them."""

    lexicon: Lexicon
    book: Book
    words: list[Seen]
    look: Callable[[str], Seen]

    def part(self, first: int, runs: list[str], cut: list[str]) -> "Sight":
        """Give that of some words of it, from one on; the first and the last of them may have been cut."""
        words = self.words[first : first + len(cut)]
        for at in {0, len(cut) - 1} if cut else ():
            if cut[at] != runs[first + at]:
                words[at] = self.look(cut[at])
        return self._replace(words=words)


class Glance:
    """A glance knows the words of one language for all who may care for them."""

    def __init__(
        self,
        cares: Mapping[int, Callable[[str], object]],
        lexicon: Lexicon,
        book: Book,
        begin: Callable[[str], str],
    ) -> None:
        """Take for each bit what tells whether a word matters to it, and who knows the rest."""
        self._cares, self._begin = cares, begin
        self._lexicon, self._book = lexicon, book
        self._known = Memory(self._look, REMEMBERED, lambda word, _: len(word) <= LONGEST)

    def note(self, stretch: Stretch) -> None:
        """Note what is known of the words of a part of a text; where words run on everybody may care."""
        if not stretch.runs_on:
            look = self._known.__getitem__
            words = list(map(look, stretch.runs))
            stretch.notes = reduce(or_, map(NOTES, words), 0)
            stretch.sight = Sight(self._lexicon, self._book, words, look)

    def _look(self, word: str) -> Seen:
        notes = sum([bit for bit, cares in self._cares.items() if cares(word)])
        known = self._book.look_up(word)
        # Of letters and digits together the pieces are words for the values, and not the whole.
        entry = None if is_mixed(word) else self._lexicon.look_up(word)
        return notes, known, entry, self._begin(word), known.stem, known.tells


def seen_by(book: Book, stretch: Stretch) -> list[Seen] | None:
    """Give what is known of the words of a part of a text, where somebody has looked who asks this book."""
    return stretch.sight.words if stretch.sight is not None and stretch.sight.book is book else None
