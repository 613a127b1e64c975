"""Patterns say how models speak of themselves, and words tell which of them are worth a try on a text."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import chain

from gateway.drift.breaks.needed import folded, needed
from gateway.drift.glance import BROKEN
from gateway.drift.language import ANY, Language, Languages
from gateway.drift.lazily import lazily
from gateway.drift.memory import Memory
from gateway.drift.scripts import is_latin, written
from gateway.drift.text import Stretch
from gateway.drift.wordings import Pattern

_OPENING = 5
"""Letters of a word by which it is looked up."""
_BEFORE, _BEHIND, _REPEATED = 240, 280, 12
"""Characters before and behind a telling word that are tried, and how often a word is looked for."""
_WRITTEN = 100
"""A script of its own counts for as many telling words."""
_REMEMBERED, _LONGEST = 1 << 14, 24
"""Words whose opening is remembered, and how long they may be."""
_NAMED = re.compile(r"\{([a-z]+)\}")
_NEVER = "(?!)"


class Wordings:
    """The patterns of one language; they are compiled when first met."""

    def __init__(self, language: Language, shared: dict[str, str]) -> None:
        breaks, writing = language.breaks, language.writing
        self.name = language.code
        self.stems, self.marks = breaks.stems, breaks.marks
        self.has_whole_words = language.has_whole_words
        self.question = writing.question
        self._language = language
        self._words = shared | breaks.words
        self._foreign = re.compile(f"[{writing.ruled_out}]" if writing.ruled_out else _NEVER)
        self._own = re.compile(f"[{writing.unless}]" if writing.unless else _NEVER)

    def is_told(self, text: str, lowered: str) -> bool:
        """Tell whether a telling word stands in the text."""
        return any(map(lowered.__contains__, self.stems)) or any(map(text.__contains__, self.marks))

    def is_ruled_out(self, text: str) -> bool:
        """Tell whether letters of the text say that it is in a neighbour of the language."""
        return self._foreign.search(text) is not None and self._own.search(text) is None

    def windows(self, text: str, lowered: str) -> list[tuple[int, int]]:
        """Find the parts of the text that a telling word stands in or near, in their order, none twice."""
        some = [*((lowered, stem) for stem in self.stems), *((text, mark) for mark in self.marks)]
        found: list[tuple[int, int]] = []
        for at in sorted({at for where, word in some for at in _places(where, word)}):
            start, end = max(0, at - _BEFORE), min(len(text), at + _BEHIND)
            if found and start <= found[-1][1]:
                start, _ = found.pop()
            found.append((start, end))
        return found

    @cached_property
    def compiled(self) -> list[tuple[Pattern, re.Pattern[str]]]:
        """All patterns; each is compiled when a text has what it needs, which few texts have."""
        return [
            (pattern, lazily(self._spelled(pattern.text, whole=self.has_whole_words), re.IGNORECASE))
            for pattern in self._language.breaks.patterns
        ]

    @cached_property
    def _needed(self) -> list[tuple[str, ...]]:
        """The wordings of which each of these needs one."""
        return [
            needed(self._spelled(pattern.text, whole=self.has_whole_words))
            for pattern in self._language.breaks.patterns
        ]

    def likely(self, lowered: str) -> list[tuple[Pattern, re.Pattern[str]]]:
        """Give the patterns that may match in a text of which this is the lower case."""
        seen = folded(lowered)
        return [
            one
            for one, some in zip(self.compiled, self._needed, strict=True)
            if not some or any(map(seen.__contains__, some))
        ]

    @cached_property
    def guard(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """Two patterns that make a match no break: before it in its clause, and right behind it."""
        breaks = self._language.breaks
        return (
            lazily(self._spelled(breaks.before), re.IGNORECASE),
            lazily(self._spelled(breaks.after), re.IGNORECASE),
        )

    def _spelled(self, text: str, *, whole: bool = False) -> str:
        """Write a pattern out, with the words that it names."""
        while _NAMED.search(text):
            text = _NAMED.sub(lambda found: f"(?:{self._words[found[1]]})", text)
        text = text.replace("’", "['’]")
        return rf"(?<!\w)(?:{text})(?!\w)" if whole else text


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    for _ in range(_REPEATED):
        if at < 0:
            return
        yield at
        at = text.find(word, at + len(word))


class Patterns:
    """The patterns of all languages, and what a persona's own texts say of its nature in any of them."""

    def __init__(self, languages: Languages) -> None:
        shared = languages[ANY].breaks.words if ANY in languages else {}
        self.by_language = {code: Wordings(language, shared) for code, language in languages.items()}
        self._scripts = {
            name: [code for code in codes if languages[code].breaks.patterns]
            for name, codes in languages.written.items()
        }
        self._opening = Memory(self._opened, _REMEMBERED, lambda token, _: len(token) <= _LONGEST)
        personas = [language.persona for language in languages.values()]

        def told(frame: str, *parts: str) -> re.Pattern[str]:
            return lazily(frame % ("|".join(filter(None, parts)) or _NEVER), re.IGNORECASE)

        self.being = told("%s", *(one.being for one in personas))
        self.machine = told("%s", *(one.machine for one in personas))
        self.away = told("%s", *(one.away for one in personas))
        self.trade = told("%s", *(one.trade for one in personas))
        self.model = told("%s", *(one.model for one in personas))
        self.apposed = told(r",\s*(?:%s)\s[\w -]{0,20}$", *(one.article for one in personas))
        self.field = told("^(?:%s)", *(one.field for one in personas))
        self.only_a_model = told("%s", *(one.only_a_model for one in personas))
        self.no_person = told("%s", *(one.no_person for one in personas))
        self.aside = told(r"\b(?:%s)", *(one.aside for one in personas))

    @cached_property
    def _openings(self) -> dict[str, list[tuple[str, str, str]]]:
        """Openings of telling words in Latin letters; what else must be in the text, and the language."""
        others = set(chain.from_iterable(self._scripts.values()))
        openings: dict[str, list[tuple[str, str, str]]] = {}
        for wordings in self.by_language.values():
            if wordings.name not in others:
                for stem in wordings.stems:
                    opening = max(re.split(r"[ '’-]", stem), key=len)[:_OPENING]
                    openings.setdefault(opening, []).append((stem, wordings.name, ""))
                for mark in wordings.marks:
                    opening = mark[:_OPENING]
                    openings.setdefault(opening.lower(), []).append((mark.lower(), wordings.name, opening))
        return openings

    def tells(self, token: str) -> bool:
        """Tell whether a telling word begins as this one does."""
        return bool(self._opening[token])

    def _opened(self, token: str) -> str:
        """Give the opening of a word where a telling word begins so, else nothing."""
        opening = token[:_OPENING]
        return opening if opening in self._openings else ""

    def spoken(self, stretch: Stretch) -> list[Wordings]:
        """Name the languages whose patterns are worth a try, the likeliest first."""
        may_be_told = stretch.notes & BROKEN
        text, lowered, openings = stretch.text, stretch.lower, self._openings
        scripts = [] if is_latin(stretch.beyond_ascii) else written(text)
        if not may_be_told and not scripts:
            return []
        names: Counter[str] = Counter()
        for code in {code for script in scripts for code in self._scripts[script]}:
            wordings = self.by_language[code]
            if not wordings.is_ruled_out(text) and wordings.is_told(text, lowered):
                names[code] = _WRITTEN
        found: set[str] = set()
        if may_be_told:
            found.update(map(self._opening.__getitem__, stretch.distinct))
            found.discard("")
        likely = {
            (telling, name)
            for opening in found
            for telling, name, mark in openings[opening]
            if telling in lowered and mark in text
        }
        names.update(name for _, name in likely)
        return [self.by_language[name] for name in sorted(names, key=lambda name: (-names[name], name))]

    def warm(self, *codes: str) -> None:
        """Read now what the patterns of these languages need, which the first text would wait for."""
        for code in {ANY, *codes} & self.by_language.keys():
            self.by_language[code].likely("")


@lru_cache(maxsize=4)
def patterns(languages: Languages) -> Patterns:
    """Put the patterns of these languages together, once."""
    return Patterns(languages)
