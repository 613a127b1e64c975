"""A lexicon reads the words that carry a fact: closed categories, numbers, negations, likes and persons."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import compress

from gateway.drift import glance
from gateway.drift.language import ANY, Language, Languages, packaged
from gateway.drift.memory import Memory
from gateway.drift.tables import Figures
from gateway.drift.text import Stretch
from gateway.drift.values import frames
from gateway.drift.values.entries import GLYPH_RUN, NO_HALF, Entry, Sense, entries, known_of
from gateway.drift.values.reader import Reader
from gateway.drift.values.reading import Mention, Reading, parted, told
from gateway.drift.values.wordlist import LITERALS, stem_of, wordlist

_PAIRS = 1 << 13
"""Pairs of characters whose forms are remembered."""
_SHORTEST = 3
"""Letters of a word of which nothing is cut off."""


_mention = tuple.__new__
"""Quicker than the class itself, which is what a reading spends its time with."""


class Lexicon:
    """The words of all languages, without those that mean something else in the persona's own."""

    def __init__(self, language: str, languages: Languages) -> None:
        self.shared = shared = wordlist(languages)
        own = languages.get(language, Language(name=language))
        strange = frozenset(own.words.false_friends.split())
        self._elides = own.writing.elides
        self.small = _small(own)
        """Stems of words of grammar and of every day, by which nothing is told apart: `before`, `dalla`."""
        self.titles = frozenset(own.words.titles.split())
        self.naming = frozenset(own.words.naming.split())
        self.lying = frozenset(own.words.lying.split())
        self.asked = own.topics.keys()
        self.articles = frozenset(own.names.articles.split())
        self.capitals_tell = not own.writing.capital_nouns
        self.capital_places = own.writing.capital_places
        self.name_told, self.name_said = re.compile(own.phrases.name_told or "(?!)"), own.phrases.name_said
        self.of_age = re.compile(f"(?:{own.phrases.of_age})$", re.IGNORECASE) if own.phrases.of_age else None
        self._asks_in_several = re.search(r"\S \S", own.phrases.asking) is not None
        self._asking_where = frames.plain_words(own.phrases.where)
        self.dating, self.where = frames.pattern(own.phrases.dating), frames.pattern(own.phrases.where)
        self.whence, self.comes = frames.pattern(own.phrases.whence), frames.pattern(own.phrases.comes)
        self.site = frames.pattern(own.phrases.site) if own.phrases.site else None
        asking = filter(None, (own.phrases.asking, own.phrases.where))
        self.asking, self.called = frames.pattern("|".join(asking)), frames.pattern(own.phrases.called)
        self.others, self.then = frames.pattern(own.phrases.others), frames.pattern(own.phrases.then)
        self.puts_objects_first = own.words.objects_first
        self.patterns, self.literals = shared.patterns, shared.literals
        self.reader = Reader(own, languages[ANY].figures if ANY in languages else Figures())
        self._numbers = (
            self.reader.words
            if own.numbers.spelled
            else {word: n for word, n in shared.numbers.items() if word not in strange}
        )
        self._forms = shared.forms.without(strange) if strange else shared.forms
        self._words = self._forms.words
        self._by_pair = Memory(self._starting, _PAIRS)
        self._known = entries(self.look_up)

    def read(self, stretch: Stretch) -> Reading:
        """Read a part of a text: each word is looked up, and those that tell more than a stem looked at."""
        tokens, borders, _ = worded = stretch.worded(elides=self._elides)
        starts, ends = borders[::2], borders[1::2]
        words = known_of(stretch, worded, self, self._known)
        mentions: list[Mention] = []
        stems: list[tuple[str, int, int]] = []
        numbers: list[tuple[int, int, int]] = []
        past = 0
        for at in [at for at, word in enumerate(words) if word.__class__ is Entry]:
            word = words[at]
            if not isinstance(word, Entry):
                continue
            lower, senses, number, stem, joins = word
            if word is GLYPH_RUN:
                stems += _stems(words[past:at], starts[past:at], ends[past:at])
                past = at + 1
                run = stretch.text[starts[at] - stretch.offset : ends[at] - stretch.offset]
                self._read_glyphs(run, starts[at], mentions, stems, numbers)
                continue
            for category, value in senses:
                mentions.append(_mention(Mention, (category, value, starts[at], ends[at])))
            words[at] = stem
            if number is not None:
                numbers.append((number, starts[at], ends[at]))
                words[at] = None
            # Most pairs begin with a small word, and few are there.
            if joins and at + 1 < len(words) and (tokens[at + 1] in joins or not tokens[at + 1].isascii()):
                self._join(lower, at, tokens[at + 1], words, mentions, (starts[at], ends[at + 1]))
        if past:
            stems += _stems(words[past:], starts[past:], ends[past:])
        columns = parted(stems) if past else told(words, starts, ends)
        return Reading(tuple(mentions), columns, numbers, self.reader, stretch)

    def _join(
        self,
        before: str,
        at: int,
        behind: str,
        words: list[Entry | str | None],
        mentions: list[Mention],
        span: tuple[int, int],
    ) -> None:
        """Read a word and the one behind it as one, where they are one together: "New York"."""
        word = words[at + 1]
        behind = word.lower if isinstance(word, Entry) else behind.lower()
        joined = self._words.get(f"{before}-{behind}") if word is not GLYPH_RUN else None
        if not joined:
            return
        while mentions and mentions[-1].start >= span[0]:
            mentions.pop()
        mentions.extend(Mention(*sense, *span) for sense in joined)
        is_grammar = any(category[0] == "_" for category, _ in joined)
        if isinstance(word, Entry):
            stem = "" if is_grammar else word.stem
            words[at + 1] = word._replace(senses=(), stem=stem)
        elif is_grammar:
            words[at + 1] = None

    def find(self, literal: str, pattern: str, stretch: Stretch) -> re.Match[str] | None:
        """Search for a pattern that needs one of these literals: far quicker where none is there."""
        is_there = self.stands_in(literal, stretch)
        return self.patterns[pattern].search(stretch.text) if is_there else None

    def stands_in(self, literal: str, stretch: Stretch) -> bool:
        """Tell whether one of these literals stands in a part of a text."""
        return bool(stretch.notes & LITERALS[literal]) and self.literals[literal].stand_in(stretch)

    @property
    def cares(self) -> dict[int, Callable[[str], object]]:
        """Give what tells whether a word matters here."""
        cares: dict[int, Callable[[str], object]] = {
            bit: self.literals[literal].tells for literal, bit in LITERALS.items()
        }
        cares[glance.TURNING] = self.shared.turning_words.__contains__
        cares[glance.ASKING] = self._may_ask
        cares[glance.TIMED] = self.reader.periods.tells
        return cares

    def _may_ask(self, word: str) -> bool:
        """Tell whether a word may ask for a name, whatever stands behind it; several may do so together."""
        if self._asks_in_several or word in self._asking_where:
            return True
        return self.asking.search(f" {word} {word}' {word}’ ") is not None

    def look_up(self, token: str) -> Entry | str | None:
        """Look up what is known of a word: often no more than its stem, or nothing."""
        lower = token.lower().replace("’", "'")
        if lower[0].isdecimal():
            return Entry(lower, (), int(lower[:12]), "", NO_HALF)
        if lower[0] > "\u2fff" or "\u0e00" <= lower[0] < "\u0e80":
            return GLYPH_RUN
        senses, number = tuple(dict.fromkeys(self._senses(lower))), self._reads(lower)
        grammar = any(category[0] == "_" for category, _ in senses)
        told = number is None and len(lower) > 1 and not grammar and lower not in self.shared.stop
        stem, joins = stem_of(lower) if told else "", self._forms.halves.get(lower, NO_HALF)
        if senses or joins or number is not None:
            return Entry(lower, senses, number, stem, joins)
        return stem or None

    def _reads(self, word: str) -> int | None:
        n = self._numbers.get(word)
        return self.reader.numerals.reads(word) if n is None else n

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
        if found is None and word[:3] in self._forms.heads:
            cuts = (self._forms.prefixes.get(word[:n]) for n in range(len(word), 2, -1))
            found = next((senses for senses in cuts if senses), None)
        return found or ()

    def _scan(self, run: str, offset: int) -> Iterator[Mention]:
        past = 0
        for match in self._forms.first.finditer(run):
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
        return tuple(entry for entry in self._forms.glyphs[pair[0]] if pair.startswith(entry[0][:2]))

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


def _stems(
    words: list[Entry | str | None], starts: Sequence[int], ends: Sequence[int]
) -> Iterator[tuple[str, int, int]]:
    """Give the words that have a stem with their places."""
    return compress(zip(words, starts, ends, strict=False), words)  # type: ignore[arg-type]


def _small(language: Language) -> frozenset[str]:
    words = language.rules.stop.split() if language.rules is not None else ()
    return frozenset(stem_of(word) for word in words if len(word) > 1)


def lexicon(language: str, languages: Languages | None = None) -> Lexicon:
    """The lexicon of a language by its ISO 639-1 code or tag, built on first use in some ten milliseconds."""
    return _lexicon(language.lower()[:2], packaged() if languages is None else languages)


@lru_cache(maxsize=32)
def _lexicon(language: str, languages: Languages) -> Lexicon:
    return Lexicon(language, languages)
