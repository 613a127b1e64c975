"""Facts are the figures that are read from a persona's layers and prose, listed with their sentences."""

import msgspec

from gateway.drift.character import Character
from gateway.drift.values.facts import Facts


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact is a figure that answers are held against."""

    kind: str
    """It is of this kind: `time`, `eur`, `day`, `phone`, `label:room` …"""
    value: float | str
    """It is in minutes of the day for a time, month and day for a date, digits for a telephone."""
    about: str
    """It belongs to this, in the words of the layer or the clause."""
    basis: str
    """It stands here: `prompt` or `layers.…`"""
    source: str
    """It came from this sentence."""


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
