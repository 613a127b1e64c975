"""The words of each language that rules are read and checked by, as its table has them."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

import msgspec

from gateway.drift.rule import CODE

WORD = re.compile(r"[^\W_]+")
"""Apostrophes and hyphens part words: `can't` is `can` and `t`, in tables as in texts."""
KNOWN, LONGEST = 1 << 14, 32
BOUND = 64
"""Letters of a word that are looked at."""
"""Words that are remembered, and how long they may be."""
_MARKS = dict.fromkeys(range(768, 880))
_ALIKE = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "’": "'", "ё": "е", "æ": "ae", "œ": "oe"})

UPPER = "".join(chr(code) for code in range(0x41, 0x530) if chr(code).isupper())
"""Capital letters, as a class of a pattern has them."""
_RUN = re.compile(r"[\u3400-\u9fff々]+|[\u30a0-\u30ff]{2,}|[A-Za-z]{2,}|\d+")

Placed = tuple[int, int, str]
"""Where a word stands, and its stem."""
Entry = tuple[str, ...]
"""The words of a phrase."""


class Word(NamedTuple):
    """What is known of a word, wherever it stands."""

    folded: str
    """In lower case without accents."""
    stem: str
    """What it has in common with its other forms; nothing where it is grammar."""
    labels: tuple[str, ...]
    phrases: dict[str, list[tuple[str, Entry]]]
    """By their second word: labels and further words of the phrases that may begin here."""
    open_phrases: tuple[tuple[str, Entry], ...]
    """Those whose second word has many endings."""


class Mark(NamedTuple):
    """A place in a text where something is said that a table knows."""

    start: int
    end: int
    label: str


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file; every list of entries is a text with commas."""

    code: str
    glyphs: bool = False
    """Written without blanks, or with particles at each word: entries are looked for anywhere."""
    behind: bool = False
    """A clause says at its end whether it denies or forbids."""
    endings: str = ""
    """Endings of inflection, which a stem is without."""
    exceptions: str = ""
    """Words that end so by chance, to which endings do not count."""
    stop: str = ""
    """Words that say nothing of a topic."""
    abbreviations: str = ""
    ordinals: bool = False
    """A number with a full stop counts something; no sentence ends there."""
    marks: dict[str, str] = {}
    """How a thing is said: denied, promised, claimed to be done."""
    concepts: dict[str, str] = {}
    """What it is about; the names are the same in every language."""
    acts: dict[str, str] = {}
    """What a rule forbids or demands to do with it."""
    cues: dict[str, str] = {}
    """How a prompt says that something is a rule."""
    tasks: dict[str, str] = {}
    """What an assistant is asked for that most personas are not there for."""
    register: dict[str, str] = {}
    """How somebody is spoken to."""
    address: dict[str, str] = {}
    """Patterns of the forms of address, capitals counting."""
    names: dict[str, str] = {}
    """Words that names are made of, and what leads up to one."""
    says: dict[str, str] = {}
    """How a rule that was read is put."""
    numbers: dict[str, int] = {}
    languages: dict[str, str] = {}
    """Names of languages."""


@cache
def table(code: str, *, prompts: bool = False) -> "Language | None":
    """The table of a language, `None` where there is none; with what prompts are read for, or without."""
    file = resources.files("gateway.drift.rules").joinpath(f"languages/{code}.toml")
    if not CODE.fullmatch(code) or not file.is_file():
        return None
    return Language(msgspec.convert(tomllib.loads(file.read_text("utf-8")), _Table), prompts=prompts)


@cache
def bare(code: str) -> "Language":
    """A language of which nothing is known."""
    return Language(_Table(code=code), prompts=False)


def codes() -> list[str]:
    """The languages that there is a table of."""
    folder = resources.files("gateway.drift.rules").joinpath("languages")
    return sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".toml"))


def fold(word: str) -> str:
    """A word in lower case, without accents and what else spellings differ in."""
    folded = word.casefold()
    if folded.isascii():
        return folded
    folded = folded.translate(_ALIKE)
    if max(folded) >= "\u0590" and not any("a" <= letter <= "z" for letter in folded):
        return unicodedata.normalize("NFKC", folded)
    plain = unicodedata.normalize("NFD", folded).translate(_MARKS)
    # Cyrillic letters keep their marks: й is no и.
    return plain if max(plain, default="") < "\u0370" else unicodedata.normalize("NFC", folded)


class Language:
    """A table made ready to read texts with."""

    def __init__(self, file: _Table, *, prompts: bool) -> None:
        self.code, self.glyphs, self.behind, self.ordinals = (
            file.code,
            file.glyphs,
            file.behind,
            file.ordinals,
        )
        self.says, self.address = file.says, file.address
        self.numbers = {fold(word): value for word, value in file.numbers.items()}
        self.exceptions = frozenset(fold(word) for word in file.exceptions.split())
        self.stop = frozenset(fold(word) for word in file.stop.split())
        self.endings = tuple(sorted((fold(word) for word in file.endings.split()), key=len, reverse=True))
        self.abbreviations = frozenset(fold(word) for word in file.abbreviations.split())
        sections = {
            "": file.marks,
            "@": file.concepts,
            "task:": file.tasks,
            "register:": file.register,
        }
        if prompts:
            sections |= {"act:": file.acts, "cue:": file.cues, "lang:": file.languages, "name:": file.names}
        self.entries = [
            (prefix + name, entry)
            for prefix, some in sections.items()
            for name, text in some.items()
            for entry in _entries(text)
        ]
        self.labels = frozenset(label for label, _ in self.entries)
        self._words: dict[str, list[str]] = {}
        self._stems: dict[int, dict[str, list[str]]] = {}
        self._tails: dict[str, list[str]] = {}
        self._phrases: dict[str, list[tuple[str, Entry]]] = {}
        self._loose_phrases: dict[str, list[tuple[str, Entry]]] = {}
        self._glyphs: dict[str, dict[str, list[str]]] = {}
        for label, entry in self.entries:
            self._enter(label, entry)
        self._lengths = sorted(self._stems, reverse=True)
        self._memory: dict[str, Word] = {}

    def _enter(self, label: str, entry: str) -> None:
        if self.glyphs:
            folded = fold(entry)
            self._glyphs.setdefault(folded[:2], {}).setdefault(folded, []).append(label)
            return
        words = tuple(fold(word) for word in re.findall(r"\*?[^\W_]+\*?", entry))
        if len(words) > 1:
            some = self._loose_phrases if "*" in words[0] else self._phrases
            some.setdefault(words[0], []).append((label, words[1:]))
        elif words[0].startswith("*"):
            self._tails.setdefault(words[0][1:], []).append(label)
        elif words[0].endswith("*"):
            stem = words[0][:-1]
            self._stems.setdefault(len(stem), {}).setdefault(stem, []).append(label)
        else:
            self._words.setdefault(words[0], []).append(label)

    def word(self, token: str) -> Word:
        """What is known of a word as it stands in a text."""
        known = self._memory.get(token)
        if known is None:
            # What is so long is no word, and every ending of it would be looked for.
            known = self._looked_up(fold(token[:BOUND]))
            if len(token) <= LONGEST:
                if len(self._memory) >= KNOWN:
                    self._memory.clear()
                self._memory[token] = known
        return known

    def _looked_up(self, folded: str) -> Word:
        labels = list(self._words.get(folded, ()))
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
        entries = list(self._phrases.get(folded, ()))
        for first, some in self._loose_phrases.items():
            if _fits(first, folded):
                entries += some
        for label, rest in entries:
            if "*" in rest[0]:
                opened.append((label, rest))
            else:
                closed.setdefault(rest[0], []).append((label, rest[1:]))
        return Word(folded, self.stem(folded), tuple(dict.fromkeys(labels)), closed, tuple(opened))

    def stem(self, folded: str) -> str:
        """A word without its ending; nothing for grammar and single letters."""
        if folded in self.stop or len(folded) < (2 if folded.isdigit() or self.code == "ko" else 3):
            return ""
        for ending in self.endings:
            if folded.endswith(ending) and len(folded) - len(ending) >= 3:
                return folded[: -len(ending)]
        return folded

    def read(self, text: str) -> tuple[list[Placed], list[Mark]]:
        """The words of a text that say something, and the places that the table knows, in their order."""
        if self.glyphs:
            marks = self._glyph_marks(text)
            marks.sort()
            return (_runs(text, self.stop) if self.code != "ko" else self._stemmed(text)), marks
        return self._read_words(text)

    def marks(self, text: str) -> list[Mark]:
        """The places of a text that the table knows, in their order."""
        return self.read(text)[1]

    def stems(self, text: str) -> list[str]:
        """The words of a text that say something, without their endings."""
        return [stem for _, _, stem in self.read(text)[0]]

    def _stemmed(self, text: str) -> list[Placed]:
        found = []
        for match in WORD.finditer(text):
            stem = self.word(match[0]).stem
            if len(stem) > 1:
                found.append((*match.span(), stem))
        return found

    def _read_words(self, text: str) -> tuple[list[Placed], list[Mark]]:
        places = [match.span() for match in WORD.finditer(text)]
        known = self._memory
        words = [known.get(text[start:end]) or self.word(text[start:end]) for start, end in places]
        found: list[Mark] = []
        stems: list[Placed] = []
        last = len(words) - 1
        for at, word in enumerate(words):
            start, end = places[at]
            if word.stem:
                stems.append((start, end, word.stem))
            if word.labels:
                found += [Mark(start, end, label) for label in word.labels]
            if at < last and (word.phrases or word.open_phrases):
                for label, rest in word.phrases.get(words[at + 1].folded, ()):
                    if not rest or _follow(rest, words, at + 2):
                        found.append(Mark(start, places[at + 1 + len(rest)][1], label))
                for label, rest in word.open_phrases:
                    if _follow(rest, words, at + 1):
                        found.append(Mark(start, places[at + len(rest)][1], label))
        return stems, found

    def _glyph_marks(self, text: str) -> list[Mark]:
        folded = text.lower()
        if len(folded) != len(text):
            folded = text
        found: list[Mark] = []
        glyphs = self._glyphs
        for at in range(len(folded)):
            pair = folded[at : at + 2]
            if pair in glyphs:
                for entry, labels in glyphs[pair].items():
                    if folded.startswith(entry, at):
                        found += [Mark(at, at + len(entry), label) for label in labels]
            if pair[0] in glyphs:
                found += [Mark(at, at + 1, label) for label in glyphs[pair[0]].get(pair[0], ())]
        return found


def _follow(rest: Entry, words: list[Word], at: int) -> bool:
    """Whether the words from there on are those of a phrase."""
    return at + len(rest) <= len(words) and all(
        _fits(entry, word.folded) for entry, word in zip(rest, words[at : at + len(rest)], strict=True)
    )


def _fits(entry: str, folded: str) -> bool:
    if entry.endswith("*"):
        return folded.startswith(entry[:-1])
    return folded.endswith(entry[1:]) if entry.startswith("*") else entry == folded


def _entries(text: str) -> Iterator[str]:
    for entry in re.split(r"[,\n]", text):
        if entry.strip():
            yield entry.strip()


def _runs(text: str, stop: frozenset[str]) -> list[Placed]:
    """Runs of letters that words are mostly made of, in languages without blanks; longer ones in pairs."""
    found: list[Placed] = []
    for match in _RUN.finditer(text):
        run, start = match[0], match.start()
        if len(run) <= 2 or run[0] < "\u3400":
            if run not in stop and len(run) > 1:
                found.append((*match.span(), run.lower()))
            continue
        for at in range(len(run) - 1):
            pair = run[at : at + 2]
            if pair not in stop and pair[0] not in stop and pair[1] not in stop:
                found.append((start + at, start + at + 2, pair))
    return found
