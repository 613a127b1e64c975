"""Whoever asks who somebody is, where something lies or what it is called gets the name that is stored."""

import re
from collections.abc import Container, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from gateway.drift.glance import ASKING
from gateway.drift.lazily import lazily
from gateway.drift.scripts import UPPER
from gateway.drift.text import Stretch
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.heard import Heard
from gateway.drift.values.stated import PLACE
from gateway.drift.values.strange import is_title, is_told

_LETTER = "[^\\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
WORD = rf"[{UPPER}]{_LETTER}+(?:[’'-]{_LETTER}+)*"
"""A word with a capital."""
RUN = lazily(rf"{WORD}(?:[ \u00a0](?:\w{{2,3}} )?{WORD})*")
_STOPS = ".!?。！？\n"
_BREAKS = lazily(r"[.!?;:()\n…]")
BEFORE, BEHIND = 4, 3
"""Content words beside a name that say whose it is."""
MOST = 120
"""Names that are kept."""
FIRST = 160
"""Characters of an answer that answer the question."""
CLOSE = 32
"""Characters between a name and whose it is, where only the answer says so."""
SURE = 0.8


class Told(NamedTuple):
    """A name in the prompt's prose or a field, and what stands beside it."""

    basis: str
    keys: frozenset[str]
    words: tuple[str, ...]
    """Its words, in lower case."""
    spans: tuple[tuple[int, int], ...] = ()
    """Where it stands."""
    owner: str = ""
    """Whose it is, where words run on, as it stands there."""


class Answers:
    """Names by the words beside them, held against the name in an answer to a question for it."""

    def __init__(
        self,
        asking: re.Pattern[str],
        called: re.Pattern[str],
        naming: Container[str],
        titles: Container[str],
        *,
        lying: Container[str],
        stop: Container[str],
        where: re.Pattern[str],
        whence: re.Pattern[str],
        comes: re.Pattern[str],
        site: re.Pattern[str] | None,
        capitals_tell: bool,
    ) -> None:
        """Make room; `where` asks for a place, and `site` finds one where capitals don't."""
        self._where, self._whence, self._comes = where, whence, comes
        self._site, self._lying = site, lying
        self._has_site, self._stop = False, stop
        self.told: list[Told] = []
        self._asking, self._called = asking, called
        self._naming, self._titles = naming, titles
        self._capitals_tell = capitals_tell
        self._runs: list[tuple[str, str, str]] = []
        """Key, name and basis, where words run on."""

    def found(
        self,
        basis: str,
        text: str,
        stems: Sequence[tuple[str, int, int]],
        denied: Sequence[int] = (),
        lead: str = "",
    ) -> list[Told]:
        """Find the names of a text; `stems` are its content words, `lead` what the whole belongs to."""
        found = [
            Told(basis, frozenset(), (match[2],), (match.span(2),), match[1])
            for match in islice(self._called.finditer(text), MOST)
            if match[1] and match[2]
        ]
        self._has_site = self._has_site or (self._site is not None and self._site.search(text) is not None)
        places = self._places(text)
        for at, (start, end) in enumerate(places[:MOST]):
            low = max([0, *(m.end() for m in _BREAKS.finditer(text, 0, start))])
            high = min([len(text), *(m.start() for m in _BREAKS.finditer(text, end))])
            if any(low <= place < start for place in denied):
                continue
            low = max(low, places[at - 1][1] if at else 0)
            high = min(high, places[at + 1][0] if at + 1 < len(places) else high)
            before = [stem for stem, a, _ in stems if low <= a < start][-BEFORE:]
            behind = [stem for stem, a, _ in stems if end <= a < high][:BEHIND]
            keys = frozenset([*before, *behind, *([lead] if lead else [])])
            if keys:
                words = [word for word in text[start:end].lower().split() if word not in self._titles]
                found.append(Told(basis, keys, tuple(words), ((start, end),)))
        return found

    def keep(self, told: Told) -> None:
        """Hold answers against this name."""
        if told.owner:
            if len(self._runs) < MOST:
                self._runs.append((told.owner, told.words[0], told.basis))
        elif len(self.told) < MOST:
            self.told.append(told)

    def is_asked(self, question: Stretch) -> bool:
        """Tell whether a question may be for one of the names."""
        return bool(self.told or self._runs or self._site) and self.asks(question)

    def asks(self, question: Stretch) -> bool:
        """Tell whether it is asked who, where or what is called."""
        return bool(question.notes & ASKING) and self._asking.search(question.lower) is not None

    def weigh(self, evidence: Evidence, heard: Heard) -> None:
        """Add another name than the one that was asked for."""
        for match in self._called.finditer(heard.text[:FIRST]):
            self._weigh_run(evidence, heard, match)
        if self._whence.search(heard.asked) and not self._says_whence(evidence.facts.text, heard.asked_stems):
            return  # Where the persona is says nothing of where its wares are from.
        end = min([at for stop in _STOPS if (at := heard.text.find(stop)) > 0], default=len(heard.text))
        if not (self._where.search(heard.asked) and self._weigh_site(evidence, heard, min(end, FIRST))):
            self._weigh_asked(evidence, heard, end)

    def _says_whence(self, known: str, asked: Iterable[str]) -> bool:
        """Tell whether a sentence of the persona's texts says where what is asked about is from."""
        told = [one for one in re.split(r"[.!?。\n]", known) if self._comes.search(one)]
        return any(is_told(stem, sentence) for sentence in told for stem in asked)

    def _weigh_asked(self, evidence: Evidence, heard: Heard, end: int) -> bool:
        """Hold the name in the first sentence against the one that is asked for; say whether one was."""
        about = heard.asked_stems | {stem for stem, at, _ in heard.stems if at < end}
        held = [(len(one.keys & about), len(one.keys & heard.asked_stems), one) for one in self.told]
        best = max(((shared, asked) for shared, asked, _ in held), default=(0, 0))
        if best[0] == 0:
            return False
        meant = [one for shared, asked, one in held if (shared, asked) == best]
        # What the question has no word of must stand right beside the name.
        must_stand_beside = best[1] == 0 and bool(heard.asked_stems)
        for start, stop in self._places(heard.text[: min(end, FIRST)], evidence.facts.sources.values()):
            words = [word.lower() for word in re.findall(r"\w{2,}", heard.text[start:stop])]
            words = [word for word in words if word not in self._titles and word not in self._stop]
            if any(one.start == start and one.category[0] == "_" for one in evidence.mentions):
                # "I am Ada" begins with no name.
                words = words[1:]
            if all(_is_land(evidence, heard.text, start, stop, word) for word in words):
                continue
            near = meant
            if must_stand_beside:
                near = [one for one in self.told if _is_beside(heard, one.keys, start)]
            if any(_is_same(words, one.words) for one in near):
                return True
            if near and self._is_novel(words, heard.asked, evidence.facts.text):
                evidence.accuse("name", "name-clash", SURE, (start, stop), near[0].basis)
                return True
        return False

    def _weigh_site(self, evidence: Evidence, heard: Heard, end: int) -> bool:
        """Hold the place that is named first against all that is stored, where it is asked where."""
        known, said = evidence.facts.text, heard.text[:end]
        if any(at < end for at in heard.denied):
            return False
        if self._site is None:
            found = [
                (place, re.findall(r"\w{2,}", said[slice(*place)].lower()))
                for place in self._places(said, evidence.facts.sources.values())
            ]
        elif self._has_site:
            sites = self._site.finditer(said)
            found = [(site.span(), [next(filter(None, site.groups())).lower()]) for site in sites]
        else:
            found = []
        lands = [one for one in evidence.mentions if one.category == PLACE and one.end <= end]
        found += [((one.start, one.end), [said[one.start : one.end].lower()]) for one in lands]
        for span, words in sorted(found):
            words = [word for word in words if word not in self._titles and word not in self._lying]
            strange = [not is_told(word, known) and not is_told(word, heard.asked) for word in words]
            if strange and (strange[0] or strange[-1]) and not is_told(words[-1], heard.earlier):
                evidence.accuse("name", "name-clash", SURE, span, "prompt")
                return True
            if words:
                return False
        return False

    def _weigh_run(self, evidence: Evidence, heard: Heard, match: re.Match[str]) -> None:
        key, name = match[1], match[2]
        if not name or not key or name in heard.asked or name in evidence.facts.text:
            return
        for stored, value, basis in self._runs:
            is_same = stored == key or stored.endswith(key) or key.endswith(stored)
            if is_same and value not in heard.text:
                evidence.accuse("name", "name-clash", SURE, match.span(2), basis)
                return

    def _is_novel(self, words: Sequence[str], asked: str, known: str) -> bool:
        """Tell whether a word of the name, the first or all, stands in no text of the persona or the user."""
        strange = [not is_told(word, known) and not is_told(word, asked) for word in words]
        return bool(strange) and (all(strange) or (len(strange) > 1 and strange[0]))

    def _places(self, text: str, stored: Iterable[str] | None = None) -> list[tuple[int, int]]:
        """Find where names stand: by capitals, or where all nouns have them, behind a word of naming.

        Beside `stored` texts, as in an answer, a title in quotation marks is no name.
        """
        found = []
        for match in RUN.finditer(text):
            lead = text[: match.start()].rstrip(" \"'“„«(¿¡")
            start = match.start()
            begins = not lead or lead[-1] in _STOPS + ":…-•"
            many = re.findall(WORD, match[0])
            if begins:
                # A capital stands there because a sentence begins.
                if len(many) < 2:
                    continue
                start += len(many[0]) + 1 if len(many) > 2 or not self._capitals_tell else 0
            before = re.findall(r"[^\W\d_]+", lead[-24:].lower())[-1:]
            named = any(word in self._naming or word in self._titles for word in before)
            titled = many[0].lower() in self._titles and len(many) > 1
            if stored is not None and is_title(text, start, match.end(), stored):
                continue
            if self._capitals_tell or titled or (named and not begins):
                found.append((start, match.end()))
        return found


def _is_land(evidence: Evidence, text: str, start: int, stop: int, word: str) -> bool:
    """Tell whether a word of a name is that of a country or its people: "an American"."""
    lands = [one for one in evidence.mentions if one.category == PLACE and start <= one.start < stop]
    return any(text[one.start : one.end].lower() == word for one in lands)


def _is_beside(heard: Heard, keys: frozenset[str], place: int) -> bool:
    """Tell whether one of the words stands close to a place of the answer."""
    return any(stem in keys and abs(at - place) <= CLOSE for stem, at, _ in heard.stems)


def _is_same(said: Sequence[str], stored: Sequence[str]) -> bool:
    """Tell whether a name is the stored one, or a part of it; another first name makes it another's."""
    shared = [word for word in said if any(word[:4] == one[:4] for one in stored)]
    return bool(shared) and (
        len(said) == 1 or len(stored) == 1 or said[0][:4] == stored[0][:4] or len(shared) > 1
    )
