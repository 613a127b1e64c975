"""A profile is a persona's version made ready to be scored against."""

from copy import copy
from functools import lru_cache
from importlib import resources
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from gateway.drift import calibration, facts, language
from gateway.drift.breaks import nature
from gateway.drift.breaks.detection import Service
from gateway.drift.breaks.patterns import Patterns, patterns
from gateway.drift.character import Character, leaves
from gateway.drift.coherence import incoherence, relevance
from gateway.drift.glance import BROKEN, SERVED, Glance
from gateway.drift.language import Languages
from gateway.drift.phrases import Phrases, phrases
from gateway.drift.rules.check import Rules
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.text import LONG, MIXED, is_long, is_mixed
from gateway.drift.values.lexicon import Lexicon
from gateway.drift.voice import heads, lines, model, stylometry
from gateway.drift.voice.lines import Lines
from gateway.drift.voice.stylometry import Measures

LEAVES = 2_000
"""Stored values that are looked at, the first."""
EXAMPLES = 64
"""Example lines that a manner is learnt from, the first."""


class Odds(NamedTuple):
    """Natural logarithms of how much likelier drift makes a turn than the persona does."""

    assistant: float
    other: float
    drifted: float
    """Either of the two."""
    surprise: float
    """The persona's lines make its words so much likelier than ordinary text does; `nan` without lines."""


class Profile:
    """All that is computed once for all turns of a version, in some tens of milliseconds."""

    def __init__(self, character: Character, languages: Languages | None = None) -> None:
        self.character = character
        self.model = model.packaged()
        languages = language.packaged() if languages is None else languages
        said = " ".join(character.examples) or character.prompt
        spoken = languages.spoken(said, character.language)
        self.vocabulary = self.model.vocabulary(spoken)
        self.is_unspaced = self.vocabulary.is_unspaced
        examples = character.examples[:EXAMPLES]
        read = [self.read(example) for example in examples]
        stored = [value for _, value in islice(leaves(character.fields), LEAVES)]
        prompt = self.read("\n".join([character.name, character.prompt, *stored]))
        self.lines = lines.known(self.vocabulary, prompt, read)
        self.usual = tuple(self._without(text, at) for at, text in enumerate(read)) if len(read) > 1 else ()
        """The log odds of each example, held against the others."""
        self.patterns = patterns(languages)
        self._tell(character, languages)
        own = " ".join(examples).lower().replace("’", "'")
        known = languages.get(spoken)
        served = known.breaks.service if known else ()
        self.service = Service(phrases(served), frozenset(one for one in served if one in own))
        # Here, where there is time, since the first turn that needs them would wait for it.
        self.patterns.warm(self.vocabulary.language, languages.default)
        book = self.rules.phrasebook
        self.glance = _glance(self.facts.lexicon, self.service.phrases, self.patterns, book)
        self.relevance = _relevance()
        self.repertoire = incoherence.repertoire(character.language, examples, self.relevance, languages)

    def rendered(self, character: Character, languages: Languages | None = None) -> "Profile":
        """Return the profile of the same character whose prompt has values in it.

        Manner is a version's, which is most of the work; facts and rules are those of the new prompt.
        """
        profile = copy(self)
        profile.character = character
        profile._tell(character, language.packaged() if languages is None else languages)
        return profile

    def _tell(self, character: Character, languages: Languages) -> None:
        """Learn what the prompt tells, beside the manner that it is written in."""
        examples, fields = character.examples[:EXAMPLES], character.fields
        self.rules = Rules(msgspec.structs.replace(character, examples=examples), _stored(fields), languages)
        limits = facts.limits(self.rules.read)
        self.facts = facts.known(character, examples, languages, self.rules.unspoken, limits)
        self.guards = nature.guards(character.prompt, fields, examples, self.patterns)

    def read(self, text: str, beside: str = "") -> Measures:
        """Measure a text, in the way of the persona's language, beside what it answers."""
        return stylometry.measure(text, unspaced=self.is_unspaced, beside=beside)

    def odds(self, known: Lines, answer: Measures) -> Odds:
        """Hold the manner of an answer against these lines."""
        measured = heads.compare(self.vocabulary, known, answer)
        assistant, other = heads.log_odds(self.model, measured)
        return Odds(assistant, other, calibration.either(assistant, other), measured[4])

    def p_value(self, own: tuple[float, ...], known: int, drifted: float) -> float:
        """Estimate how often a turn in character scores so high, by the persona's own scores if any."""
        usual = self.model.usual[0 if known == 0 else 1 if known < 4 else 2]
        return calibration.p_value(own, usual, drifted)

    def _without(self, text: Measures, at: int) -> float:
        return self.odds(lines.removed(self.vocabulary, self.lines, text, at), text).drifted


@lru_cache(maxsize=64)
def _glance(lexicon: Lexicon, service: Phrases, patterns: Patterns, book: Phrasebook) -> Glance:
    """Make the glance that all versions of a language share."""
    cares = {SERVED: service.tells, BROKEN: patterns.tells, MIXED: is_mixed, LONG: is_long}
    return Glance({**lexicon.cares, **cares}, lexicon, book, relevance.beginning)


@lru_cache(maxsize=1)
def _relevance() -> incoherence.Relevance:
    return incoherence.load(resources.files("gateway.drift").joinpath("data/coherence.json").read_bytes())


def _stored(fields: dict[str, Any]) -> str:
    """Keys and values of the fields, one to a line."""
    return "\n".join(f"{path.rpartition('.')[2]}: {value}" for path, value in islice(leaves(fields), LEAVES))
