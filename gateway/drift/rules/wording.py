"""The wording of a duty tells its words, and which of them other words say as well."""

import re

from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.occasions import condition
from gateway.drift.rules.phrasebook import KINDS, Phrasebook
from gateway.drift.rules.words import WORD, fold
from gateway.drift.sentences import quoted
from gateway.drift.text import Stretch

Kinds = dict[str, frozenset[str]]
"""Words, each with the labels of those that say the same."""
_ANCHOR = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\d[\d /().-]{4,}\d|\b[A-Z]{1,4}-?\d+\b|\b\d{2,}\b")
_GLYPH = re.compile("[\u3400-\u9fff]")
WITH, CHILDREN = "on:with", frozenset({"on:kids", "on:baby"})
"""Whoever comes with children is no child."""
WANT = "on:want"
"""Whoever says one of these wants something, as an occasion may say: `who wants to book`."""
DATA = frozenset({"on:weight", "on:size", "on:birth", "on:number", "on:when", "on:piece"})
"""These are asked for or given, and no occasion."""
_ACTS = ("ask", "remind", "end", "begin", "mention", "name", "give", "advise", "explain", "promise")
SAYING = frozenset(f"act:{name}" for name in _ACTS)
"""Acts by which something is said, which is no word of what is to be said."""
WORDS = 8
"""Letters of a quotation that is to be said, and does not only show how to speak."""
SYLLABLES = 2
"""The same where every answer has to have it: 「にゃ」 at the end of a sentence."""
FIGURES = 2
"""Digits from which on they are told by themselves."""
BEFORE = 24
"""Characters before a number in which a word for a limit stands."""


class Wording:
    """The text of a duty, taken apart."""

    def __init__(self, text: str, words: Phrasebook, answers: Phrasebook) -> None:
        """`words` is of the language that it is in, `answers` of that which the persona speaks."""
        self.reading = Marked(words, Stretch(text))
        self.start, self.end = condition(self.reading)
        """Between these it says when."""
        self.light = words.light
        self.is_same = words.code == answers.code
        marks = self.reading.marks
        self.spent = [
            self._cue(mark) for mark in marks if mark.label in SAYING or mark.label.startswith("cue:")
        ]
        self.companions = [mark for mark in marks if mark.label == WITH]
        self.are_pairs = words.glyphs and not words.spaced
        kinds = [mark for mark in marks if mark.label.startswith(KINDS) and mark.label not in (WITH, WANT)]
        self._named = {span: labels for span, labels in _widest(kinds).items() if not self._is_light(*span)}

    def _cue(self, mark: Mark) -> Mark:
        """Give a cue without the verb before it that says what happens: `riecht jemand Gas`."""
        book, text = self.reading.phrasebook, self.reading.text
        first = WORD.match(text, mark.start, mark.end)
        if mark.label != "cue:condition" or book.glyphs or first is None or first.end() == mark.end:
            return mark
        word = book.word(first[0])
        tells = word.stem and not word.labels and word.folded not in book.light_words
        is_loose = tells and book.opens_loosely(word.folded, mark.label)
        return mark._replace(start=first.end()) if is_loose else mark

    def _is_light(self, start: int, end: int) -> bool:
        return fold(self.reading.text[start:end]) in self.reading.phrasebook.light_words

    def occasion(self, low: int, high: int) -> tuple[frozenset[str], Kinds]:
        """Give the words of an occasion; what is asked for or given tells none."""
        return self._words(low, high, DATA)

    def outside(self) -> tuple[frozenset[str], Kinds]:
        """Give the words of what is to be done."""
        before, ways = self._words(0, self.start)
        behind, more = self._words(self.end, len(self.reading.text))
        return before | behind, ways | more

    def _words(
        self, low: int, high: int, left_out: frozenset[str] = frozenset()
    ) -> tuple[frozenset[str], Kinds]:
        """Give the words there, a phrase as one of them."""
        kinds: Kinds = {}
        found: set[str] = set()
        taken = []
        for (start, end), labels in self._named.items():
            if start < low or high < end or labels <= left_out:
                continue
            inside = [one for one, spans in self.reading.stems.items() for a, _ in spans if start <= a < end]
            taken.append((start, end))
            is_word = len(inside) == 1 and self.is_same
            if not any(some & labels for some in kinds.values()):
                # Whoever brings a baby brings a child, and not the other way round.
                labels |= CHILDREN if "on:kids" in labels else set()
                kinds[inside[0] if is_word else min(labels)] = labels
            elif is_word:
                # "A swelling and a fever" wants both, and another word for such things is only one.
                found.add(inside[0])
        for stem, spans in self.reading.stems.items() if self.is_same else ():
            found.update(stem for a, b in spans if low <= a and b <= high and not self._is_taken(a, b, taken))
        return frozenset(found | kinds.keys()), kinds

    def _is_taken(self, start: int, end: int, taken: list[tuple[int, int]]) -> bool:
        """Tell whether a word is part of a phrase, or says that something is to be said."""
        if self.are_pairs:
            # Of a longer run each pair of characters is a word, and one across a border is none.
            spans = [*taken, *((mark.start, mark.end) for mark in self.spent + self.companions)]
            return any(low < end and start < high for low, high in spans)
        is_spent = any(mark.start <= start and end <= mark.end for mark in self.spent)
        return is_spent or any(low <= start < high for low, high in taken)

    def telling(self, words: frozenset[str], daily: frozenset[str] = frozenset()) -> frozenset[str]:
        """Leave out words that any duty may have, unless nothing else is left but everyday words."""
        return words if words - self.light <= daily else words - self.light

    def anchors(self) -> tuple[str, ...]:
        """Find what has to be given as it stands: longer quotations, else numbers, codes and addresses."""
        text, start, end = self.reading.text, self.start, self.end
        left = text[:start] + " " * (end - start) + text[end:]
        is_meant = "cue:meant" in self.reading.labels  # Any words to that effect will do.
        words = [] if is_meant else [text[low + 1 : high - 1].strip(" .,…") for low, high in quoted(left)]
        is_each = "cue:every" in self.reading.labels and end <= start
        attaches = "cue:attach" in self.reading.labels and "cue:every" in self.reading.labels
        least = SYLLABLES if attaches or (is_each and len(words) == 1) else WORDS
        return tuple(one for one in words if len(one) >= least) or tuple(
            _figures(match[0])
            for match in _ANCHOR.finditer(left)
            if len(match[0]) > 1 and not self._is_limit(match.start())
        )

    def _is_limit(self, start: int) -> bool:
        """Tell whether a number says how much an answer may have at most, and is none to be given in it."""
        return self.reading.has(max(0, start - BEFORE), start, "cue:most")

    def glyphs(self) -> frozenset[str]:
        """Give the characters of what is to be done that say something alone."""
        book = self.reading.phrasebook
        if not book.glyphs or not self.is_same:
            return frozenset()
        return frozenset(
            match[0]
            for match in _GLYPH.finditer(self.reading.text)
            if not self.start <= match.start() < self.end
            and not any(mark.start <= match.start() < mark.end for mark in self.spent)
            and match[0] not in book.light_words
            and match[0] not in book.stop
        )


def _figures(anchor: str) -> str:
    """Give the digits of a number; a code of few needs its letters, too: `PC-2`."""
    digits = re.sub(r"\D", "", anchor)
    return digits if len(digits) >= FIGURES else anchor


def _widest(marks: list[Mark]) -> dict[tuple[int, int], frozenset[str]]:
    """Give the longest of the places that overlap, each with its labels."""
    found: dict[tuple[int, int], frozenset[str]] = {}
    for mark in sorted(marks, key=lambda mark: (mark.start - mark.end, mark.start)):
        around = next((span for span in found if span[0] <= mark.start and mark.end <= span[1]), None)
        if around is None:
            found[mark.start, mark.end] = frozenset({mark.label})
        elif around == (mark.start, mark.end):
            found[around] |= {mark.label}
    return found
