"""How models speak of themselves, by language: the table, and which of it is worth a try on a text."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, cached_property
from importlib import resources

import msgspec

_SCRIPTS = (
    (re.compile(r"[\u0400-\u052f]"), ("ru", "uk")),
    (re.compile(r"[\u3041-\u30ff\u3400-\u9fff]"), ("ja", "zh")),
    (re.compile(r"[\uac00-\ud7a3]"), ("ko",)),
    (re.compile(r"[\u0370-\u03ff]"), ("el",)),
    (re.compile(r"[\u0900-\u097f]"), ("hi",)),
    (re.compile(r"[\u0e01-\u0e7f]"), ("th",)),
    (re.compile(r"[\u0600-\u06ff]"), ("ar",)),
)
_WRITING = re.compile("|".join(script.pattern for script, _ in _SCRIPTS))
_RULING_OUT = (
    (re.compile(r"[іїєґ]"), re.compile(r"[ыэъё]"), "ru"),
    (re.compile(r"[ыэъё]"), re.compile(r"[іїєґ]"), "uk"),
    (re.compile(r"[\u3041-\u30ff]"), re.compile(r"[我为為]"), "zh"),
    (re.compile(r"[我们這这]"), re.compile(r"[\u3041-\u30ff]"), "ja"),
)
"""Letters that a language does not have; and letters that let it stand beside its neighbour all the same."""
_LATIN = re.compile(r"[a-zA-Z]")
_JOINTS = "'’-(\"“*«[„‘\xa0/,.:;!?)”»_"
_BEFORE, _BEHIND, _REPEATED = 240, 280, 12
"""Characters before and behind a telling word that are tried, and how often a word is looked for."""
_WRITTEN = 100
"""How many telling words a script counts for, of which it is the only one."""
_NAMED = re.compile(r"\{([a-z]+)\}")


class Pattern(msgspec.Struct, frozen=True):
    """One way to say it."""

    name: str
    strength: float
    text: str
    free: bool = False
    """Counts even in a quotation, a supposition or a question."""
    leads: bool = False
    """Counts only where it leads up to something: in languages written with spaces, behind a colon."""


class Language(msgspec.Struct, frozen=True, dict=True):
    """One language of the table; its patterns are compiled when first met."""

    name: str
    pattern: list[Pattern]
    stems: list[str] = []
    marks: list[str] = []
    before: str = "(?!)"
    after: str = "(?!)"
    spaced: bool = True
    words: dict[str, str] = {}

    def __contains__(self, text: str) -> bool:
        """Whether a telling word stands in the text."""
        lowered = text.lower()
        return any(map(lowered.__contains__, self.stems)) or any(map(text.__contains__, self.marks))

    def windows(self, text: str, lowered: str) -> list[tuple[int, int]]:
        """The parts of the text that a telling word stands in or near, in their order, none twice."""
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
        return [(pattern, self._compile(pattern.text, whole=self.spaced)) for pattern in self.pattern]

    @cached_property
    def guard(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return self._compile(self.before), self._compile(self.after)

    def _compile(self, text: str, *, whole: bool = False) -> re.Pattern[str]:
        while _NAMED.search(text):
            text = _NAMED.sub(lambda found: f"(?:{self.words[found[1]]})", text)
        text = re.sub(r"’", "['’]", text)
        return re.compile(rf"(?<!\w)(?:{text})(?!\w)" if whole else text, re.IGNORECASE)


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    for _ in range(_REPEATED):
        if at < 0:
            return
        yield at
        at = text.find(word, at + len(word))


class Table(msgspec.Struct, frozen=True, dict=True):
    """The whole of it."""

    words: dict[str, str]
    persona: dict[str, list[str]]
    """What a persona's own texts say of it."""
    language: list[Language]

    @cached_property
    def told(self) -> dict[str, re.Pattern[str]]:
        return {name: re.compile("|".join(some), re.IGNORECASE) for name, some in self.persona.items()}


@cache
def table() -> Table:
    """The packaged table, read once."""
    data = resources.files("gateway.drift").joinpath("data/breaks.toml").read_bytes()
    return msgspec.toml.decode(data, type=Table)


@cache
def languages() -> dict[str, Language]:
    """Each language by its name, with the words that all share."""
    shared = table().words
    return {
        language.name: msgspec.structs.replace(language, words=shared | language.words)
        for language in table().language
    }


@cache
def _openings() -> tuple[frozenset[str], dict[str, list[tuple[str, str]]]]:
    """How telling words in Latin letters begin, and what must then stand in the text for which language."""
    others = {name for _, some in _SCRIPTS for name in some}
    openings: dict[str, list[tuple[str, str]]] = {}
    for language in languages().values():
        if language.name not in others:
            for stem in language.stems:
                word = max(re.split(r"[ '’-]", stem), key=len)[:5]
                for written in {word, word.capitalize(), word.upper()}:
                    openings.setdefault(written, []).append((stem, language.name))
            for mark in (*language.marks, "ChatGPT"):
                openings.setdefault(mark[:5], []).append((mark.lower(), language.name))
    return frozenset(openings), openings


def spoken(text: str) -> list[Language]:
    """The languages whose patterns are worth a try, the likeliest first: cheap without a telling word."""
    names: Counter[str] = Counter()
    if not text.isascii() and _WRITING.search(sample := text[:: 1 + len(text) // 400]):
        written = {name for script, some in _SCRIPTS if script.search(sample) for name in some}
        for foreign, own, name in _RULING_OUT:
            if name in written and foreign.search(text) and not own.search(text):
                written.discard(name)
        names.update({name: _WRITTEN for name in written if text in languages()[name]})
    if _LATIN.search(text):
        split = text
        for joint in _JOINTS:
            split = split.replace(joint, " ")
        telling, openings = _openings()
        if found := telling.intersection([word[:5] for word in split.split()]):
            lowered = text.lower()
            likely = {pair for opening in found for pair in openings[opening] if pair[0] in lowered}
            names.update(name for _, name in likely)
    return [languages()[name] for name in sorted(names, key=lambda name: (-names[name], name))]


def warm(*names: str) -> None:
    """Compile the patterns of these languages now: 10 to 40 ms each, else spent on the first text in need."""
    for name in {"any", *names} & languages().keys():
        _ = languages()[name].compiled, languages()[name].guard
