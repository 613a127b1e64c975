"""Facts are what is stored of a persona: values by category, and clauses by their words."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from gateway.drift.character import leaves
from gateway.drift.fact import Fact
from gateway.drift.language import Languages
from gateway.drift.values.biography import READ, Biography, Limit
from gateway.drift.values.lexicon import lexicon
from gateway.drift.values.settlement import Settlement
from gateway.drift.values.source import category_of

FIELDS = 2_000
"""Fields that are looked at, the first."""
ALIKE = 0.2
"""The least likeness of two clauses that are about the same thing."""
_MOST = 40
"""Stored statements that are looked at for one word."""


class Near(NamedTuple):
    """A content word and the stored statements that have it."""

    weight: float
    at: list[int]
    alone: list[tuple[float, int]]
    """Those that are like a clause which has no other word of theirs, as `Facts.alike` gives them."""


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
        declared: Sequence[Fact] = (),
        limits: Mapping[str, Limit] | None = None,
    ) -> None:
        """Make them ready; `forbidden` are sentences of the prompt about what not to say, and no facts.

        `declared` is what the owner says of what is read, and beside it. `limits` are sentences of the prompt
        with the numbers by which they say how long an answer may be, which count nothing else.
        """
        self.lexicon = lexicon(language, languages)
        self.settlement = Settlement(declared)
        told = Biography(self.lexicon, self.settlement, self.settlement.named(name, declared))
        for path, value in islice(leaves(fields), FIELDS):
            told.take_field(path[:READ], value[:READ])
        told.take_prompt(prompt[:READ], forbidden, limits or {})
        for at, one in enumerate(declared):
            if one.text is not None:
                told.take_declared(f"facts[{at}]", one.text, self.settlement.corrected.get(at))
        for at, example in enumerate(examples):
            told.take_example(at, example)
        for fact in self.settlement.off:
            if fact.is_figure:
                told.ledger.acquit(fact.figure)
        told.close()
        self.name, self.sources, self.text = told.name, told.sources, told.text
        self.stored, self.keyed, self.verbatim, self.age = told.stored, told.keyed, told.verbatim, told.age
        self.attitudes = told.attitudes
        """Things that are liked (1) or disliked (-1), and where that is stored."""
        self.ledger, self.names, self.answers = told.ledger, told.names, told.answers
        self.acquitted = {(category_of(one.figure.kind), one.figure.value) for one in self.settlement.off}
        """Values that are right wherever they are said."""
        self.items = told.items
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
        self.items = [item._replace(mass=self.mass(item.clause.stems)) for item in self.items]
        self.full = [item.full for item in self.items]
        self.near = {
            stem: Near(self._weights[stem], at, self.alike(dict.fromkeys(at, self._weights[stem])))
            for stem, at in self.index.items()
            if len(at) <= _MOST
        }
        """Content words that tell stored statements apart."""
        self.known = self.index.keys() | self.attitudes.keys()
        """The content words of which something is stored."""
        self.told = frozenset(
            stem for item in self.items if not item.basis.startswith("examples") for stem in item.clause.stems
        )
        self.is_machine = self.lexicon.patterns["machine"].search(self.text) is not None
        self.is_past = self.lexicon.patterns["past"].search(self.text) is not None

    def alike(self, shared: Mapping[int, float]) -> list[tuple[float, int]]:
        """Give the negative likeness and the place of each stored clause that is like enough, likest first.

        Likeness is shared content over the stored clause's, of which three words are enough.
        """
        full = self.full
        found = [
            (-likeness if likeness < 1.0 else -1.0, i)
            for i, mass in shared.items()
            if (likeness := mass / full[i]) >= ALIKE
        ]
        found.sort()
        return found

    def mass(self, stems: Iterable[str]) -> float:
        """Weigh how much the words say: rare ones more than common ones, pairs of characters half."""
        weights = self._weights
        # An exact sum is the same in whichever order a set gives its words, which differs between processes.
        return math.fsum(
            [weights[stem] if stem in weights else 0.5 if stem[0] > "\u3000" else 1.0 for stem in stems]
        )


def _rarity(seen: int) -> float:
    return 1.0 if seen < 3 else 0.6 if seen < 6 else 0.3
