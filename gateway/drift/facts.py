"""Facts are the figures that are read from a persona's layers and prose, listed with their sentences."""

import msgspec

from gateway.drift.character import Character
from gateway.drift.values.facts import Facts


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as answers are held against it."""

    kind: str
    """What it is: `time`, `eur`, `day`, `phone`, `label:room` …"""
    value: float | str
    """Minutes of the day for a time, month and day for a date, digits of a telephone, else the number."""
    about: str
    """What it belongs to, in the words of the layer or the clause."""
    basis: str
    """Where it stands: `prompt` or `layers.…`"""
    source: str
    """The sentence that it came from."""


def facts(character: Character) -> tuple[Fact, ...]:
    """List what is read, in the order of the layers and then the prompt; it takes some ten milliseconds."""
    known = Facts(
        character.fields, character.prompt, character.examples, character.language, character.name
    ).ledger
    return tuple(
        Fact(
            kind=one.figure.kind,
            value=one.figure.value,
            about=one.about,
            basis=one.basis,
            source=one.source,
        )
        for one in known.stated
    )
