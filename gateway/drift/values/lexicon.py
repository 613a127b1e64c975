"""A lexicon reads the words that carry a fact: closed categories, numbers, negations, likes and persons."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from gateway.drift.language import ANY, Language, Languages, packaged
from gateway.drift.memory import Memory
from gateway.drift.scripts import RUNS
from gateway.drift.tables import Figures
from gateway.drift.text import Stretch
from gateway.drift.values import frames
from gateway.drift.values.entries import GLYPH_RUN, Entry, Sense, entries
from gateway.drift.values.figures import MOST, UNCOUNTED, Figure
from gateway.drift.values.reader import Reader
from gateway.drift.values.wordlist import wordlist

_RUN = re.compile(f"[{RUNS}]")
_STEM = 5
"""Letters kept of a word: crude, but the same for every alphabet, and `teacher` meets `teaching`."""
_PAIRS = 1 << 13
"""Pairs of characters whose forms are remembered."""
_SHORTEST = 3
"""Letters of a word of which nothing is cut off."""


Numbers = tuple[tuple[float, int, int], ...]


class Mention(NamedTuple):
    """A known word where it stands; its category starts with `_` where it is grammar and not a fact."""

    category: str
    value: str
    start: int
    end: int


_mention = tuple.__new__
"""Quicker than the class itself, which is what a reading spends its time with."""


class Reading(NamedTuple):
    """The finds of one look at a text, in its order and in characters of it."""

    mentions: tuple[Mention, ...]
    stems: tuple[tuple[str, int, int], ...]
    """Content words cut to their stems; pairs of characters where words are not spaced."""
    numbers: Numbers
    figures: tuple[Figure, ...] = ()


class Lexicon:
    """The words of all languages, without those that mean something else in the persona's own."""

    def __init__(self, language: str, languages: Languages) -> None:
        self.shared = shared = wordlist(languages)
        own = languages.get(language, Language(name=language))
        strange = frozenset(own.words.false_friends.split())
        self._elides = own.writing.elides
        self.titles = frozenset(own.words.titles.split())
        self.naming = frozenset(own.words.naming.split())
        self.capitals_tell = not own.writing.capital_nouns
        """A word with a capital within a sentence is a name."""
        self.name_told, self.name_said = re.compile(own.phrases.name_told or "(?!)"), own.phrases.name_said
        self.asking, self.called = frames.pattern(own.phrases.asking), frames.pattern(own.phrases.called)
        self.puts_objects_first = own.words.objects_first
        self.patterns, self.literals = shared.patterns, shared.literals
        self.reader = Reader(own, languages[ANY].figures if ANY in languages else Figures())
        self._numbers = (
            self.reader.words
            if own.numbers.spelled
            else {word: n for word, n in shared.numbers.items() if word not in strange}
        )
        self._words: dict[str, list[Sense]] = {}
        self._prefixes: dict[str, list[Sense]] = {}
        self._glyphs: dict[str, list[tuple[str, Sense]]] = {}
        for sense, word in shared.senses:
            if word not in strange:
                self._add(sense, word)
        for some in self._glyphs.values():
            some.sort(key=lambda entry: -len(entry[0]))
        self._by_pair = Memory(self._starting, _PAIRS)
        self._heads = frozenset(prefix[:3] for prefix in self._prefixes)
        self._halves = frozenset(form.partition("-")[0] for form in self._words if "-" in form[1:])
        self._known = entries(self._look_up)
        self._first = re.compile(
            "[" + "".join(map(re.escape, self._glyphs)) + "]" if self._glyphs else "(?!)"
        )

    def _add(self, sense: Sense, word: str) -> None:
        if _RUN.match(word):
            self._glyphs.setdefault(word[0], []).append((word.rstrip("*"), sense))
        elif word.endswith("*"):
            self._prefixes.setdefault(word[:-1], []).append(sense)
        else:
            self._words.setdefault(word, []).append(sense)

    def read(self, stretch: Stretch) -> Reading:
        """One pass over a part of a text; its time is in proportion to the length."""
        text, offset = stretch.text, stretch.offset
        mentions: list[Mention] = []
        stems: list[tuple[str, int, int]] = []
        numbers: list[tuple[int, int, int]] = []
        before, since, known = "", 0, self._known
        parts, borders = stretch.worded(elides=self._elides)
        words = map(known.__getitem__, parts[1::2])
        for word, start, end in zip(words, borders[::2], borders[1::2], strict=False):
            if not before:
                if word is None:
                    continue
                if word.__class__ is str:
                    stems.append((word, start, end))
                    continue
            if word is GLYPH_RUN:
                self._read_glyphs(text[start - offset : end - offset], start, mentions, stems, numbers)
                before = ""
                continue
            if not isinstance(word, Entry):
                word = Entry(text[start - offset : end - offset].lower(), (), None, word or "", False)
            lower, senses, number, stem, joins = word
            if before and (joined := self._words.get(f"{before}-{lower}")):
                while mentions and mentions[-1].start >= since:
                    mentions.pop()
                mentions.extend(Mention(*sense, since, end) for sense in joined)
                stem = stem if number is None and not any(sense[0][0] == "_" for sense in joined) else ""
            elif senses:
                for category, value in senses:
                    mentions.append(_mention(Mention, (category, value, start, end)))
            if number is not None:
                numbers.append((number, start, end))
            elif stem:
                stems.append((stem, start, end))
            before, since = lower if joins else "", start
        if not numbers and not self.reader.may_read(text):
            return Reading(tuple(mentions), tuple(stems), ())
        figures = tuple(self.reader.read(text, stretch.lower, numbers, offset))
        return Reading(tuple(mentions), tuple(stems), _counted(numbers, figures), figures)

    def find(self, literal: str, pattern: str, stretch: Stretch) -> re.Match[str] | None:
        """Search for a pattern that needs one of these literals: far quicker where none is there."""
        is_there = self.literals[literal].stand_in(stretch)
        return self.patterns[pattern].search(stretch.text) if is_there else None

    def _look_up(self, token: str) -> Entry | str | None:
        """Look up what is known of a word: often no more than its stem, or nothing."""
        lower = token.lower().replace("’", "'")
        if lower[0].isdecimal():
            return Entry(lower, (), int(lower[:12]), "", False)
        if lower[0] > "\u2fff" or "\u0e00" <= lower[0] < "\u0e80":
            return GLYPH_RUN
        senses, number = tuple(dict.fromkeys(self._senses(lower))), self._numbers.get(lower)
        grammar = any(category[0] == "_" for category, _ in senses)
        told = number is None and len(lower) > 1 and not grammar and lower not in self.shared.stop
        stem, joins = _stem(lower) if told else "", lower in self._halves
        if senses or joins or number is not None:
            return Entry(lower, senses, number, stem, joins)
        return stem or None

    def _read_glyphs(
        self,
        run: str,
        start: int,
        mentions: list[Mention],
        stems: list[tuple[str, int, int]],
        numbers: list[tuple[int, int, int]],
    ) -> None:
        run = run.lower()
        mentions.extend(self._scan(run, start))
        stems.extend(self._pairs(run, start))
        numbers.extend((n, start + a, start + b) for n, a, b in self.shared.spoken.find(run))

    def _senses(self, word: str) -> Iterable[Sense]:
        found = self._words.get(word)
        if found is None and word.endswith(self.shared.negated):
            return (("_negations", ""),)
        if found is None and len(word) > _SHORTEST and word.endswith(self.shared.endings):
            found = next(filter(None, map(self._words.get, self._bare(word))), None)
        if found is None and word[:3] in self._heads:
            cuts = (self._prefixes.get(word[:n]) for n in range(len(word), 2, -1))
            found = next((senses for senses in cuts if senses), None)
        return found or ()

    def _scan(self, run: str, offset: int) -> Iterator[Mention]:
        past = 0
        for match in self._first.finditer(run):
            at = match.start()
            if at < past:
                continue
            for form, (category, value) in self._by_pair[run[at : at + 2]]:
                if run.startswith(form, at):
                    if at >= past:
                        past, longest = at + len(form), form
                    elif form != longest:
                        break
                    yield Mention(category, value, offset + at, offset + at + len(form))

    def _starting(self, pair: str) -> tuple[tuple[str, Sense], ...]:
        """Find the forms that may begin with these two characters, the longest first."""
        return tuple(entry for entry in self._glyphs[pair[0]] if pair.startswith(entry[0][:2]))

    def _pairs(self, run: str, offset: int) -> Iterator[tuple[str, int, int]]:
        for piece in self.shared.run.finditer(run):
            found, at = piece.group(), offset + piece.start()
            for i in range(len(found) - 1):
                yield found[i : i + 2], at + i, at + i + 2

    def _bare(self, word: str) -> Iterator[str]:
        """Yield the word without each ending that it has."""
        for ending in self.shared.endings:
            if word.endswith(ending):
                yield word.removesuffix(ending)


def _counted(numbers: list[tuple[int, int, int]], figures: tuple[Figure, ...]) -> Numbers:
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


def _stem(word: str) -> str:
    bare = word.partition("'")[0]
    return (bare[:_STEM].rstrip("s") if len(bare) <= _STEM else bare[:_STEM]) or word


def lexicon(language: str, languages: Languages | None = None) -> Lexicon:
    """The lexicon of a language by its ISO 639-1 code or tag, built on first use in some ten milliseconds."""
    return _lexicon(language.lower()[:2], packaged() if languages is None else languages)


@lru_cache(maxsize=32)
def _lexicon(language: str, languages: Languages) -> Lexicon:
    return Lexicon(language, languages)
