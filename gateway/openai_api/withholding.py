"""A whole answer that breaks its persona is held back: these say what goes out in its place, and when."""

from collections.abc import Sequence

from gateway.errors import Fault, Refusal
from gateway.openai_api.answer import Answer
from gateway.scoring.transcript import Said
from gateway.turns.usage import Usage
from gateway.upstreams.failure import NO_RETRY

TOOLS = frozenset({"tool", "function"})
"""Roles of what tools have answered: what they did must not be done twice."""
TRIES = 2
"""Answers that are asked for, where the first one is a break."""


class Replacement:
    """The version's own words, in the place of an answer that is held back."""

    finish_reason: str | None = "stop"
    usage: Usage | None = None

    def __init__(self, answer: Answer, text: str) -> None:
        self._answer = answer
        self._text = text

    @property
    def is_large(self) -> bool:
        """Tells whether `encode` belongs in a thread."""
        return self._answer.is_large

    def said(self) -> list[Said]:
        return [Said(said.index, self._text) for said in self._answer.said()]

    def message(self) -> bytes:
        """Return these words as a message, in JSON."""
        return self._answer.message_with(self._text)

    def encode(self, model_json: bytes, persona_json: bytes) -> bytes | bytearray:
        """Encode the answer with these words in the place of its own."""
        return self._answer.with_words(self._text, model_json, persona_json)


def may_ask_again(tries: int, roles: Sequence[str], said: Sequence[Said]) -> bool:
    """Tell whether another answer may be asked for after so many: no tool was called, for it or by it."""
    return tries < TRIES and TOOLS.isdisjoint(roles) and not any(each.called_tools for each in said)


def replaced(answer: Answer, refusal: str) -> Replacement:
    """Put the version's words in the place of the answer. Raises Refusal where it has none."""
    if not refusal:
        raise Refusal(Fault.ANSWER_WITHHELD, headers=NO_RETRY)
    return Replacement(answer, refusal)
