"""Names that are stored in a field are held against another name that an answer gives in their place."""

import re
from collections import Counter
from collections.abc import Container
from typing import NamedTuple

from gateway.drift.values.evidence import Evidence
from gateway.drift.values.ledger import Heard

_WORD = r"[A-ZÀ-ÖØ-ÞĞİŞ][^\W\d_]+(?:[’'-][A-ZÀ-ÖØ-ÞĞİŞ][^\W\d_]+)*"
_RUN = re.compile(rf"{_WORD}(?:[ \u00a0](?:(?:of|de|du|des|del|della|von|van|the|la|le) )?{_WORD})*")
_CAPITAL = re.compile(rf"[^.!?\s\"“„«(¿¡] {_WORD}")
_GLYPHS = re.compile("[\u3005\u3041-\u9fff]+")
_GLYPHS_SAID = (
    r"は「?([\u3005\u30a1-\u30ff\u4e00-\u9fff]{1,8}?)」?(?:と申|です|でござ|という|と言|様で|が[務つ])"
)
_MOST = 200
"""Fields that are kept."""
_FIRST = 120
"""Characters of an answer that answer the question."""
_NEAR = 60
_SURE = 0.8
_STOPS = ".!?。！？\n"


class Named(NamedTuple):
    """A field whose value names somebody or something."""

    basis: str
    keys: frozenset[str]
    words: frozenset[str]
    """The words of the names, in lower case."""


class Names:
    """The names that are stored, by what they belong to."""

    def __init__(self, *, capitals_tell: bool) -> None:
        self.fields: list[Named] = []
        self._glyphs: list[tuple[str, str, str]] = []
        self._capitals_tell = capitals_tell
        self._seen: Counter[str] = Counter()

    def add(self, basis: str, key: str, value: str, keys: frozenset[str]) -> None:
        """Keep a field where its value has a name in it."""
        if len(self.fields) >= _MOST or len(value) > _FIRST:
            return
        if _GLYPHS.fullmatch(value) and len(value) <= 8 and _GLYPHS.fullmatch(key):
            self._glyphs.append((key, value, basis))
            return
        words = frozenset(
            word.lower() for run in _runs(value, capitals_tell=self._capitals_tell) for word in run
        )
        if words and keys:
            self.fields.append(Named(basis, keys, words))
            self._seen.update(keys)

    def is_worth(self, text: str) -> bool:
        """Tell whether the text may name something where a name is stored."""
        return bool(self._glyphs) or (bool(self.fields) and _CAPITAL.search(text) is not None)

    def weigh(self, evidence: Evidence, heard: Heard) -> None:
        """Add another name where the sentence, or the question, is about a field that has one."""
        for key, value, basis in self._glyphs:
            match = re.search(re.escape(key) + _GLYPHS_SAID, heard.text) if key in heard.text else None
            is_novel = match and match[1] not in evidence.facts.text and match[1] not in heard.asked
            if match and is_novel and value not in heard.text:
                evidence.accuse("name", "name-clash", _SURE, match.span(1), basis)
        if not self.fields:
            return
        open_fields = [one for one in self.fields if not any(word in heard.lower for word in one.words)]
        if not open_fields:
            return
        dates = evidence.facts.lexicon.reader.dated
        for match in _RUN.finditer(heard.text):
            name = _novel(match, heard, evidence.facts.text, dates, capitals_tell=self._capitals_tell)
            if name is None:
                continue
            near = self._near(heard, *name)
            asked = heard.asked_stems if name[0] < _FIRST else frozenset()
            for one in open_fields:
                telling = [key for key in one.keys & (near | asked) if self._seen[key] == 1]
                if telling:
                    evidence.accuse("name", "name-clash", _SURE, name, one.basis)
                    return

    def _near(self, heard: Heard, start: int, end: int) -> set[str]:
        first = max(heard.lower.rfind(stop, 0, start) for stop in _STOPS) + 1
        ends = [at for stop in _STOPS if (at := heard.lower.find(stop, end)) >= 0]
        low, high = max(first, start - _NEAR), min(min(ends, default=len(heard.lower)), end + _NEAR)
        return {stem for stem, at, _ in heard.stems if low <= at < high and not start <= at < end}


def _runs(text: str, *, capitals_tell: bool) -> list[list[str]]:
    """Give the runs of capitalized words; where every noun has a capital only those of two or more."""
    found = [re.findall(_WORD, match[0]) for match in _RUN.finditer(text)]
    return [run for run in found if capitals_tell or len(run) > 1]


def _novel(
    match: re.Match[str], heard: Heard, known: str, dates: Container[str], *, capitals_tell: bool
) -> tuple[int, int] | None:
    """Give the place of a name that neither the persona's texts nor the user has; `None` where it is none."""
    words = [(word, match.start() + at.start()) for at in re.finditer(_WORD, match[0]) if (word := at[0])]
    lead = heard.text[: match.start()].rstrip(" \"'“„«(¿¡")
    if not lead or lead[-1] in _STOPS + ":…":
        # A capital stands there because a sentence begins.
        words = words[1:] if len(words) != 2 or heard.text[match.end() : match.end() + 1] != "," else words
    if not words or (len(words) < 2 and not capitals_tell):
        return None
    stop = next((letter for letter in heard.text[match.end() :] if letter in _STOPS), "")
    if stop in ("?", "？"):
        return None
    told = [word.lower() for word, _ in words]
    if any(len(word) < 3 or word in known or word in heard.asked or word in dates for word in told):
        return None
    return words[0][1], words[-1][1] + len(words[-1][0])
