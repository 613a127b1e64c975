"""A text is marked once for all checks, with everything in it that the phrasebook knows."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter

from gateway.drift import sentences
from gateway.drift.rules.marks import Mark, Placed
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.rules.sums import Sums
from gateway.drift.rules.words import ALIKE, is_form, within_longer
from gateway.drift.sentences import Sentence
from gateway.drift.text import Stretch

_CLAUSE = re.compile(r"[,;:，、；：]\s|[，、；：]|\s[–—-]\s|—|\n|\s\(|\)")
_NUMBER = re.compile(r"\d+")
FEW = 32
"""Marks that are sooner looked at each than searched."""
ADJACENT = 1
"""Characters between a denial and a `but` that makes an exception of it."""


class Marked:
    """One text, as a phrasebook reads it."""

    def __init__(self, phrasebook: Phrasebook, read: Stretch) -> None:
        self.phrasebook = phrasebook
        self.read = read
        self.text = read.text
        self._marks: list[Mark] | None = None
        self._labels: dict[str, list[Mark]] = {}
        self._longest: int | None = None
        self._kinds: frozenset[str] | None = None
        self._content: set[str] | None = None
        self._stems: dict[str, list[tuple[int, int]]] | None = None
        self._placed: list[Placed] | None = None
        self._joined: str | None = None
        self._digits: str | None = None
        self.amounts: list[re.Match[str]] | None = None
        """Prices and the like; `None` where nobody has looked for them yet."""
        self.sums: Sums | None = None
        """Stored amounts come to these, with the numbers of both texts; `None` as above."""
        self.dated: dict[int, bool] = {}
        """Tells which sentences name a year, by their beginnings, as far as somebody has looked."""
        self._sentences: list[Sentence] | None = None
        self._ends: list[int] = []
        self._clauses: dict[int, list[tuple[int, int]]] = {}

    @property
    def marks(self) -> list[Mark]:
        """The places that the phrasebook knows, in their order."""
        if self._marks is None:
            self._marks = self.phrasebook.marks(self.read)
            for mark in self._marks:
                label = mark[2]
                if label in self._labels:
                    self._labels[label].append(mark)
                else:
                    self._labels[label] = [mark]
        return self._marks

    @property
    def labels(self) -> dict[str, list[Mark]]:
        """The same by their labels."""
        if self._marks is None:
            _ = self.marks
        return self._labels

    @property
    def kinds(self) -> frozenset[str]:
        """Tell which kinds of occasion its words are of."""
        if self._kinds is None:
            book = self.phrasebook.kinds
            marks = book.marks(self.read) if book is not None else ()
            self._kinds = frozenset(mark.label for mark in marks)
        return self._kinds

    @property
    def content(self) -> set[str]:
        """The words that say something, without their endings."""
        if self._content is None:
            self._content = self.phrasebook.content(self.read)
        return self._content

    @property
    def sentences(self) -> list[Sentence]:
        """The sentences, in their order."""
        if self._sentences is None:
            self._sentences = sentences.split(self.text, self.phrasebook.stops)
            self._ends = [one.end for one in self._sentences]
        return self._sentences

    @property
    def quotes(self) -> list[tuple[int, int]]:
        """Find where something stands in quotation marks or in code."""
        return self.read.quotes

    @property
    def digits(self) -> str:
        """Give all digits, one behind the other."""
        if self._digits is None:
            self._digits = "".join(_NUMBER.findall(self.text))
        return self._digits

    @property
    def stems(self) -> dict[str, list[tuple[int, int]]]:
        """Find where each of these words stands."""
        if self._stems is None:
            self._stems = {}
            for start, end, stem in self.placed:
                self._stems.setdefault(stem, []).append((start, end))
        return self._stems

    @property
    def placed(self) -> list[Placed]:
        """The same words in their order, with their places."""
        if self._placed is None:
            self._placed = self.phrasebook.placed(self.read)
        return self._placed

    def words_within(self, start: int, end: int) -> list[Placed]:
        """List those of them between two places."""
        placed = self.placed
        first = bisect_left(placed, start, key=_start)
        last = bisect_right(placed, end, first, key=_start)
        return [word for word in placed[first:last] if word[1] <= end]

    def shared(self, stems: frozenset[str]) -> dict[Sentence, set[str]]:
        """Tell which of these words stand in which sentence."""
        found: dict[Sentence, set[str]] = {}
        if not stems.isdisjoint(self.content):
            for stem, start in self.phrasebook.starts(self.read, stems):
                found.setdefault(self.sentence(start), set()).add(stem)
        return found

    def alike(self, stems: frozenset[str]) -> set[str]:
        """Tell which stand within longer words: `inspec` in `inspeccion`, `brems` in a compound."""
        if not stems or self.phrasebook.glyphs:
            return set()
        if self._joined is None:
            self._joined = " " + " ".join(self.content) + " "
        # Where endings follow endings, less of a word is left that is the same.
        least, compounds = ALIKE - self.phrasebook.behind, self.phrasebook.compounds
        return within_longer(stems, self.content, self._joined, compounds=compounds, least=least)

    def inflected(self, stems: frozenset[str]) -> set[str]:
        """Tell of which there are other forms, where endings follow endings: `boya` of `boy`."""
        if not stems or not self.phrasebook.behind or self.phrasebook.glyphs:
            return set()
        return {one for one in stems if any(is_form(one, word) for word in self.content)}

    def said(self, sentence: Sentence) -> set[str]:
        """The words of a sentence that say something."""
        return {stem for start, _, stem in self.placed if sentence.start <= start < sentence.end}

    def sentence(self, place: int) -> Sentence:
        """The sentence that a place is in."""
        all_ = self.sentences
        if not all_:
            return Sentence(0, len(self.text), "")
        return all_[min(bisect_right(self._ends, place), len(all_) - 1)]

    def clause(self, place: int) -> tuple[int, int]:
        """The part of a sentence between commas and the like that a place is in."""
        around = self.sentence(place)
        start, end = around.start, around.end
        cuts = self._clauses.get(start)
        if cuts is None:
            cuts = self._clauses[start] = [one.span() for one in _CLAUSE.finditer(self.text, start, end)]
        for low, high in cuts:
            if high <= place:
                start = high
            elif low > place:
                end = low
                break
        return start, end

    def within(self, label: str, start: int, end: int) -> list[Mark]:
        """The marks of this kind between two places."""
        marks = self.labels.get(label)
        if marks is None:
            return []
        some = marks if len(marks) <= FEW else _from(marks, start, end)
        return [mark for mark in some if mark[0] >= start and mark[1] <= end]

    def all_within(self, start: int, end: int) -> list[Mark]:
        """The marks of every kind between two places."""
        some = _from(self.marks, start, end)
        return [mark for mark in some if mark.start >= start and mark.end <= end]

    def around(self, start: int, end: int) -> list[Mark]:
        """The marks of every kind that two places are within."""
        marks = self.marks
        if self._longest is None:
            self._longest = max((mark.end - mark.start for mark in marks), default=0)
        some = _from(marks, start - self._longest, start)
        return [mark for mark in some if mark.start <= start and mark.end >= end]

    def has(self, start: int, end: int, *labels: str) -> bool:
        """Tell whether a mark of one of these kinds stands between two places."""
        known = self.labels
        for label in labels:
            marks = known.get(label)
            if marks is not None:
                # Most labels have no mark or a few, which are looked at without a call.
                for mark in marks if len(marks) <= FEW else _from(marks, start, end):
                    if mark[0] >= start and mark[1] <= end:
                        return True
        return False

    def begins_with(self, sentences: int, *labels: str) -> bool:
        """Tell whether a mark of one of these kinds stands in one of the first sentences."""
        if self.labels.keys().isdisjoint(labels):
            return False
        return any(self.has(one.start, one.end, *labels) for one in self.sentences[:sentences])

    def denies(self, start: int, end: int, mark: Mark, *labels: str) -> bool:
        """Tell whether one of them stands there outside of the mark: `won't cost you` denies itself.

        A `but` ends what is denied before it, with or without a comma: `I can't name a day but you get it`.
        """
        turn = self._turn(start, mark.start)
        for label in labels:
            for one in self.labels.get(label, ()):
                inside = mark.start <= one.start < mark.end or mark.start < one.end <= mark.end
                if one.start >= start and one.end <= end and not inside and one.end >= turn:
                    return True
        return False

    def _turn(self, start: int, end: int) -> int:
        """Give the place between these before which a denial ends; -1 where none does."""
        buts = self.labels.get("but", ())
        at = bisect_left(buts, end, key=_start) - 1
        if at < 0 or buts[at].start < start:
            return -1
        # "Nobody but the office" denies it of all others.
        return buts[at].start if self.phrasebook.behind else buts[at].start - ADJACENT


def _from(marks: Sequence[Mark], start: int, end: int) -> Sequence[Mark]:
    """The marks that begin between two places; of the thousands in a long text it looks at these alone."""
    if len(marks) <= FEW:
        return marks
    first = bisect_left(marks, start, key=_start)
    return marks[first : bisect_right(marks, end, first, key=_start)]


_start = itemgetter(0)
"""It gives where a mark or a word begins."""
