"""A judgement is believed only where it quotes what it accuses."""

import re
from collections.abc import Container
from typing import Annotated, Any, NamedTuple

import msgspec

BELIEF = 0.5
"""An accusation of this likelihood or a higher one needs a quote."""
SHORTEST = 4
"""Characters of a quote; fewer could stand in any answer."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Grade = Annotated[float, msgspec.Meta(ge=1, le=5)]


class Opinion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A judge's answer as it came, within the allowed ranges."""

    voice: Share
    values: Share | None
    rules: Share | None = None
    coherence: Grade
    contradicted_field: str | None
    broken_rule: str | None = None
    quote: str | None


class Finding(NamedTuple):
    """An opinion that is believed, and the place in the answer of the passage that it quotes."""

    opinion: Opinion
    start: int | None
    end: int | None


class DiscardedError(Exception):
    """An opinion that is not believed; the message says why, in words of our own."""


def _field(kind: str, description: str, *, nullable: bool = False) -> dict[str, Any]:
    return {"type": [kind, "null"] if nullable else kind, "description": description}


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "voice": _field("number", "0 to 1"),
        "values": _field("number", "0 to 1, or null", nullable=True),
        "rules": _field("number", "0 to 1, or null", nullable=True),
        "coherence": _field("number", "1 to 5"),
        "contradicted_field": _field("string", "a name of what is given, or null", nullable=True),
        "broken_rule": _field("string", "a name under `rules`, or null", nullable=True),
        "quote": _field("string", "copied from the answer, or null", nullable=True),
    },
    "required": [
        "voice",
        "values",
        "rules",
        "coherence",
        "contradicted_field",
        "broken_rule",
        "quote",
    ],
    "additionalProperties": False,
}
"""The schema has no ranges, which not every server takes in a strict schema."""


def weigh(text: str | None, answer: str, offered: Container[str], rules: Container[str] = ()) -> Finding:
    """Weigh the judge's words about an answer. Raises DiscardedError.

    `offered` could be contradicted, `rules` could be broken.
    """
    try:
        opinion = msgspec.json.decode(text or "", type=Opinion)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise DiscardedError("it does not have the form that was asked for") from None
    contradicts = _accuses("field is contradicted", opinion.values, opinion.contradicted_field, offered)
    breaks = _accuses("rule is broken", opinion.rules, opinion.broken_rule, rules)
    if not (opinion.quote or "").strip():
        if contradicts or breaks or opinion.voice >= BELIEF:
            raise DiscardedError("it accuses without a quote")
        return Finding(opinion, None, None)
    span = find(opinion.quote or "", answer)
    if span is None:
        raise DiscardedError("its quote is not in the answer")
    return Finding(opinion, *span)


def _accuses(what: str, level: float | None, name: str | None, given: Container[str]) -> bool:
    """Tell whether this is an accusation. Raises DiscardedError where level and name do not go together."""
    accuses = (level or 0) >= BELIEF
    if name is not None and name not in given:
        raise DiscardedError("it names something that was not given")
    if accuses and name is None:
        raise DiscardedError(f"it does not say which {what}")
    if name is not None and level is None:
        raise DiscardedError(f"it says which {what} and that none is touched")
    return accuses


def find(quote: str, answer: str) -> tuple[int, int] | None:
    """Find these words in a row in the answer, however they are spaced; `None` for very short quotes too."""
    wanted = " ".join(quote.split())
    words = list(re.finditer(r"\S+", answer))
    at = " ".join([word[0] for word in words]).find(wanted)
    if at < 0 or len(wanted) < SHORTEST:
        return None
    return _place(words, at), _place(words, at + len(wanted) - 1) + 1


def _place(words: list[re.Match[str]], at: int) -> int:
    """Find where in the answer a character of the words stands; `at` counts one space between two words."""
    for word in words:
        if at < len(word[0]):
            return word.start() + at
        at -= len(word[0]) + 1
    raise IndexError(at)
