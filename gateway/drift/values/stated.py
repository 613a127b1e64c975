"""A figure is stated once, in a field or a sentence, of what the words beside it say."""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.drift.values.figures import Figure

_STOPS = ("\n", "。", "！", "？", ". ", "! ", "? ")
_SOURCE = 300
"""Characters of a sentence that are told as the source of a fact."""


class Stated(NamedTuple):
    """One stored figure."""

    figure: Figure
    basis: str
    keys: frozenset[str]
    """Content words that say what it belongs to."""
    about: str
    """These as they stand there."""
    source: str
    """The sentence that it stands in."""


def telling(fields: set[tuple[str, str]]) -> float:
    """Weigh a word by the fields that have it; the prompt and the layers often say the same."""
    prose = sum(basis == "prompt" for basis, _ in fields)
    number = max(prose, len({basis for basis, _ in fields if basis != "prompt"}))
    return 1.0 if number < 2 else 0.7 if number == 2 else 0.4 if number == 3 else 0.15


def about(words: Iterable[str]) -> str:
    """Put the words that a figure belongs to in one line."""
    return " ".join(words)[:120]


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
