"""A phrasebook knows the words and phrases by which rules are put, kept and broken in one language."""

import re
from collections.abc import Mapping, Set
from copy import copy
from itertools import compress
from operator import itemgetter

from gateway.drift.glance import STEM, WORD, seen_by
from gateway.drift.memory import Memory
from gateway.drift.numerals import Numerals
from gateway.drift.proper_names import ProperNames
from gateway.drift.rule_words import RuleWords
from gateway.drift.rules import glyphs
from gateway.drift.rules.glyphs import Glyphs
from gateway.drift.rules.marks import Mark, Placed
from gateway.drift.rules.shapes import Shapes
from gateway.drift.rules.words import ENTRY, Entry, Word, entries, fits, fold, fold_all, follow, spread
from gateway.drift.sentences import Stops
from gateway.drift.tables import Writing
from gateway.drift.text import Stretch

KNOWN, LONGEST = 1 << 14, 32
"""Words that are remembered, and how long they may be."""
BOUND = 64
"""Letters of a word that are looked at."""
FORMS = ("sentences", "emoji", "lists", "exclamation")
"""Cues of how an answer is set that are looked for in answers, too."""
KINDS = "on:"
"""Labels of words that tell the same occasion begin so."""
PAST = "done"
"""The label of what was done by whoever speaks."""

_STEM, _TELLS = itemgetter(1), itemgetter(5)
_mark = tuple.__new__
"""Quicker than the class itself, which is what reading spends its time with."""


class Phrasebook:
    """The rule words of a language, made ready to read texts with."""

    def __init__(self, code: str, file: RuleWords, writing: Writing) -> None:
        self.amount = self.dose = self.clock = self.year = self.worded = re.compile("(?!)")
        """Patterns of money, doses, times and years, as any language writes them, and of prices in words."""
        self.shapes = Shapes(ProperNames())
        self.kinds: Phrasebook | None = None
        """It tells kinds of occasions, and is asked only for duties that name one."""
        self.numerals: Numerals | None = None
        """It puts the words of one number together."""
        self.counts: dict[str, int] = {}
        """Every number word of the language with its value."""
        self.spaced, self.capital_nouns = writing.spaced, writing.capital_nouns
        """Blanks stand between words, whether entries are looked for anywhere or not."""
        self.code, self.glyphs, self.behind = code, file.glyphs, file.behind
        self.compounds, self.apostrophes = file.compounds, file.apostrophes
        several = (file.cases, file.fleeting, file.quoting)
        self.cases, self.fleeting, self.quoting = (tuple(words.split()) for words in several)
        self.copulas = fold_all(file.copulas)
        self.dates: frozenset[str] = frozenset()
        """Names of days and months, which are nobody's."""
        self.ands, self.ors = (tuple(entries(file.cues.get(name, ""))) for name in ("and", "or"))
        self.says, self.address = file.says, file.address
        self.titles = re.compile(file.titles) if file.titles else None
        self.numbers: dict[str, int] = {}
        """Number words that count what a rule limits."""
        self.exceptions = fold_all(file.exceptions)
        self._distinct: dict[str, list[str]] = {word: [] for word in file.accented.split()}
        self.articles, self.stop = (fold_all(words) for words in (file.articles, file.stop))
        self.endings = tuple(sorted((fold(word) for word in file.endings.split()), key=len, reverse=True))
        self.light_words = fold_all(file.light)
        self.light = frozenset(self.stem(word) or word for word in self.light_words)
        self.stops = Stops(fold_all(file.abbreviations), file.ordinals)
        marks = {**file.marks, "but": file.cues.get("but", "")}
        sections = {"": marks, "@": file.concepts, "task:": file.tasks, "register:": file.register}
        sections["form:"] = {name: file.cues[name] for name in FORMS if name in file.cues}
        self._accented: set[str] = set()
        """Words of the past that are another form without the accent at their end: `llamé`, `llame`."""
        self._words: dict[str, list[str]] = {}
        self._stems: dict[int, dict[str, list[str]]] = {}
        self._tails: dict[str, list[str]] = {}
        self._phrases: dict[str, list[tuple[str, Entry]]] = {}
        self._loose_phrases: dict[str, list[tuple[str, Entry]]] = {}
        self._glyphs: Glyphs = {}
        self._take(sections)

    def for_prompts(self, file: RuleWords) -> "Phrasebook":
        """Give one that knows what prompts are read for beside all of this."""
        book = copy(self)
        book._distinct, book._words = spread(self._distinct), spread(self._words)
        book._tails, book._phrases = spread(self._tails), spread(self._phrases)
        book._loose_phrases = spread(self._loose_phrases)
        book._stems = {length: spread(some) for length, some in self._stems.items()}
        book._glyphs = {pair: spread(some) for pair, some in self._glyphs.items()}
        told = {"act:": file.acts, "cue:": file.cues, "lang:": file.languages, "name:": file.names}
        book._take({**told, KINDS: file.occasions})
        return book

    def _take(self, sections: Mapping[str, Mapping[str, str]]) -> None:
        """Enter what stands in these sections, by the prefixes of their labels."""
        for prefix, some in sections.items():
            for name, text in some.items():
                for entry in entries(text):
                    self._enter(prefix + name, entry)
        self._lengths = sorted(self._stems, reverse=True)
        self._known = Memory(self.look_up, KNOWN, lambda token, _: len(token) <= LONGEST)

    def _enter(self, label: str, entry: str) -> None:
        if self.glyphs:
            folded = fold(entry)
            self._glyphs.setdefault(folded[:2], {}).setdefault(folded, []).append(label)
            return
        words = (fold(entry),) if entry.isalpha() else tuple(map(fold, ENTRY.findall(entry)))
        if label == PAST and len(words) == 1 and not entry[-1].isascii():
            self._accented.add(words[0])
        if entry in self._distinct:
            self._distinct[entry].append(label)
        elif len(words) > 1:
            some = self._loose_phrases if "*" in words[0] else self._phrases
            some.setdefault(words[0], []).append((label, words[1:]))
        elif words[0].startswith("*"):
            self._tails.setdefault(words[0][1:], []).append(label)
        elif words[0].endswith("*"):
            stem = words[0][:-1]
            self._stems.setdefault(len(stem), {}).setdefault(stem, []).append(label)
        else:
            self._words.setdefault(words[0], []).append(label)

    def opens_loosely(self, folded: str, label: str) -> bool:
        """Tell whether a word opens phrases of this label by its ending alone: `riecht` opens `*t jemand`."""
        opened = [one for one, _ in self._phrases.get(folded, ())]
        return label not in opened and any(fits(one, folded) for one in self._loose_phrases)

    def word(self, token: str) -> Word:
        """Tell what is known of a word as it stands in a text."""
        return self._known[token]

    def look_up(self, token: str) -> Word:
        """Tell it anew, for who remembers it himself."""
        # What is so long is no word, and every ending of it would be looked for.
        folded = fold(token[:BOUND])
        distinct = self._distinct.get(token.lower()) if self._distinct else None
        if distinct is not None:
            return Word(folded, self.stem(folded), tuple(distinct), {}, (), bool(distinct), (), ())
        labels = list(self._words.get(folded, ()))
        if folded in self._accented and token.isascii():
            labels = [label for label in labels if label != PAST]
        for length in self._lengths:
            if length <= len(folded):
                labels += self._stems[length].get(folded[:length], ())
        if folded not in self.exceptions:
            for at in range(2, len(folded)):
                labels += self._tails.get(folded[at:], ())
        if folded in self.numbers:
            labels.append("number")
        closed: dict[str, list[tuple[str, Entry]]] = {}
        opened: list[tuple[str, Entry]] = []
        begun = list(self._phrases.get(folded, ()))
        for first, some in self._loose_phrases.items():
            if fits(first, folded):
                begun += some
        for label, rest in begun:
            if "*" in rest[0]:
                opened.append((label, rest))
            else:
                closed.setdefault(rest[0], []).append((label, rest[1:]))
        tells = bool(labels or closed or opened)
        seconds = tuple(rest[0] for _, rest in opened)
        return Word(
            folded,
            self.stem(folded),
            tuple(dict.fromkeys(labels)),
            closed,
            tuple(opened),
            tells,
            tuple(one[:-1] for one in seconds if one.endswith("*")),
            tuple(one[1:] for one in seconds if not one.endswith("*")),
        )

    def stem(self, folded: str) -> str:
        """A word without its ending; nothing for grammar and single letters."""
        if folded in self.stop or len(folded) < (2 if folded.isdigit() or self.glyphs else 3):
            return ""
        for ending in self.endings:
            if folded.endswith(ending) and len(folded) - len(ending) >= (2 if self.glyphs else 3):
                return folded[: -len(ending)]
        return folded

    def marks(self, read: Stretch) -> list[Mark]:
        """Find the places of a text that the phrasebook knows, in their order."""
        if self.glyphs:
            return sorted(glyphs.marks(read.text, self._glyphs))
        words, borders = self._read(read), read.borders
        last = len(words) - 1
        found: list[Mark] = []
        for at in compress(range(last + 1), map(_TELLS, words)):
            _, _, labels, phrases, open_phrases, _, beginnings, endings = words[at]
            if labels:
                start, end = borders[2 * at : 2 * at + 2]
                for label in labels:
                    found.append(_mark(Mark, (start, end, label)))  # noqa: PERF401
            if at == last:
                break
            after = words[at + 1][0]
            if after in phrases:
                start = borders[2 * at]
                for label, rest in phrases[after]:
                    if not rest or follow(rest, words, at + 2):
                        found.append(_mark(Mark, (start, borders[2 * (at + len(rest)) + 3], label)))
            if open_phrases and (after.startswith(beginnings) or after.endswith(endings)):
                start = borders[2 * at]
                for label, rest in open_phrases:
                    if follow(rest, words, at + 1):
                        found.append(_mark(Mark, (start, borders[2 * (at + len(rest)) + 1], label)))
        return found

    def content(self, read: Stretch) -> set[str]:
        """Give the words of a text that say something, without their endings."""
        if self.glyphs:
            return {stem for _, _, stem in self.placed(read)}
        found = set(map(STEM, seen) if (seen := seen_by(self, read)) else map(_STEM, self._read(read)))
        found.discard("")
        return found

    def placed(self, read: Stretch) -> list[Placed]:
        """Give the same in their order, with their places."""
        if self.glyphs and not self.spaced:
            return glyphs.runs(read.text, self.stop)
        least = 2 if self.glyphs else 1
        words, borders = self._read(read), read.borders
        return [
            (borders[2 * at], borders[2 * at + 1], word.stem)
            for at, word in enumerate(words)
            if len(word.stem) >= least
        ]

    def starts(self, read: Stretch, wanted: Set[str]) -> list[tuple[str, int]]:
        """Give those of the words that are wanted, in their order, and where each begins."""
        if self.glyphs:
            return [(stem, start) for start, _, stem in self.placed(read) if stem in wanted]
        stems, borders = list(map(_STEM, self._read(read))), read.borders
        places = compress(range(len(stems)), map(wanted.__contains__, stems))
        return [(stems[at], borders[2 * at]) for at in places]

    def stems(self, text: str) -> set[str]:
        """Give the words of a text that say something."""
        return self.content(Stretch(text))

    def _read(self, read: Stretch) -> list[Word]:
        seen = seen_by(self, read)
        return list(map(WORD, seen) if seen else map(self._known.__getitem__, read.runs))
