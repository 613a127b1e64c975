"""A text is taken apart once for all checks: its words, sentences, quotations and what the table knows."""

import re
from bisect import bisect_right
from collections.abc import Set
from typing import NamedTuple

from gateway.drift.rules.languages import UPPER, Language, Mark

LONGEST = 8_000
"""Characters that are read: of a longer text its first and its last half of that."""
_END = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s|$)|[。！？｡]+[」』）”]*|\n+")
_NUMBERED = re.compile(rf"[{UPPER}][^\W\d_]+\s+$")
_STOP_BEFORE = re.compile(r"([^\W_]+)\.?$")
_CLAUSE = re.compile(r"[,;:，、；：]\s|[，、；：]|\s[–—-]\s|—|\n|\s\(|\)")
QUOTED = re.compile(
    r"“[^“”\n]*”|„[^“”„\n]*[“”]|«[^«»\n]*»|»[^«»\n]*«|「[^「」\n]*」|『[^『』\n]*』|(?<!\w)\"[^\"\n]+\"(?!\w)"
    r"|(?<!\w)'[^'\n]{4,}'(?!\w)|(?<!\w)‘[^‘’\n]{4,}’(?!\w)"
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`|https?://\S+|\S+@\S+\.\w+", re.DOTALL)


class Sentence(NamedTuple):
    """A sentence; its end is behind its stop."""

    start: int
    end: int
    stop: str
    """What it ends with: a full stop, a question mark, nothing at all."""

    @property
    def asks(self) -> bool:
        return "?" in self.stop or "？" in self.stop or "؟" in self.stop


class Reading:
    """What the checks need to know of one text."""

    def __init__(self, language: Language, text: str) -> None:
        self.language = language
        self.text = text
        self.words, self.marks = language.read(text)
        self.labels: dict[str, list[Mark]] = {}
        for mark in self.marks:
            self.labels.setdefault(mark.label, []).append(mark)
        self._stems: dict[str, list[tuple[int, int]]] | None = None
        self._quotes: list[tuple[int, int]] | None = None
        self._sentences: list[Sentence] | None = None
        self._ends: list[int] = []
        self._clauses: dict[int, list[tuple[int, int]]] = {}

    @property
    def sentences(self) -> list[Sentence]:
        """The sentences, in their order."""
        if self._sentences is None:
            self._sentences = sentences(self.language, self.text)
            self._ends = [one.end for one in self._sentences]
        return self._sentences

    @property
    def quotes(self) -> list[tuple[int, int]]:
        """Where something stands in quotation marks or in code."""
        if self._quotes is None:
            self._quotes = quoted(self.text)
        return self._quotes

    @property
    def stems(self) -> dict[str, list[tuple[int, int]]]:
        """The words that say something, without their endings, and where each stands."""
        if self._stems is None:
            self._stems = {}
            for start, end, stem in self.words:
                self._stems.setdefault(stem, []).append((start, end))
        return self._stems

    def shared(self, stems: Set[str]) -> dict[Sentence, set[str]]:
        """Which of these words stand in which sentence."""
        found: dict[Sentence, set[str]] = {}
        for stem in stems & self.stems.keys():
            for start, _ in self.stems[stem]:
                found.setdefault(self.sentence(start), set()).add(stem)
        return found

    def said(self, sentence: Sentence) -> set[str]:
        """The words of a sentence that say something."""
        return {stem for start, _, stem in self.words if sentence.start <= start < sentence.end}

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
        return [mark for mark in self.labels.get(label, ()) if mark.start >= start and mark.end <= end]

    def has(self, start: int, end: int, *labels: str) -> bool:
        """Whether a mark of one of these kinds stands between two places."""
        for label in labels:
            for mark in self.labels.get(label, ()):
                if mark.start >= start and mark.end <= end:
                    return True
        return False

    def denies(self, start: int, end: int, mark: Mark, *labels: str) -> bool:
        """Whether one of these kinds stands there outside of the mark: `won't cost you` denies itself."""
        for label in labels:
            for one in self.labels.get(label, ()):
                inside = mark.start <= one.start < mark.end or mark.start < one.end <= mark.end
                if one.start >= start and one.end <= end and not inside:
                    return True
        return False


def sentences(language: Language, text: str) -> list[Sentence]:
    """The sentences of a text; what has neither letter nor digit is none."""
    found: list[Sentence] = []
    start = 0
    for match in _END.finditer(text):
        stop = match[0]
        if stop[0] == "." and len(stop.rstrip("\"'”’»)]*_")) == 1 and _goes_on(language, text, start, match):
            continue
        _add(found, text, start, match.end(), stop.strip() or "\n")
        start = match.end()
    _add(found, text, start, len(text), "")
    return found


def _add(found: list[Sentence], text: str, start: int, end: int, stop: str) -> None:
    while start < end and text[start].isspace():
        start += 1
    if any(map(str.isalnum, text[start:end])):
        found.append(Sentence(start, end, stop))


def _goes_on(language: Language, text: str, start: int, stop: re.Match[str]) -> bool:
    """Whether a full stop belongs to an abbreviation, an initial or an ordinal number."""
    behind = text[stop.end() : stop.end() + 2].strip()
    if behind and behind[0].islower():
        return True
    before = _STOP_BEFORE.search(text, max(start, stop.start() - 16), stop.start())
    if before is None:
        return False
    word = before[1]
    if word.isdigit():
        # `am 2. April` goes on, `in Saal 2. Dort` does not: a number behind a noun counts nothing.
        noun = _NUMBERED.search(text, start, before.start())
        return (
            language.ordinals
            and len(word) < 3
            and behind[:1].isalpha()
            and (noun is None or noun.start() == start)
            and not text[start : before.start()].rstrip()[-1:].isdigit()
        )
    if len(word) == 1 and word.isupper():
        return True
    return word.lower() in language.abbreviations


def quoted(text: str) -> list[tuple[int, int]]:
    """Quotations and code; not what is most of the text, which then is no quotation but how it is written."""
    most = 0.6 * len(text.strip())
    found = [match.span() for match in QUOTED.finditer(text) if match.end() - match.start() < most]
    if "`" in text or "@" in text or "//" in text:
        found += [match.span() for match in _CODE.finditer(text)]
    return found
