"""A character is who is meant to speak: what a persona's version says about its manner and its facts."""

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.drift.fact import Fact
from gateway.drift.rule import Read, Rule
from gateway.drift.wrapping import unwrapped


class Character(msgspec.Struct, frozen=True, kw_only=True):
    """A persona's version as far as answers can be held against it."""

    name: str = ""
    language: str = "en"
    """ISO 639-1."""
    prompt: str = ""
    """Its sentences are whole, wherever its lines were wrapped."""
    examples: tuple[str, ...] = ()
    """Lines that the persona could have said."""
    fields: dict[str, Any] = {}
    """Its layers: everything stored of it beside the prompt, nested at will."""
    rules: tuple[Rule, ...] = ()
    """Its owner declared these."""
    facts: tuple[Fact, ...] = ()
    """Its owner says these of the facts that were read, or beside them."""
    read: tuple[Read, ...] | None = None
    """These were read from the prompt when the version was made; `None`: they are read now."""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "prompt", unwrapped(self.prompt))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text within the fields, behind the path that leads to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{i}]")
    elif value is not None and str(value).strip():
        yield path, str(value)
