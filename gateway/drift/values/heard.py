"""A turn is heard by its parts: its figures, its content words and its denials, with their places."""

from bisect import bisect_left
from collections.abc import Container, Sequence
from functools import cached_property
from operator import itemgetter

from gateway.drift.text import Text
from gateway.drift.values.figures import Figure
from gateway.drift.values.reader import Reader
from gateway.drift.values.reading import Reading
from gateway.drift.values.segmentation import Piece

STOPS = ".!?。！？\n"
_PLACE = itemgetter(1)
_BESIDE = 20
"""Characters between whose name it is and the name."""
_ALONE = tuple(",:.!，。：！、")
"""One of these stands behind a no that is an answer by itself."""


class Heard:
    """One turn, as far as figures and names go by it; what few turns are asked for is found when they are."""

    def __init__(
        self,
        answer: Text,
        figures: Sequence[Figure],
        read: Sequence[Reading],
        question: Piece,
        reader: Reader,
        earlier: str = "",
        *,
        asks: bool = False,
    ) -> None:
        """Take the turn; `earlier` is what was said right before it, in lower case.

        `asks` tells whether the user asks who, where or what is called.
        """
        self.earlier = earlier
        self.text = answer.text
        self.lower = answer.lowered(len(answer))
        self.figures = figures
        self.asked = question.stretch.lower
        """The user's turn in lower case."""
        self.asks = asks
        self._read, self._question, self._reader = read, question, reader

    @cached_property
    def stems(self) -> list[tuple[str, int, int]]:
        """Content words of the answer with their places."""
        return [stem for one in self._read for stem in one.stems]

    def stems_between(self, low: int, high: int) -> list[tuple[str, int]]:
        """Give those that begin between two places, with these; it is asked for each name of an answer."""
        first, last = (bisect_left(self._placed, at, key=_PLACE) for at in (low, high))
        return [(stem, at) for stem, at, _ in self._placed[first:last]]

    def is_named(self, keys: Container[str], start: int, small: Sequence[Container[str]]) -> bool:
        """Tell whether one of the words stands right before a name, with but `small` words between."""
        ends = [end for stem, _, end in self.stems if stem in keys and 0 <= start - end <= _BESIDE]
        between = [self.lower[end:start].strip(" ,:").split() for end in ends]
        return any(all(any(word in some for some in small) for word in words) for words in between)

    def stopped(self, start: int, end: int) -> tuple[int, int]:
        """Give the place of the last stop before the one place, or -1, and of the first from the other on."""
        first, last = bisect_left(self._stops, start), bisect_left(self._stops, end)
        behind = self._stops[last] if last < len(self._stops) else len(self.text)
        return (self._stops[first - 1] if first else -1), behind

    @cached_property
    def _placed(self) -> list[tuple[str, int, int]]:
        return sorted(self.stems, key=_PLACE)

    @cached_property
    def _stops(self) -> list[int]:
        return [at for at, letter in enumerate(self.text) if letter in STOPS]

    @cached_property
    def denied(self) -> list[int]:
        """The places of its negations; a no that answers the question by itself denies nothing behind it."""
        return [
            mention.start
            for one in self._read
            for mention in one.mentions
            if mention[0] == "_negations" and self.text[mention.end : mention.end + 1] not in _ALONE
        ]

    @cached_property
    def supposed(self) -> list[int]:
        """The places of what makes a supposition."""
        return [mention.start for one in self._read for mention in one.mentions if mention[0] == "_if"]

    @cached_property
    def asked_figures(self) -> tuple[Figure, ...]:
        """Figures and days of the user's turn."""
        stretch = self._question.stretch
        days = self._reader.days(stretch.text, stretch.lower, stretch.offset)
        return (*self._question.reading.figures, *days)

    @property
    def asked_stems(self) -> frozenset[str]:
        """Content words of the user's turn."""
        return self._question.reading.words
