"""A mark is a place in a text where something is said that a phrasebook knows."""

from typing import NamedTuple

Placed = tuple[int, int, str]
"""The place of a word, and its stem."""


class Mark(NamedTuple):
    """One place and what is said there."""

    start: int
    end: int
    label: str
