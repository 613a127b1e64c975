"""A reading is what one look at a text finds in it; its figures are read where somebody asks for them."""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import NamedTuple, cast

from gateway.drift.text import Stretch
from gateway.drift.values.figures import MOST, UNCOUNTED, Figure
from gateway.drift.values.reader import Reader

Numbers = tuple[tuple[float, int, int], ...]
Stems = tuple[tuple[str, int, int], ...]
"""Content words with their places."""


Columns = tuple[list[str], list[int], list[int]]
"""The same, as stems, beginnings and ends."""


def parted(stems: Sequence[tuple[str, int, int]]) -> Columns:
    """Part stems with their places into columns."""
    return [one[0] for one in stems], [one[1] for one in stems], [one[2] for one in stems]


def told(words: Sequence[object], starts: Sequence[int], ends: Sequence[int]) -> Columns:
    """Give the words that are stems, with their places."""
    stems = cast("list[str]", list(filter(None, words)))
    return stems, list(compress(starts, words)), list(compress(ends, words))


class Mention(NamedTuple):
    """A known word where it stands; its category starts with `_` where it is grammar and not a fact."""

    category: str
    value: str
    start: int
    end: int


class Reading:
    """The finds of one look at a text, in its order and in characters of it."""

    __slots__ = (
        "_figures",
        "_hits",
        "_numbers",
        "_reader",
        "_stems",
        "_stretch",
        "_words",
        "columns",
        "mentions",
    )

    def __init__(
        self,
        mentions: tuple[Mention, ...],
        columns: Columns,
        hits: Sequence[tuple[int, int, int]],
        reader: Reader,
        stretch: Stretch,
    ) -> None:
        """Take what the words say; its figures are read where somebody asks for them."""
        self.mentions = mentions
        self.columns = columns
        self._stems: Stems | None = None
        self._hits, self._reader, self._stretch = hits, reader, stretch
        self._figures: tuple[Figure, ...] | None = None
        self._numbers: Numbers | None = None
        self._words: frozenset[str] | None = None

    def without(self, is_left: Callable[[int, int], bool], stretch: Stretch) -> "Reading":
        """Give it without what stands where nothing is left in this text, which is as long as its own."""
        mentions = tuple([one for one in self.mentions if is_left(one.start, one.end)])
        stems = [one for one in self.stems if is_left(one[1], one[2])]
        hits = [one for one in self._hits if is_left(one[1], one[2])]
        left = Reading(mentions, parted(stems), hits, self._reader, stretch)
        left._figures = tuple([one for one in self.figures if is_left(one.start, one.end)])
        return left

    @property
    def stems(self) -> Stems:
        """Content words cut to their stems, with their places; pairs of characters where words run on."""
        if self._stems is None:
            self._stems = tuple(zip(*self.columns, strict=True))
        return self._stems

    @property
    def words(self) -> frozenset[str]:
        """The content words, each once."""
        if self._words is None:
            self._words = frozenset(self.columns[0])
        return self._words

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The numbers with what they count, and times, dates and the like."""
        if self._figures is None:
            read = self._stretch
            is_worth = self._hits or self._reader.may_read(read)
            found = self._reader.read(read, self._hits) if is_worth else ()
            self._figures = tuple(found)
        return self._figures

    @property
    def numbers(self) -> Numbers:
        """The numbers that count something, with their places."""
        if self._numbers is None:
            figures = self.figures
            self._numbers = _counted(self._hits, figures) if self._hits or figures else ()
        return self._numbers


def _counted(numbers: Sequence[tuple[int, int, int]], figures: tuple[Figure, ...]) -> Numbers:
    """Give the numbers that count something: "18,400" is one, and "19:00" or "room 412" are none."""
    found: list[tuple[float, int, int]] = []
    past = 0
    for figure in figures:
        past = figure.end
        if figure.kind not in UNCOUNTED and not isinstance(figure.value, str):
            found.append((figure.value, figure.start, figure.stop))
    # Where there were too many to be read as figures they are taken as they stand.
    found.extend(number for number in numbers if number[1] >= past and len(figures) >= MOST)
    return tuple(found)
