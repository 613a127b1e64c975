"""Evidence for and against a contradiction is gathered over one turn."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from gateway.drift.score import kind
from gateway.drift.values import reckoning
from gateway.drift.values.aside import TOUCHED, Asides
from gateway.drift.values.figures import Figure, numbers
from gateway.drift.values.reading import Mention, Reading

if TYPE_CHECKING:
    from gateway.drift.values.facts import Facts

SAID = {"examples": 0.6, "earlier": 0.7}
"""The weight of an example line or an earlier turn beside a stored field."""


_TOLD = frozenset({"figure", "number", "name"})
"""These may be told of others: the figures and the names of an answer."""


class Clash(NamedTuple):
    """One reason: what it is, how strong from 0 to 1, where in the answer and against what."""

    name: str
    """`value-clash`, `number-clash`, `name-clash`, `negation`, `polarity`, `not-a-person`, `anachronism`."""
    strength: float
    start: int
    end: int
    basis: str


class Evidence:
    """The strongest of each kind counts; every accusation is kept with its span."""

    def __init__(self, facts: "Facts", question: Reading) -> None:
        self.facts = facts
        self.features: dict[str, float] = defaultdict(float)
        self.clashes: list[Clash] = []
        self.supported = ""
        """The place where the first thing is stored that the turn agrees with."""
        self.named: set[str] = set()
        """Categories of which the stored value is named."""
        self.figures: Sequence[Figure] = ()
        """The figures of the answer."""
        self.question = question
        self.answer, self.asked_text = "", ""
        self.mentions: Sequence[Mention] = ()
        """They hold what is known of the words of the answer."""
        self._asides: Asides | None = None
        self._shares: frozenset[float] | None = None
        self._theirs: frozenset[float | str] | None = None
        self.said: set[str] = set()
        self.asked: set[str] = set()
        """Content words of the answer and of the question."""

    @property
    def asides(self) -> Asides:
        """Find what the answer says of others, or of another time, once something is accused."""
        if self._asides is None:
            facts = self.facts
            self._asides = Asides(self.answer, self.asked_text, self.mentions, facts.text, facts.lexicon)
        return self._asides

    @property
    def asks_date(self) -> bool:
        """Tell whether the user asks for a year, or since when something has been so."""
        return self.facts.lexicon.dating.search(self.asked_text.lower()) is not None

    @property
    def asks_count(self) -> bool:
        """Tell whether the user asks how many there are, or how much something is."""
        return self.facts.lexicon.patterns["count"].search(self.asked_text.lower()) is not None

    @property
    def asks_price(self) -> bool:
        """Tell whether the user asks how many there are of a currency: "how many pounds?", "kaç lira?" """
        lexicon, asked = self.facts.lexicon, self.asked_text.lower()
        match = lexicon.patterns["count"].search(asked)
        unit = lexicon.reader.unit_behind(asked, match.end()) if match else ""
        return unit in lexicon.reader.currencies

    def is_length(self, place: int) -> bool:
        """Tell whether a stretch of time stands at a place of the answer."""
        return any(one.start <= place < one.end and one.length is not None for one in self.figures)

    @property
    def shares(self) -> frozenset[float]:
        """Percentages that the answer or the question names as fractions."""
        if self._shares is None:
            reader = self.facts.lexicon.reader
            self._shares = reader.shares(self.answer.lower()) | reader.shares(self.asked_text.lower())
        return self._shares

    @property
    def theirs(self) -> frozenset[float | str]:
        """Numbers that the user has just said: to say them again is no claim of the persona's."""
        if self._theirs is None:
            self._theirs = numbers(self.question.figures)
        return self._theirs

    def is_right(self, place: int) -> bool:
        """Tell whether a figure stands there that is stored, the user's, or follows from both."""
        return any(one.start <= place < one.end and self._is_known(one) for one in self.figures)

    def _is_known(self, figure: Figure) -> bool:
        ledger = self.facts.ledger
        if figure.value in self.theirs or ledger.holds(figure):
            return True
        if ledger.is_spoken(figure, self.answer, self.figures):
            return True
        return reckoning.follows(
            ledger, figure, self.figures, self.question.figures, self.question.words, self.shares
        )

    def note(self, feature: str, strength: float) -> None:
        if strength > self.features[feature]:
            self.features[feature] = strength

    def support(self, feature: str, strength: float, basis: str) -> None:
        if strength > self.features[feature]:
            self.features[feature] = strength
        self.supported = self.supported or basis

    def accuse(self, feature: str, name: str, strength: float, span: tuple[int, int], basis: str) -> None:
        strength *= SAID.get(kind(basis), 1.0)
        if feature in _TOLD and strength > TOUCHED and self.asides.holds(span[0]):
            strength = TOUCHED
        self.note(feature, strength)
        self.clashes.append(Clash(name, strength, *span, basis))
