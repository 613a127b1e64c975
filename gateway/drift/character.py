"""Who is meant to speak: what a persona's version says about its manner and its facts."""

from typing import Any

import msgspec


class Character(msgspec.Struct, frozen=True, kw_only=True):
    """A persona's version as far as answers can be held against it."""

    name: str = ""
    language: str = "en"
    """ISO 639-1."""
    prompt: str = ""
    examples: tuple[str, ...] = ()
    """Lines that the persona could have said."""
    fields: dict[str, Any] = {}
    """What is stored of it beside the prompt, nested at will: its layers."""


class Signal(msgspec.Struct, frozen=True, omit_defaults=True):
    """One named reason for a score."""

    name: str
    axis: str
    """`voice`, `values` or `coherence`."""
    p: float
    """How often a turn in character shows at least this much of it; small is suspicious."""
    start: int | None = None
    """Characters into the answer where the offending span begins and ends; `None`: the whole answer."""
    end: int | None = None
    basis: str | None = None
    """Where the persona says otherwise, such as `layers.family.children` or `examples[2]` or `turn[3]`."""


class Score(msgspec.Struct, frozen=True):
    """What one turn got."""

    voice: float
    values: float | None
    values_basis: str | None
    """What `values` was held against: `fields`, `prompt`, `examples`, `earlier` or `None` for nothing."""
    coherence: float
    """1 to 5."""
    verdict: str
    signals: tuple[Signal, ...] = ()
    trend: float = 0.0
    """Belief that the conversation as a whole has drifted, slowly, from how it began."""
