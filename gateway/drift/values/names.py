"""Names that are stored in a field are held against another name that an answer gives in their place."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Container, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from gateway.drift.lazily import lazily
from gateway.drift.values.aside import TOUCHED
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.heard import STOPS, Heard
from gateway.drift.values.strange import WORD, is_known, is_title, novel

_CAPITAL = lazily(rf"[^.!?\s\"“„«(¿¡] {WORD}")
_GLYPHS = lazily("[\u3005\u3041-\u9fff]+")
_BRACKETED = lazily(r"[(（\[][^()（）\[\]]{0,200}$")
_BESIDE = 20
"""Characters between a name in prose and whose it is."""
_CLAUSE = 160
"""Characters before a name in prose that are looked at."""
_LOWER = lazily(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_APART = lazily(r"[;:()\[\]/&–—-]")
_MOST = 200
"""Fields that are kept."""
_FIRST = 120
"""Characters of an answer that answer the question."""
_NEAR = 60
_SURE = 0.8


@lru_cache(maxsize=4)
def run_of(within: tuple[str, ...]) -> re.Pattern[str]:
    """Match words with capitals, and between two of them one of these small ones: `House of Ash`."""
    small = "|".join(map(re.escape, within)) or "(?!)"
    return lazily(rf"{WORD}(?:[ \u00a0](?:(?:{small}) )?{WORD})*")


class Named(NamedTuple):
    """Names that stand in one place, and what they belong to."""

    basis: str
    keys: frozenset[str]
    words: frozenset[str]
    """The words of the names, in lower case."""
    spans: tuple[tuple[int, int], ...] = ()
    """Where each of them stands."""
    owner: str = ""
    """The word whose names they are, as it stands there."""
    runs: tuple[tuple[str, ...], ...] = ()
    """The words of each."""
    glyphs: tuple[str, str] | None = None
    """Whose name it is, and the name, where words run on."""


class Names:
    """The names that are stored, by what they belong to."""

    def __init__(
        self,
        *,
        capitals_tell: bool,
        run: re.Pattern[str],
        titles: Container[str],
        naming: Container[str],
        stop: Container[str],
        articles: Container[str],
        leads: re.Pattern[str],
        said: str,
    ) -> None:
        """Make room; `run` matches a name, `leads` one where words run on, and `said` follows whose it is."""
        self.fields: list[Named] = []
        self._glyphs: list[tuple[str, str, str]] = []
        self._capitals_tell, self._run = capitals_tell, run
        self._titles, self._naming, self._small = titles, naming, (titles, naming)
        self._stop, self._articles = stop, articles
        self._names_told, self._name_said = leads, said
        self._seen: Counter[str] = Counter()
        self._told: dict[str, set[str]] = {}
        """The keys of each word of a name."""
        self._runs: dict[str, tuple[str, set[str]]] = {}
        """Says where each last name is stored, and with which first names."""

    def within(self, basis: str, key: str, value: str, keys: frozenset[str]) -> list[Named]:
        """Find the names in the value of a field."""
        if len(value) > _FIRST:
            return []
        if _GLYPHS.fullmatch(value) and len(value) <= 8 and _GLYPHS.fullmatch(key):
            whole = ((0, len(value)),)
            return [Named(basis, keys, frozenset({value}), whole, key, glyphs=(key, value))]
        found = self._runs_of(value)
        runs = tuple(run for run, _ in found)
        words = frozenset(word.lower() for run in runs for word in run)
        return [Named(basis, keys, words, tuple(span for _, span in found), key, runs)] if runs else []

    def told(
        self, basis: str, text: str, stems: Sequence[tuple[str, int, int]], denied: Sequence[int]
    ) -> list[Named]:
        """Find the names in prose by the word before each, not those in brackets and denials."""
        none: frozenset[str] = frozenset()
        found = [
            Named(basis, none, frozenset({match[2]}), (match.span(2),), match[1], glyphs=(match[1], match[2]))
            for match in islice(self._names_told.finditer(text), _MOST)
        ]
        for match in self._run.finditer(text):
            opens = max(0, match.start() - _CLAUSE)
            lead = text[opens : match.start()].rstrip(" \"'“„«(¿¡")
            if len(found) >= _MOST or not lead or lead[-1] in STOPS + ":…-•":
                continue
            first = opens + max(map(lead.rfind, STOPS)) + 1
            low = bisect_left(denied, first)
            is_denied = low < len(denied) and denied[low] < match.start()
            if is_denied or _BRACKETED.search(text[first : match.start()]):
                continue
            run = tuple(re.findall(WORD, match[0]))
            if len(run) < 2 and not self._capitals_tell:
                continue
            key, owner = self._owner(text[first : match.start()].lower(), first, stems)
            words = frozenset(word.lower() for word in run)
            keys = frozenset({key} if key else ())
            found.append(Named(basis, keys, words, (match.span(),), owner, (run,)))
        return found

    def _owner(self, lead: str, first: int, stems: Sequence[tuple[str, int, int]]) -> tuple[str, str]:
        """Give the word whose name follows, as it is known and as it stands: "his brother," """
        words = list(_LOWER.finditer(lead))
        while words and (words[-1][0].replace("’", "'") in self._naming or words[-1][0] in self._titles):
            words.pop()
        if not words or len(lead) - words[-1].end() > _BESIDE or _APART.search(lead, words[-1].end()):
            return "", ""
        at = first + words[-1].start()
        place = bisect_right(stems, at, key=lambda one: one[1]) - 1
        is_known = place >= 0 and at < stems[place][2]
        return (stems[place][0], words[-1][0]) if is_known else ("", "")

    def keep(self, named: Named) -> None:
        """Hold answers against these names."""
        if named.glyphs is not None:
            if len(self._glyphs) < _MOST:
                self._glyphs.append((*named.glyphs, named.basis))
            return
        if len(self.fields) >= _MOST:
            return
        basis, keys, words = named[:3]
        for run in named.runs:
            if len(run) > 1:
                self._runs.setdefault(run[-1].lower(), (basis, set()))[1].add(run[0].lower())
        if words and keys:
            # The prompt and the layers often say the same.
            told = {key for word in words for key in self._told.get(word, ())}
            for word in words:
                self._told.setdefault(word, set()).update(keys)
            self.fields.append(named)
            self._seen.update(keys - told)

    def is_worth(self, text: str) -> bool:
        """Tell whether the text may name something where a name is stored."""
        return bool(self._glyphs) or (bool(self.fields or self._runs) and _CAPITAL.search(text) is not None)

    def weigh(self, evidence: Evidence, heard: Heard) -> None:
        """Add another name where the sentence, or the question, is about a field that has one."""
        for key, value, basis in self._glyphs:
            is_about = bool(self._name_said) and key in heard.text
            match = re.search(re.escape(key) + self._name_said, heard.text) if is_about else None
            is_novel = match and match[1] not in evidence.facts.text and match[1] not in heard.asked
            if match and is_novel and value not in heard.text:
                evidence.accuse("name", "name-clash", _SURE, match.span(1), basis)
        open_fields = [one for one in self.fields if not any(word in heard.lower for word in one.words)]
        if not open_fields and not self._runs:
            return
        dates = evidence.facts.lexicon.reader.dated
        for match in self._run.finditer(heard.text):
            name = novel(match, heard, evidence.facts.text, dates, capitals_tell=self._capitals_tell)
            if name is None:
                other = self._misnamed(match[0], heard, evidence.facts.text)
                if other is not None:
                    evidence.accuse("name", "name-clash", _SURE, match.span(), other)
                    return
                continue
            if is_title(heard.text, *name, evidence.facts.sources.values()):
                continue
            near = self._near(heard, *name)
            asked = heard.asked_stems if name[0] < _FIRST else frozenset()
            for one in open_fields:
                telling = [key for key in one.keys & (near | asked) if self._seen[key] == 1]
                if telling:
                    # Whom nobody asked for may be anybody, unless the name stands right behind whose it is.
                    is_meant = heard.asks or heard.is_named(telling, name[0], self._small)
                    evidence.accuse("name", "name-clash", _SURE if is_meant else TOUCHED, name, one.basis)
                    return

    def _misnamed(self, said: str, heard: Heard, known: str) -> str | None:
        """Say where somebody is stored whose last name stands here behind another first name."""
        run = [word.lower() for word in re.findall(WORD, said)]
        stored = self._runs.get(run[-1]) if len(run) > 1 else None
        if (
            stored is None
            or not stored[1].isdisjoint(run)
            or run[-2] in self._titles
            or run[-2] in self._stop
        ):
            return None
        if not self._capitals_tell and not said.lower().endswith(f"{run[-2]} {run[-1]}"):
            return None
        between = said.lower().removesuffix(run[-1]).rpartition(run[-2])[2].split()
        if between and all(word in self._articles for word in between):
            # "Half the Lane" is no other lane's name.
            return None
        # "In the hands of Mrs Bell" and "With First Mile" begin with no other first name.
        is_told = run[-2] in heard.asked or run[-2] in heard.earlier or is_known(run[-2], known)
        return None if is_told else stored[0]

    def _runs_of(self, text: str) -> list[tuple[tuple[str, ...], tuple[int, int]]]:
        """Give the runs of capitalized words; where every noun has a capital only those of two or more."""
        found = [(tuple(re.findall(WORD, match[0])), match.span()) for match in self._run.finditer(text)]
        return [(run, span) for run, span in found if self._capitals_tell or len(run) > 1]

    def _near(self, heard: Heard, start: int, end: int) -> set[str]:
        before, behind = heard.stopped(start, end)
        low, high = max(before + 1, start - _NEAR), min(behind, end + _NEAR)
        return {stem for stem, at in heard.stems_between(low, high) if not start <= at < end}
