"""A fact is stated once, in a field or a sentence, of what the words beside it say."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from gateway.drift import fact
from gateway.drift.values.clause import Clause
from gateway.drift.values.figures import PHONE, Figure

NAME, PLACE, LIKES, DISLIKES, TEXT, TRAIT = "name", "place", "likes", "dislikes", "text", "trait:"
"""Kinds of facts that are no figures; the others are categories of values, such as `job`."""
_STOPS = ("\n", "。", "！", "？", ". ", "! ", "? ")
_ABOUT, _SOURCE = 120, 300
"""Characters that are told of what a fact belongs to, and of its sentence."""


class Stated(NamedTuple):
    """One stored fact: a figure, a name, or another value, which stands there as a figure does."""

    figure: Figure
    basis: str
    keys: frozenset[str]
    """Content words that say what it belongs to."""
    about: str
    """These as they stand there."""
    source: str
    """The sentence that it stands in."""
    said: str
    """It is written so."""
    is_figure: bool = False

    @property
    def id(self) -> str:
        """An id that is the same for the same fact in the same sentence."""
        told = "\n".join([self.basis, " ".join(self.source.split()), self.said])
        return f"{fact.READ}{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"

    @property
    def called(self) -> str:
        """Name it in a reason: a layer says by its path what is stored there, a prompt says too much."""
        return self.id if self.basis == "prompt" else self.basis


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


def stated(text: str, figure: Figure, basis: str, keys: Iterable[str], about: str) -> Stated:
    """State what stands there in a text, as it is written."""
    return Stated(figure, basis, frozenset(keys), about[:_ABOUT], sentence(text, figure), _said(text, figure))


def telling(fields: set[tuple[str, str]]) -> float:
    """Weigh a word by the fields that have it; the prompt and the layers often say the same."""
    prose = sum(basis == "prompt" for basis, _ in fields)
    number = max(prose, len({basis for basis, _ in fields if basis != "prompt"}))
    return 1.0 if number < 2 else 0.7 if number == 2 else 0.4 if number == 3 else 0.15


def around(text: str, ends: list[int], figure: Figure) -> tuple[int, int, int]:
    """Give where the clause of a figure begins and ends, and where the one before it begins."""
    starts = [0, *(end for end in ends if end <= figure.start)]
    end = next((end for end in ends if end >= figure.end), len(text))
    before = starts[-2] if len(starts) > 1 and text[starts[-1] - 1] not in _STOPS else starts[-1]
    return starts[-1], end, before


def sentence(text: str, figure: Figure) -> str:
    start = max(text.rfind(stop, 0, figure.start) for stop in _STOPS) + 1
    behind = figure.end
    if (
        text[behind - 1] == "."
        and text[behind : behind + 1].isspace()
        and text[behind + 1 : behind + 2].isupper()
    ):
        # It ends its sentence, as in "until 2 pm.".
        behind -= 1
    ends = [at for stop in _STOPS if (at := text.find(stop, behind)) >= 0]
    return text[start : min(ends, default=len(text))].strip()[:_SOURCE]


def _said(text: str, figure: Figure) -> str:
    """Give it as it was written, without the stop of its sentence: `2 pm.`"""
    start = figure.start
    if figure.kind == PHONE and text[:start].endswith("+"):
        start -= 1
    said = " ".join(text[start : figure.end].split())
    return said.removesuffix(".") if said.count(".") == 1 else said
