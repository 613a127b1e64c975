"""Evidence for and against a contradiction is gathered over one turn."""

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from gateway.drift.score import kind

if TYPE_CHECKING:
    from gateway.drift.values.facts import Facts

SAID = {"examples": 0.6, "earlier": 0.7}
"""The weight of an example line or an earlier turn beside a stored field."""


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

    def __init__(self, facts: "Facts") -> None:
        self.facts = facts
        self.features: dict[str, float] = defaultdict(float)
        self.clashes: list[Clash] = []
        self.supported = ""
        """The place where the first thing is stored that the turn agrees with."""
        self.named: set[str] = set()
        """Categories of which the stored value is named."""
        self.theirs: frozenset[float | str] = frozenset()
        """Numbers that the user has just said: to say them again is no claim of the persona's."""
        self.right: list[tuple[int, int]] = []
        """Find where the answer has figures that are stored, or the user's."""
        self.said: set[str] = set()
        self.asked: set[str] = set()
        """Content words of the answer and of the question."""

    def is_right(self, place: int) -> bool:
        """Tell whether a stored figure stands there."""
        return any(start <= place < end for start, end in self.right)

    def note(self, feature: str, strength: float) -> None:
        if strength > self.features[feature]:
            self.features[feature] = strength

    def support(self, feature: str, strength: float, basis: str) -> None:
        self.note(feature, strength)
        self.supported = self.supported or basis

    def accuse(self, feature: str, name: str, strength: float, span: tuple[int, int], basis: str) -> None:
        strength *= SAID.get(kind(basis), 1.0)
        self.note(feature, strength)
        self.clashes.append(Clash(name, strength, *span, basis))
