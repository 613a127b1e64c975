"""A source is a text of the persona's that facts are read from, and it is read once for all of them."""

import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Sequence

from gateway.drift.text import Stretch
from gateway.drift.values.answers import Told
from gateway.drift.values.clause import Clause
from gateway.drift.values.figures import Figure
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.values.names import Named
from gateway.drift.values.segmentation import Piece, clauses, piece
from gateway.drift.values.stated import NAME, PLACE, TRAIT, Stated, around, stated

GAP = "…"
"""This stands where something stood that is no fact, or that its owner takes back."""
LONGEST = 120
"""Characters of a name or another value that is a fact."""
_DENIED = 16
"""Characters between what a correction denies and the word that denies it."""
_ENDING = re.compile(r"['’][^\W\d_A-ZÀ-Þ]\w{0,7}$")
"""An ending that is written onto a name: "Ada's", "Bursa'da"."""
_FIRST = re.compile(r"([^\W\d_]+)\s*")
Span = tuple[int, int]


class Source:
    """One text with what was found in it; its places are those in the text, whatever is blanked."""

    def __init__(
        self,
        lexicon: Lexicon,
        basis: str,
        text: str,
        named: str = "",
        part: Piece | None = None,
        written: str = "",
    ) -> None:
        """Read the text; `named` are the words of the field that it is the value of.

        `written` is the text before anything of it was blanked.
        """
        self.basis, self.text, self.named = basis, text, named
        self.written = written or text
        self._lexicon = lexicon
        self.part = part or piece(lexicon, Stretch(text))

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing of it is left."""
        return not self.text.strip(GAP + " ")

    def without(self, spans: Iterable[Span], filler: str = GAP) -> "Source":
        """Give it with these places blanked; everything else stays where it is and is not read again."""
        gaps = _merged(spans)
        if not gaps:
            return self
        text, past = "", 0
        for start, end in gaps:
            text += self.text[past:start] + filler.ljust(end - start)
            past = end
        text += self.text[past:]
        starts = [start for start, _ in gaps]

        def is_left(start: int, end: int) -> bool:
            at = bisect_left(starts, end) - 1
            return at < 0 or gaps[at][1] <= start

        stretch = Stretch(text)
        part = Piece(stretch, self.part.reading.without(is_left, stretch))
        return Source(self._lexicon, self.basis, text, self.named, part, self.written)

    def spans_of(self, sentences: Iterable[str]) -> list[Span]:
        """Find where these sentences stand."""
        return [
            match.span() for told in sentences if told for match in re.finditer(re.escape(told), self.text)
        ]

    def clauses(self, most: int) -> list[Clause]:
        return clauses(self._lexicon, [self.part], None, most)

    @property
    def stems(self) -> tuple[tuple[str, int, int], ...]:
        return self.part.reading.stems

    @property
    def denied(self) -> list[int]:
        """Give the places of what denies."""
        return [m.start for m in self.part.reading.mentions if m.category == "_negations"]

    def figures(self) -> Iterator[Stated]:
        """Give the figures with the words that say what they belong to: those of their clause."""
        lexicon, text, reading = self._lexicon, self.text, self.part.reading
        days = lexicon.reader.days(text, self.part.stretch.lower, 0)
        if not reading.figures and not days:
            return
        own = {stem for stem, *_ in lexicon.read(Stretch(self.named)).stems} if self.named else set()
        own.update(word for word in self.named.split() if len(word) == 1 and word > "\u3000")
        ends = [match.end() for match in lexicon.shared.turning.finditer(text)]
        for figure in sorted((*reading.figures, *days), key=lambda one: one.start):
            start, end, before = around(text, ends, figure)
            inside = [s for s in reading.stems if start <= s[1] < end]
            keys = [s for s in inside if not figure.start <= s[1] < figure.end]
            if not keys:
                keys = [s for s in reading.stems if before <= s[1] < start]
            told = self.named or self.written[start:end].strip(" \n,;:")
            about = own.union(stem for stem, *_ in keys).difference(lexicon.small)
            yield stated(self.written, figure, self.basis, about, told)._replace(is_figure=True)

    def named_in(self, found: Iterable[Named | Told], figures: Iterable[Stated]) -> Iterator[Stated]:
        """Give each name that was found once, where it first stands beside what it belongs to.

        What is a figure, such as a day of the week, is no name.
        """
        spans: dict[Span, tuple[frozenset[str], str]] = {}
        taken = [(one.figure.start, one.figure.end) for one in figures]
        for one in sorted(found, key=lambda one: not one.owner):
            for start, end in one.spans:
                start, end = self._bare(start, end)
                if not 0 < end - start <= LONGEST or any(start < b and a < end for a, b in (*spans, *taken)):
                    continue
                spans[start, end] = one.keys, one.owner
        ends = [match.end() for match in self._lexicon.shared.turning.finditer(self.text)]
        told: set[str] = set()
        places = sorted(spans, key=lambda span: (not spans[span][1], span))
        for start, end in places:
            keys, owner = spans[start, end]
            if (name := self.text[start:end].lower()) in told:
                continue
            told.add(name)
            figure = Figure(self._kind(start, end), self.text[start:end], start, end)
            begins, stops, _ = around(self.written, ends, figure)
            is_told = owner and owner not in self._lexicon.shared.stop
            about = self.named or owner * bool(is_told) or self.written[begins:stops].strip(" \n,;:")
            yield stated(self.written, figure, self.basis, keys, about)

    def values(self, categories: Container[str], told_of: Sequence[Span]) -> Iterator[Stated]:
        """Give the values of these categories, each once, with the clause in which it is told first.

        Those that stand in one of the places `told_of` are facts of another kind.
        """
        told: set[tuple[str, str]] = set()
        ends: list[int] | None = None
        for mention in self.part.reading.mentions:
            sense = mention.category, mention.value
            if mention.category not in categories or sense in told or not mention.value.strip("?"):
                continue
            if any(start <= mention.start < end for start, end in told_of):
                continue
            told.add(sense)
            if ends is None:
                ends = [match.end() for match in self._lexicon.shared.turning.finditer(self.text)]
            kind = _kind_of(mention.category)
            figure = Figure(kind, mention.value, mention.start, mention.end)
            start, end, _ = around(self.written, ends, figure)
            yield stated(self.written, figure, self.basis, (), self.written[start:end].strip(" \n,;:"))

    def whole(self, kind: str) -> Stated:
        """Take the value of a field for one fact."""
        figure = Figure(kind, self.text, 0, len(self.text))
        return stated(self.written, figure, self.basis, (), self.named)

    def places(self, one: Stated) -> list[Span]:
        """Find where a fact stands: a name or a value everywhere, a figure where it was read."""
        figure = one.figure
        if one.is_figure:
            return [(figure.start, figure.end)]
        same = [
            (m.start, m.end)
            for m in self.part.reading.mentions
            if _kind_of(m.category) == figure.kind and m.value == figure.value
        ]
        if same:
            return same
        pattern = rf"(?<!\w){re.escape(self.text[figure.start : figure.end])}(?!\w)"
        return [match.span() for match in re.finditer(pattern, self.text)] or [(figure.start, figure.end)]

    def denials(self, of: Stated) -> list[Span]:
        """Find where a correction says what it is not, beside what it is: "called Milo, not Otto"."""
        found = [match.span() for match in re.finditer(re.escape(of.said), self.text, re.IGNORECASE)]
        if of.is_figure:
            same = (one for one in self.part.reading.figures if one.value == of.figure.value)
            found += [(one.start, one.end) for one in same]
        marks = [m for m in self.part.reading.mentions if m.category == "_negations"]
        spans: list[Span] = []
        for start, end in found:
            for mark in marks:
                if mark.end <= start <= mark.end + _DENIED or end <= mark.start <= end + _DENIED:
                    spans += [(start, end), (mark.start, mark.end)]
        return spans

    def _bare(self, start: int, end: int) -> tuple[int, int]:
        """Leave out an ending, and words of grammar that begin a sentence before a name."""
        if ending := _ENDING.search(self.text, start, end):
            end = ending.start()
        grammar = {m.start for m in self.part.reading.mentions if m.category[0] == "_"}
        while start < end and (word := _FIRST.match(self.text, start, end)):
            if start not in grammar and word[1].lower() not in self._lexicon.shared.stop:
                break
            start = word.end()
        return start, end

    def _kind(self, start: int, end: int) -> str:
        """Tell a place from another name, by its word or by the one before it."""
        mentions = self.part.reading.mentions
        if any(m.category == PLACE and start <= m.start < end for m in mentions):
            return PLACE
        before = re.search(r"(\w+)\W{1,2}$", self.part.stretch.lower[max(0, start - 24) : start])
        return PLACE if before and before[1] in self._lexicon.lying else NAME


def category_of(kind: str) -> str:
    """Give the category of values that is told as such a kind of fact."""
    return kind.replace(TRAIT, "trait_", 1)


def _kind_of(category: str) -> str:
    return category.replace("trait_", TRAIT, 1)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Put spans that overlap together, in their order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found
