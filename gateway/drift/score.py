"""A score is what one turn got, and the signals say why."""

from functools import lru_cache

import msgspec

from gateway.drift.axes import Levels


class Signal(msgspec.Struct, frozen=True, omit_defaults=True):
    """One named reason for a score."""

    name: str
    axis: str
    """`voice`, `values`, `rules` or `coherence`."""
    p: float
    """The share of turns in character that show at least this much of it; small is suspicious."""
    start: int | None = None
    """Characters into the answer where the offending span begins and ends; `None`: the whole answer."""
    end: int | None = None
    basis: str | None = None
    """The place where the persona says otherwise: `layers.family.children`, `examples[2]`, `turn[3]`;
    for a rule `rules[2]`, for a declared fact `facts[0]`, or the id of one that was read from the prompt."""
    rule: str | None = None
    """The rule that it touches, by its name or in its own words."""


class Score(Levels, frozen=True, kw_only=True):
    """The numbers and the word that one turn got."""

    values_basis: str | None
    """`fields`, `prompt`, `examples` or `earlier`, by what `values` was held against."""
    coherence: float
    """1 to 5."""
    verdict: str
    signals: tuple[Signal, ...] = ()
    trend: float = 0.0
    """Belief that the conversation as a whole has drifted, slowly, from how it began."""
    touched: tuple[str, ...] = ()
    """The rules that are worth a look by somebody who understands what is said."""


@lru_cache(maxsize=1024)
def kind(basis: str) -> str:
    """Say what a signal's basis is a part of: `fields`, `prompt`, `examples`, `earlier` or `rules`."""
    if basis in ("prompt", "language", "manner") or basis.startswith(("prose:", "fact:")):
        return "prompt"
    if basis.startswith(("examples[", "rules[")):
        return basis.partition("[")[0]
    return "earlier" if basis.startswith("turn[") else "fields"
