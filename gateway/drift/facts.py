"""Figures are read from a persona's layers and prose, listed with sentences, and settled by its owner."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

import msgspec

from gateway.drift import fact, rule
from gateway.drift.character import Character, leaves
from gateway.drift.language import Languages
from gateway.drift.rules import prose
from gateway.drift.values.facts import FIELDS, GAP, READ, Facts, Limit
from gateway.drift.values.figures import PHONE, Figure
from gateway.drift.values.stated import Stated, sentence


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that was read, and that answers are held against."""

    id: str
    """`fact:` and eight hex digits, which stay the same while the sentence does."""
    said: str
    """It is written so."""
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


class _Texts(NamedTuple):
    """All that figures are read from, by where it stands."""

    prompt: str
    fields: dict[str, str]
    """Each by its whole path, which leads to the same path where it is the name of a field."""

    def at(self, basis: str) -> str:
        return self.prompt if basis == "prompt" else self.fields[basis.removeprefix("layers.")]


def facts(character: Character) -> tuple[Read, ...]:
    """List what is read, in the order of the layers and then the prompt; it takes some ten milliseconds."""
    texts = _texts(character)
    found = character.read
    if found is None:
        found = prose.read(character.prompt, character.language)
    read = _made(character, character.examples, None, (), {}, limits(found)).ledger.stated
    listed = {id: _listed(id, one, texts) for one in reversed(read) for id in [_identified(one, texts)]}
    return tuple(reversed(listed.values()))


def known(
    character: Character,
    examples: tuple[str, ...],
    languages: Languages | None = None,
    forbidden: Iterable[str] = (),
    limited: Mapping[str, Limit] | None = None,
) -> Facts:
    """Make a persona's facts ready, as its owner has settled them; `limited` are what `limits` gives.

    A figure that is off is right wherever it is said and accuses nothing; one that is corrected is not read,
    and its sentence is read in its place. Both are found by reading once more, which only these cost.
    """
    forbidden = tuple(forbidden)
    settled = {one.from_id: one for one in character.facts if one.from_id is not None}
    told, texts = character, _texts(character)
    acquitted: list[Figure] = []
    if any(one.off or one.text is not None for one in settled.values()):
        read = _made(character, examples, languages, forbidden, {}, limited or {}).ledger.stated
        gaps: dict[str, list[Figure]] = defaultdict(list)
        for one in read:
            answer = settled.get(_identified(one, texts))
            if answer is not None and (answer.off or answer.text is not None):
                gaps[one.basis].append(one.figure)
                acquitted += [one.figure] * answer.off
        prompt, fields = _without(texts, gaps)
        told = msgspec.structs.replace(character, prompt=prompt, fields=fields)
    facts = _made(told, examples, languages, forbidden, fact.statements(character.facts), limited or {})
    for figure in acquitted:
        facts.ledger.acquit(figure)
    for one in facts.ledger.stated:
        if one.basis == "prompt":
            # A layer says by its path what is stored there, a prompt says too much.
            facts.ledger.ids[one.basis, one.figure.start] = _identified(one, texts)
    return facts


def limits(read: Iterable[rule.Read]) -> dict[str, Limit]:
    """Give the sentences that say how long an answer may be, with their numbers, which are no facts."""
    return {
        one.source: frozenset(
            most for most in (one.rule.length.max_sentences, one.rule.length.max_words) if most
        )
        for one in read
        if one.rule.length is not None
    }


def _made(
    character: Character,
    examples: tuple[str, ...],
    languages: Languages | None,
    forbidden: tuple[str, ...],
    stated: Mapping[str, str],
    limited: Mapping[str, Limit],
) -> Facts:
    return Facts(
        character.fields,
        character.prompt,
        examples,
        character.language,
        character.name,
        languages,
        forbidden,
        stated,
        limited,
    )


def _texts(character: Character) -> _Texts:
    fields = {path[:READ]: value[:READ] for path, value in islice(leaves(character.fields), FIELDS)}
    return _Texts(character.prompt, fields)


def _without(texts: _Texts, gaps: Mapping[str, list[Figure]]) -> _Texts:
    """Blank these figures, so that all others stay where they are; a field of which nothing is left goes."""
    prompt = _gapped(texts.prompt, gaps.get("prompt", ()))
    fields = {path: _gapped(value, gaps.get(f"layers.{path}", ())) for path, value in texts.fields.items()}
    return _Texts(prompt, {path: value for path, value in fields.items() if value.strip(GAP + " ")})


def _gapped(text: str, figures: Iterable[Figure]) -> str:
    for one in sorted(figures, key=lambda one: -one.start):
        text = text[: one.start] + GAP.ljust(one.end - one.start) + text[one.end :]
    return text


def _identified(one: Stated, texts: _Texts) -> str:
    """An id that is the same for the same figure in the same sentence."""
    told = "\n".join([one.basis, " ".join(_source(one, texts).split()), _said(one, texts)])
    return f"{fact.READ}{hashlib.sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _source(one: Stated, texts: _Texts) -> str:
    """Give its sentence as it was written, whatever else of it is blanked."""
    return sentence(texts.at(one.basis), one.figure)


def _said(one: Stated, texts: _Texts) -> str:
    """Give the figure as it was written, without the stop of its sentence: `2 pm.`"""
    text, start = texts.at(one.basis), one.figure.start
    if one.figure.kind == PHONE and text[:start].endswith("+"):
        start -= 1
    said = " ".join(text[start : one.figure.end].split())
    return said.removesuffix(".") if said.count(".") == 1 else said


def _listed(id: str, one: Stated, texts: _Texts) -> Read:
    return Read(
        id=id,
        said=_said(one, texts),
        kind=one.figure.kind,
        value=one.figure.value,
        about=one.about,
        basis=one.basis,
        source=_source(one, texts),
    )
