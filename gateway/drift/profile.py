"""A persona's version made ready to be scored against."""

from functools import lru_cache
from importlib import resources
from itertools import islice
from typing import NamedTuple

from gateway.drift import breaks, calibration, coherence, features, lines, voice, weights, wordings
from gateway.drift.character import Character
from gateway.drift.facts import Facts, leaves
from gateway.drift.features import Text
from gateway.drift.lines import Lines

LEAVES = 2_000
"""Stored values that are looked at, the first."""
EXAMPLES = 64
"""Example lines that a manner is learnt from, the first."""


class Odds(NamedTuple):
    """How much likelier drift makes a turn than the persona does, as natural logarithms."""

    assistant: float
    other: float
    drifted: float
    """Either of the two."""
    likeness: float
    """Mean cosine to the persona's lines; `nan` where there are none."""


class Profile:
    """Everything that can be computed once for all turns of a version: costs some tens of milliseconds."""

    def __init__(self, character: Character) -> None:
        self.character = character
        self.weights = weights.packaged()
        self.tongue = self.weights.tongue(_language(character))
        examples = character.examples[:EXAMPLES]
        read = [self.read(example) for example in examples]
        stored = [value for _, value in islice(leaves(character.fields), LEAVES)]
        prompt = self.read("\n".join([character.name, character.prompt, *stored]))
        self.lines = lines.known(self.tongue, prompt, read)
        self.usual = tuple(self._without(text, at) for at, text in enumerate(read)) if len(read) > 1 else ()
        """The log odds of each example, held against the others."""
        language, fields = character.language, character.fields
        self.facts = Facts(fields, character.prompt, examples, language, character.name)
        self.guards = breaks.guards(character.prompt, fields, examples)
        # Here, where there is time, since the first turn that needs them would wait for it.
        wordings.warm(self.tongue.language, "en")
        self.coherence = _coherence()
        self.tongues = coherence.tongues(language, examples, self.coherence)

    def read(self, text: str, beside: str = "") -> Text:
        """The measures of a text, in the way of the persona's language, beside what it answers."""
        return features.read(text, unspaced=self.tongue.is_unspaced, beside=beside)

    def odds(self, known: Lines, answer: Text) -> Odds:
        """What the manner of an answer says, held against these lines."""
        measured = voice.measure(self.tongue, known, answer)
        assistant, other = voice.log_odds(self.weights, measured)
        return Odds(assistant, other, calibration.either(assistant, other), float(measured[1]))

    def p_value(self, own: tuple[float, ...], known: int, drifted: float) -> float:
        """How often a turn in character scores so high, by the persona's own scores where there are any."""
        usual = self.weights.usual[0 if known == 0 else 1 if known < 4 else 2]
        return calibration.p_value(own, usual, drifted)

    def _without(self, text: Text, at: int) -> float:
        return self.odds(lines.removed(self.tongue, self.lines, text, at), text).drifted


@lru_cache(maxsize=1)
def _coherence() -> coherence.Weights:
    return coherence.load(resources.files("gateway.drift").joinpath("data/coherence.json").read_bytes())


def _language(character: Character) -> str:
    """The declared language, unless what the persona says is written in another script."""
    written = features.script(" ".join(character.examples) or character.prompt)
    declared = character.language.lower().partition("-")[0]
    return declared if written == features.script_of(declared) else written or "en"
