"""The stakes of a turn say how much there is in it that a judge could find and the scorer cannot."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from gateway.drift import fact, facts
from gateway.drift.character import Character, leaves
from gateway.drift.language import packaged
from gateway.drift.rules.shelf import empty, phrasebook
from gateway.scoring.transcript import Conversation

LEAVES, EXAMPLES, PROMPT, PAST = 400, 64, 24_000, 8
"""Fields, examples, characters of the prompt and earlier answers that are looked at."""
RISKY = 0.8
"""Stakes from which on a turn is risky; a touched rule or an unknown figure is enough by itself."""
RULE, FIGURE, FACT, NEWS = 1.0, 1.0, 0.5, 1.2
"""Weights of a touched rule, an unknown figure, a fact that is not confirmed, and of unknown words."""
FAINT, FAINTLY = 0.21, 0.5
"""The belief that a rule is broken below which it is touched faintly, and the weight of that."""
MOST = 2
"""Facts that count."""
SEVERAL = 5
"""Unknown words below which they are nothing new."""
TOUCHES = 0.9
"""A field is touched if the words that it shares, each weighed by its rarity among fields, come to this."""
CONFIRMED = 0.5
"""The share of a value's words that says it."""
_FIGURE = re.compile(r"\d+(?:[.,:\u00a0\u202f]\d+)*")


class Stakes(NamedTuple):
    """A turn puts so much at stake, and touches these facts of the persona."""

    level: float
    facts: tuple[str, ...]

    @property
    def is_risky(self) -> bool:
        return self.level >= RISKY


class _Fact(NamedTuple):
    basis: str
    words: frozenset[str]
    value: frozenset[str]
    figures: set[str]


class Ground:
    """A version made ready for its turns to be weighed, in some tens of milliseconds."""

    def __init__(self, character: Character) -> None:
        character = facts.settled(character)
        languages, code = packaged(), character.language
        self._phrasebook = phrasebook(languages, code) or empty(languages, code)
        self._facts = []
        stored = list(islice(leaves(character.fields), LEAVES))
        for path, value in stored:
            name, told = self._words(re.sub(r"[._\[\]]", " ", path)), self._words(value)
            self._facts.append(_Fact(f"layers.{path}", name | told, told, _figures(value)))
        self._number = Counter(word for one in self._facts for word in one.words)
        prompt = character.prompt[:PROMPT]
        told_of = [f"{path} {value}" for path, value in stored]
        declared = fact.statements(character.facts).values()
        text = "\n".join([character.name, prompt, *declared, *character.examples[:EXAMPLES], *told_of])
        self._known = self._words(text)
        self._figures = _figures(text)

    def weigh(
        self, conversation: Conversation, answer: str, rules: Sequence[str], belief: float | None = None
    ) -> Stakes:
        """Weigh an answer that touches these rules; takes a millisecond or two.

        `belief` is that one of them is broken; where it is faint, something else has to be at stake, too.
        """
        past = "\n".join(f"{each.user}\n{each.answer}" for each in conversation.past[-PAST:])
        said, asked, before = map(self._words, (answer, conversation.user, past))
        figures = _figures(answer)
        told = figures | _figures(conversation.user) | _figures(past)
        facts = self._unconfirmed(said | asked, said | asked | before, told)
        unknown = said - self._known - asked - before
        news = len(unknown) / len(said) if len(unknown) >= SEVERAL else 0.0
        invented = figures - self._figures - (told - figures)
        invented -= _figures(conversation.user) | _figures(past)
        touched = RULE if belief is None or belief >= FAINT else FAINTLY
        level = touched * bool(rules) + FIGURE * bool(invented) + NEWS * news
        return Stakes(level + FACT * min(MOST, len(facts)) / MOST, tuple(facts))

    def _unconfirmed(self, touching: frozenset[str], words: frozenset[str], figures: set[str]) -> list[str]:
        """Find the facts that the turn is about and whose values it does not say."""
        found = []
        for one in self._facts:
            if sum(1 / self._number[word] for word in one.words & touching) < TOUCHES:
                continue
            if one.figures:
                is_said = one.figures <= figures
            else:
                is_said = len(one.value & words) >= max(1.0, CONFIRMED * len(one.value))
            if not is_said:
                found.append(one.basis)
        return found

    def _words(self, text: str) -> frozenset[str]:
        return frozenset(self._phrasebook.stems(text))


def _figures(text: str) -> set[str]:
    """Numbers in digits, without what groups them."""
    return {re.sub(r"\D", "", match[0]).lstrip("0") for match in _FIGURE.finditer(text)}
