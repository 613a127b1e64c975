"""Words that carry a fact, in a dozen languages: closed categories, numbers, negations, likes and persons."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import accumulate
from typing import Any, NamedTuple

from gateway.drift.values.entries import GLYPH_RUN, Entries, Entry, Sense

_GLYPHS = "\u0e00-\u0e7f\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts whose words are not told apart by spaces, or carry their particles with them."""
_HIRAGANA = "\u3040-\u309f"
_TOKEN = re.compile(rf"([^\W\d_{_GLYPHS}]+(?:['’\-][^\W\d_{_GLYPHS}]+)*|\d+|[{_GLYPHS}]+)")
_PLAIN = re.compile(r"([a-zA-Z]+(?:['-][a-zA-Z]+)*|\d+)", re.ASCII)
"""The same in a text of ASCII, twice as quick."""
_STEM = 5
"""Letters kept of a word: crude, but the same for every alphabet, and `teacher` meets `teaching`."""
_DIGITS = {
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "百": 100,
}
_COUNTED = re.compile(
    "([二三四五六七八九]?)(十)([一二三四五六七八九]?)(?![分足几字])|([一二两三四五六七八九])(?=[岁歳只隻条位名個个年次天口匹本台])"
)
_PAIRS = 1 << 13
"""Pairs of characters whose forms are remembered."""
_APOSTROPHE = re.compile("['’]")
TOPIC = "?"
"""The value of a word that names its category: what a question asks for."""


class Mention(NamedTuple):
    """A known word where it stands; its category starts with `_` where it is grammar and not a fact."""

    category: str
    value: str
    start: int
    end: int


_mention = tuple.__new__
"""Quicker than the class itself, which is what a reading spends its time with."""


class Reading(NamedTuple):
    """What one look at a text finds, in the order of the text, in characters of it."""

    mentions: tuple[Mention, ...]
    stems: tuple[tuple[str, int, int], ...]
    """Content words cut to their stems; pairs of characters where words are not spaced."""
    numbers: tuple[tuple[int, int, int], ...]


class Lexicon:
    """The packaged lists, without the words that mean something else in one language."""

    def __init__(self, language: str) -> None:
        data = _data()
        strange = frozenset(data["false_friends"].get(language, "").split())
        self._stop = frozenset(data["stop"].split())
        self._elides = language in ("fr", "it")
        self.periods = frozenset(data["periods"].split())
        """Words for stretches of time, of which a text counts many."""
        self.puts_objects_first = language in ("ja", "ko")
        self._numbers = {word: n for word, n in data["numbers"].items() if word not in strange}
        self._words: dict[str, list[Sense]] = {}
        self._prefixes: dict[str, list[Sense]] = {}
        self._glyphs: dict[str, list[tuple[str, Sense]]] = {}
        senses = [(name, members) for name, members in data["categories"].items()]
        senses += [("_" + role.removesuffix("_glyph"), {"": forms}) for role, forms in data["words"].items()]
        senses += [(name, {TOPIC: forms}) for name, forms in data["topics"].items()]
        senses += [
            ("place", {f"{at}/{town}": town for town in towns.split()}) for at, towns in data["towns"].items()
        ]
        for category, members in senses:
            for value, forms in members.items():
                self._add((category, value), (form for form in forms.split() if form not in strange))
        for entries in self._glyphs.values():
            entries.sort(key=lambda entry: -len(entry[0]))
        self._by_pair: dict[str, tuple[tuple[str, Sense], ...]] = {}
        self._heads = frozenset(prefix[:3] for prefix in self._prefixes)
        self._halves = frozenset(form.partition("-")[0] for form in self._words if "-" in form[1:])
        self._known = Entries(self._look_up)
        self._first = re.compile("[" + "".join(map(re.escape, self._glyphs)) + "]")
        self._run = re.compile(f"[^{_HIRAGANA}{data['glyph_stop']}]{{2,}}")
        self.keys = {word: kind for kind, words in data["keys"].items() for word in words.split()}
        self.literals = {name: tuple(forms.split("|")) for name, forms in data["literals"].items()}
        """Wordings in lower case, each as it stands in a text."""
        patterns = data["patterns"] | data["literals"]
        patterns["name"] = patterns["name"].replace("{named}", patterns["named"])
        self.patterns = {name: re.compile(p, re.IGNORECASE) for name, p in patterns.items()}

    def _add(self, sense: Sense, forms: Iterable[str]) -> None:
        for form in forms:
            if re.match(f"[{_GLYPHS}]", form):
                self._glyphs.setdefault(form[0], []).append((form.rstrip("*"), sense))
            elif form.endswith("*"):
                self._prefixes.setdefault(form[:-1], []).append(sense)
            else:
                self._words.setdefault(form, []).append(sense)

    def read(self, text: str, offset: int = 0) -> Reading:
        """One pass over the text, which begins at that place; its time is in proportion to the length."""
        mentions: list[Mention] = []
        stems: list[tuple[str, int, int]] = []
        numbers: list[tuple[int, int, int]] = []
        before, since, known = "", 0, self._known
        if self._elides:
            text = _APOSTROPHE.sub(" ", text)
        parts = (_PLAIN if text.isascii() else _TOKEN).split(text)
        borders = list(accumulate(map(len, parts), initial=offset))
        words = map(known.__getitem__, parts[1::2])
        for word, start, end in zip(words, borders[1::2], borders[2::2], strict=False):
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
        return Reading(tuple(mentions), tuple(stems), tuple(numbers))

    def find(self, literal: str, pattern: str, text: str, lower: str) -> re.Match[str] | None:
        """Search for a pattern that needs one of these literals: far quicker where none is there."""
        return (
            self.patterns[pattern].search(text)
            if any(map(lower.__contains__, self.literals[literal]))
            else None
        )

    def _look_up(self, token: str) -> Entry | str | None:
        """What is known of a token: often no more than its stem, or nothing."""
        lower = token.lower().replace("’", "'")
        if lower[0].isdecimal():
            return Entry(lower, (), int(lower[:12]), "", False)
        if lower[0] > "\u2fff" or "\u0e00" <= lower[0] < "\u0e80":
            return GLYPH_RUN
        senses, number = tuple(dict.fromkeys(self._senses(lower))), self._numbers.get(lower)
        grammar = any(category[0] == "_" for category, _ in senses)
        told = number is None and len(lower) > 1 and not grammar and lower not in self._stop
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
        numbers.extend((n, start + a, start + b) for n, a, b in _counted(run))

    def _senses(self, word: str) -> Iterable[Sense]:
        found = self._words.get(word)
        if found is None and word.endswith("n't"):
            return (("_negations", ""),)
        if found is None and len(word) > 3 and word.endswith("s"):
            found = self._words.get(word.removesuffix("s").removesuffix("'"))
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
            for form, (category, value) in self._starting(run[at : at + 2]):
                if run.startswith(form, at):
                    if at >= past:
                        past, longest = at + len(form), form
                    elif form != longest:
                        break
                    yield Mention(category, value, offset + at, offset + at + len(form))

    def _starting(self, pair: str) -> tuple[tuple[str, Sense], ...]:
        """The forms that may begin with these two characters, the longest first."""
        found = self._by_pair.get(pair)
        if found is None:
            forms = self._glyphs[pair[0]]
            found = tuple(entry for entry in forms if pair.startswith(entry[0][:2]))
            if len(self._by_pair) < _PAIRS:
                self._by_pair[pair] = found
        return found

    def _pairs(self, run: str, offset: int) -> Iterator[tuple[str, int, int]]:
        for piece in self._run.finditer(run):
            found, at = piece.group(), offset + piece.start()
            for i in range(len(found) - 1):
                yield found[i : i + 2], at + i, at + i + 2


def _counted(run: str) -> Iterator[tuple[int, int, int]]:
    for match in _COUNTED.finditer(run):
        tens, ten, ones, one = match.groups()
        n = _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0) if ten else _DIGITS[one]
        yield n, match.start(), match.end()


def _stem(word: str) -> str:
    bare = word.partition("'")[0]
    return (bare[:_STEM].rstrip("s") if len(bare) <= _STEM else bare[:_STEM]) or word


def lexicon(language: str) -> Lexicon:
    """The lexicon of a language by its ISO 639-1 code or tag, built on first use in some ten milliseconds."""
    return _lexicon(language.lower()[:2])


@lru_cache(maxsize=32)
def _lexicon(language: str) -> Lexicon:
    return Lexicon(language)


@cache
def _data() -> dict[str, Any]:
    text = files("gateway.drift").joinpath("data/facts.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
