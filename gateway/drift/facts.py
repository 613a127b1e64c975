"""Facts are read from a persona's layers and prose, listed with sentences, and settled by its owner."""

from collections.abc import Iterable, Mapping

import msgspec

from gateway.drift import fact, rule
from gateway.drift.character import Character
from gateway.drift.fact import Fact
from gateway.drift.language import Languages
from gateway.drift.rules import prose
from gateway.drift.values.biography import READ, Limit
from gateway.drift.values.facts import Facts
from gateway.drift.values.source import GAP
from gateway.drift.values.stated import Stated


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that was read, and that answers are held against."""

    id: str
    """`fact:` and eight hex digits, which stay the same while the sentence does."""
    said: str
    """It is written so."""
    kind: str
    """It is of this kind: `name`, `place`, `time`, `eur`, `day`, `phone`, `label:room`, `job`, `likes` …"""
    value: float | str
    """It is in minutes of the day for a time, month and day for a date, digits for a telephone."""
    about: str
    """It belongs to this, in the words of the layer or the clause."""
    basis: str
    """It stands here: `prompt`, `name` or `layers.…`"""
    source: str
    """It came from this sentence."""


def facts(character: Character) -> tuple[Read, ...]:
    """List what is read, in the order of the layers and then the prompt; it takes some ten milliseconds."""
    read = _read(character).settlement.read
    listed = {id: _listed(id, one) for one in reversed(read) for id in [one.id]}
    return tuple(reversed(listed.values()))


def settled(character: Character) -> Character:
    """Give the character without what its owner takes back, for whoever reads its texts."""
    if not fact.settles(character.facts):
        return character
    told = _read(character, *character.facts).sources
    fields = {
        basis.removeprefix("layers."): text
        for basis, text in told.items()
        if basis.startswith("layers.") and text.strip(GAP + " ")
    }
    prompt = told["prompt"] + character.prompt[READ:]
    return msgspec.structs.replace(character, prompt=prompt, fields=fields)


def known(
    character: Character,
    examples: tuple[str, ...],
    languages: Languages | None = None,
    forbidden: Iterable[str] = (),
    limited: Mapping[str, Limit] | None = None,
) -> Facts:
    """Make a persona's facts ready, as its owner has settled them; `limited` are what `limits` gives.

    A fact that is off is right wherever it is said and accuses nothing; one that is corrected is not held to,
    and its sentence is read in its place.
    """
    return Facts(
        character.fields,
        character.prompt,
        examples,
        character.language,
        character.name,
        languages,
        forbidden,
        character.facts,
        limited,
    )


def limits(read: Iterable[rule.Read]) -> dict[str, Limit]:
    """Give the sentences that say how long an answer may be, with their numbers, which are no facts."""
    return {
        one.source: frozenset(
            most for most in (one.rule.length.max_sentences, one.rule.length.max_words) if most
        )
        for one in read
        if one.rule.length is not None
    }


def _read(character: Character, *declared: Fact) -> Facts:
    found = character.read
    if found is None:
        found = prose.read(character.prompt, character.language)
    told = msgspec.structs.replace(character, facts=declared)
    return known(told, character.examples, limited=limits(found))


def _listed(id: str, one: Stated) -> Read:
    return Read(
        id=id,
        said=one.said,
        kind=one.figure.kind,
        value=one.figure.value,
        about=one.about,
        basis=one.basis,
        source=one.source,
    )
