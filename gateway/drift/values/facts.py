"""Facts are what is stored of a persona: values by category, and clauses by their words."""

import math
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from gateway.drift.character import leaves
from gateway.drift.language import Languages
from gateway.drift.text import Stretch, Text
from gateway.drift.values.answers import Answers
from gateway.drift.values.clause import FELT, Clause
from gateway.drift.values.figures import NOUN
from gateway.drift.values.ledger import Ledger
from gateway.drift.values.lexicon import lexicon
from gateway.drift.values.names import Names
from gateway.drift.values.segmentation import pieces, segment
from gateway.drift.values.stated import Stated, about, around, sentence

READ, _READ_IN_ALL, FIELDS = 20_000, 60_000, 2_000
"""Characters read of one stored text and of all of them, and fields looked at."""
_ITEMS, _MOST, _VERBATIM = 400, 40, 400
"""Stored statements that a turn is held against, those for one word, and short fields looked for as such."""

GAP = "…"
"""This stands where a figure stood that is none, or that its owner takes back."""
Limit = frozenset[int]
"""Numbers of sentences or words."""
_CAPITALIZED = re.compile(r"(?<!\w)[^\W\d_a-zà-ÿ][\w’'-]+")
_FELT_LENGTH = 120
"""Characters of a field that says what is liked or not."""


class Claim(NamedTuple):
    """A stored clause and where it is stored."""

    basis: str
    clause: Clause
    mass: float
    is_said: bool
    """True for an example line or an earlier turn, where many passing things are said."""

    @property
    def full(self) -> float:
        """The mass of shared words that makes a clause wholly alike; three words are enough."""
        return 4.0 if self.mass > 3.0 else 1 + self.mass


class Facts:
    """A persona's version made ready: its stored values by category, and its statements by their words."""

    def __init__(
        self,
        fields: dict[str, Any],
        prompt: str,
        examples: tuple[str, ...],
        language: str,
        name: str,
        languages: Languages | None = None,
        forbidden: Iterable[str] = (),
        stated: Mapping[str, str] | None = None,
        limits: Mapping[str, Limit] | None = None,
    ) -> None:
        """Make them ready; `forbidden` are sentences of the prompt about what not to say, and no facts.

        `stated` are sentences of the owner's, each by where it stands. `limits` are sentences of the prompt
        with the numbers by which they say how long an answer may be, which count nothing else.
        """
        self.lexicon = lexicon(language, languages)
        self.name = name
        self.stored: dict[str, dict[str, str]] = {}
        self.keyed: set[str] = set()
        self.verbatim: dict[str, str] = {}
        self.age: tuple[float, str] | None = None
        self.items: list[Claim] = []
        self.attitudes: dict[str, tuple[int, str]] = {}
        """Things that are liked (1) or disliked (-1), and where that is stored."""
        prompt = self._unlimited(prompt[:READ], limits or {})
        known = [(path[:READ], value[:READ]) for path, value in islice(leaves(fields), FIELDS)]
        self.ledger = Ledger(self.lexicon.reader)
        own = self.lexicon
        self.names = Names(
            capitals_tell=own.capitals_tell,
            titles=own.titles,
            naming=own.naming,
            told=own.name_told,
            said=own.name_said,
        )
        self.answers = Answers(
            own.asking,
            own.called,
            own.naming,
            own.titles,
            capitals_tell=own.capitals_tell,
        )
        stated = stated or {}
        texts = [prompt, *stated.values(), *(value for _, value in known)]
        self.text = " ".join(texts)[:_READ_IN_ALL].lower()
        self._left = _READ_IN_ALL
        """Characters that may still be read; the prompt is read whatever is left."""
        for path, value in known:
            if self._left > 0:
                self._take_field(path, value)
        for shape in ("line", "field"):
            for line in self.lexicon.patterns[shape].finditer(prompt):
                self._take_key(line[1].lower().split(), line[2].lower(), "prompt")
        told = prompt
        for kept_back in filter(None, forbidden):
            told = told.replace(kept_back, "\n")
        self._take_text("prompt", told)
        self._take_figures("prompt", prompt)
        for basis, told in stated.items():
            self._take_text(basis, told)
            self._take_figures(basis, told)
        self._take_names(prompt)
        for i, example in enumerate(examples):
            if self._left > 0 and len(self.items) < _ITEMS:
                self._take_text(f"examples[{i}]", example[:READ])
                for part in pieces(self.lexicon, Text(example[:READ], READ)):
                    for figure in part.reading.figures:
                        self.ledger.acquit(figure)
        self._one_gender()
        self.ledger.close()
        self.counted = {
            (unit, number.value)
            for item in self.items
            for number in item.clause.numbers
            for unit in number.units
        }
        """Every count that is stored, with the words that it may count."""
        self.index: dict[str, list[int]] = {}
        """The places where each content word is stored."""
        for i, item in enumerate(self.items):
            for stem in item.clause.stems:
                self.index.setdefault(stem, []).append(i)
        self._weights = {
            stem: (0.5 if stem[0] > "\u3000" else 1.0) * _rarity(len(at)) for stem, at in self.index.items()
        }
        self.near = {stem: (self._weights[stem], at) for stem, at in self.index.items() if len(at) <= _MOST}
        """The weight of each content word that tells stored statements apart, and where they are."""
        self.items = [item._replace(mass=self.mass(item.clause.stems)) for item in self.items]
        self.full = [item.full for item in self.items]
        self.known = self.index.keys() | self.attitudes.keys()
        """The content words of which something is stored."""
        self.told = frozenset(
            stem for item in self.items if not item.basis.startswith("examples") for stem in item.clause.stems
        )
        self.is_machine = self.lexicon.patterns["machine"].search(self.text) is not None
        self.is_past = self.lexicon.patterns["past"].search(self.text) is not None

    def mass(self, stems: Iterable[str]) -> float:
        """Weigh how much the words say: rare ones more than common ones, pairs of characters half."""
        weights = self._weights
        # An exact sum is the same in whichever order a set gives its words, which differs between processes.
        return math.fsum(
            [weights[stem] if stem in weights else 0.5 if stem[0] > "\u3000" else 1.0 for stem in stems]
        )

    def _unlimited(self, prompt: str, limits: Mapping[str, Limit]) -> str:
        """Blank how long an answer may be; everything else stays where it stands."""
        for told, most in limits.items():
            at = prompt.find(told)
            if at < 0:
                continue
            figures = [
                one for part in pieces(self.lexicon, Text(told, len(told))) for one in part.reading.figures
            ]
            counted = {one.kind for one in figures if one.value in most and one.kind.startswith(NOUN)}
            for one in figures:
                if one.kind in counted:
                    blank = GAP.ljust(one.end - one.start)
                    prompt = prompt[: at + one.start] + blank + prompt[at + one.end :]
        return prompt

    def _take_field(self, path: str, value: str) -> None:
        self._left -= len(path)
        words = re.split(r"[._\s\[\]]+", path.lower())
        basis = f"layers.{path}"
        self._take_key(words, value.lower(), basis)
        if len(value) <= 24:
            for word in re.split(r"[,，、/;；]|(?<=[^\x00-\x7f])\s+", value.lower()):
                is_telling = len(word.strip()) >= 2 and (word[0] > "\u3000" or len(word) > 4)
                if is_telling and len(self.verbatim) < _VERBATIM:
                    self.verbatim.setdefault(word.strip(), basis)
        key = words[-1] if not words[-1].isdigit() else words[0]
        joined = f"{value} {key}" if re.fullmatch(r"\d+", value) else value
        self._take_text(basis, joined)
        named = " ".join(word for word in words if not word.isdigit())
        self._take_figures(basis, value, named)
        self._take_feeling(named, value, basis)
        if not value[:1].isdecimal():
            stems = [stem for stem, *_ in self.lexicon.read(Stretch(named)).stems]
            small = _CAPITALIZED.sub(" ", value)
            stems += [stem for stem, *_ in self.lexicon.read(Stretch(small)).stems]
            self.names.add(basis, key, value, frozenset(stems))
            read = [(stem, at, 0) for stem, at, *_ in self.lexicon.read(Stretch(value)).stems]
            lead = self.lexicon.read(Stretch(named)).stems
            self.answers.read(basis, value, read, lead=lead[0][0] if lead else "")

    def _take_feeling(self, named: str, value: str, basis: str) -> None:
        """Keep what a field says to be liked or disliked by its own name: `dislikes`."""
        felt = {mention.category for mention in self.lexicon.read(Stretch(named)).mentions} & FELT
        if len(felt) == 1 and len(value) <= _FELT_LENGTH:
            sign = 1 if "_like" in felt else -1
            for stem, *_ in self.lexicon.read(Stretch(value)).stems:
                self.attitudes.setdefault(stem, (sign, basis))

    def _take_key(self, words: list[str], value: str, basis: str) -> None:
        """Store the value of a field whose name says what it is, such as its age or its city."""
        kinds = [self.lexicon.shared.keys[word] for word in words if word in self.lexicon.shared.keys]
        if kinds and kinds[-1] == "age" and (digits := re.search(r"\d{1,4}", value)):
            self.age = self.age or (int(digits.group()), basis)
        for kind in kinds[-1:]:
            for held in self._values(kind, value):
                self.stored.setdefault(kind, {}).setdefault(held, basis)
                self.keyed.add(kind)

    def _values(self, kind: str, text: str) -> list[str]:
        """The narrowest values of a category in a field; an unknown word after a place lies within it."""
        mentions = [m for m in self.lexicon.read(Stretch(text)).mentions if m.category == kind]
        held = {m.value for m in mentions}
        if (
            mentions
            and kind == "place"
            and (rest := text[mentions[-1].end :].strip(" ,，、·" + self.lexicon.shared.units))
        ):
            held.add(f"{mentions[-1].value}/{rest}")
        return [one for one in held if not any(other.startswith(one + "/") for other in held)]

    def _take_figures(self, basis: str, text: str, named: str = "") -> None:
        """Keep the figures of a text with the words that say what they belong to: those of their clause."""
        own = {stem for stem, *_ in self.lexicon.read(Stretch(named)).stems} if named else set()
        own.update(word for word in named.split() if len(word) == 1 and word > "\u3000")
        for part in pieces(self.lexicon, Text(text, len(text)), head=READ):
            reading, lower = part.reading, part.stretch.lower
            days = self.lexicon.reader.days(part.stretch.text, lower, part.stretch.offset)
            if not reading.figures and not days:
                continue
            ends = [*(match.end() for match in self.lexicon.shared.turning.finditer(part.stretch.text))]
            for figure in sorted((*reading.figures, *days), key=lambda one: one.start):
                start, end, before = around(part.stretch.text, ends, figure)
                inside = [s for s in reading.stems if start <= s[1] < end]
                keys = [s for s in inside if not figure.start <= s[1] < figure.end]
                if not keys:
                    keys = [s for s in reading.stems if before <= s[1] < start]
                stems = frozenset(own.union(stem for stem, *_ in keys))
                told = named or text[start:end].strip(" \n,;:")
                self.ledger.add(Stated(figure, basis, stems, about([told]), sentence(text, figure)))

    def _take_names(self, prompt: str) -> None:
        """Keep the names in the prompt's prose."""
        for part in pieces(self.lexicon, Text(prompt, len(prompt)), head=READ):
            stems = [(s, a - part.stretch.offset, b) for s, a, b in part.reading.stems]
            denied = [m.start for m in part.reading.mentions if m.category == "_negations"]
            denied = [at - part.stretch.offset for at in denied]
            self.names.read(part.stretch.text, stems, denied)
            self.answers.read("prompt", part.stretch.text, stems, denied)

    def _take_text(self, basis: str, text: str) -> None:
        self._left -= len(text)
        for clause in segment(self.lexicon, Text(text, len(text)), head=READ, most=_ITEMS):
            if len(self.items) < _ITEMS:
                self.items.append(Claim(basis, clause, 0.0, basis.startswith("examples[")))
            if not basis.startswith("examples"):
                for thing, (sign, _) in clause.attitudes(self.lexicon.puts_objects_first).items():
                    self.attitudes.setdefault(thing, (sign, basis))
            if clause.age is not None and self.age is None and not basis.startswith("examples"):
                self.age = (clause.age, basis)
            for mention in clause.values:
                if mention.category not in self.keyed and not basis.startswith("examples"):
                    self.stored.setdefault(mention.category, {}).setdefault(mention.value, basis)

    def _one_gender(self) -> None:
        """Keep a gender that prose gives only where it gives one; its pronouns say it where no word does."""
        if "gender" in self.keyed:
            return
        if len(self.stored.get("gender", ())) > 1:
            del self.stored["gender"]
        he, she = (len(self.lexicon.patterns[word].findall(self.text)) for word in ("he", "she"))
        if "gender" not in self.stored and max(he, she) >= 3 and max(he, she) >= 4 * min(he, she):
            self.stored["gender"] = {"male" if he > she else "female": "prompt"}


def _rarity(seen: int) -> float:
    return 1.0 if seen < 3 else 0.6 if seen < 6 else 0.3
