"""A turn is heard by its parts: its figures, its content words and its denials, with their places."""

from collections.abc import Sequence
from typing import NamedTuple

from gateway.drift.values.figures import Figure


class Heard(NamedTuple):
    """One turn, as far as figures go by it."""

    text: str
    lower: str
    figures: Sequence[Figure]
    stems: Sequence[tuple[str, int, int]]
    """Content words of the answer with their places."""
    denied: Sequence[int]
    """The places of its negations."""
    asked: str
    """The user's turn in lower case."""
    asked_figures: Sequence[Figure]
    asked_stems: frozenset[str]
