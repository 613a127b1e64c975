"""Benchmarks of drift call the scorer in this shape; nothing here does what the product does not."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from gateway.drift import fact, rule
from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.score import Score
from gateway.drift.scorer import BEGINNING, Course
from gateway.drift.scorer import score as score_answer

CACHED = 64
"""Personas and histories that are remembered, as a server remembers versions and conversations."""


class State:
    """A conversation that is scored turn by turn."""

    def __init__(self) -> None:
        self.course: Course = BEGINNING


def score(row: Mapping[str, Any]) -> dict[str, float | None]:
    """Voice, values and incoherence of one answer, all from 0 to 1, the higher the worse.

    The row has `system_prompt`, `fields`, `reference_lines`, `language`, `history`, `user` and `response`.
    """
    known, before = prepared(row)
    result, _ = score_answer(known, before, row["user"], row["response"])
    return numbers(result)


def verdict(persona: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the word for one answer of a persona, as a file of personas has it, and the signals behind it.

    The persona has `name`, `language`, `prompt`, `examples`, `layers`, `rules` and `facts`; the row has
    `history`, `user` and `response`.
    """
    character = msgspec.json.encode(
        Character(
            name=persona["name"],
            language=persona["language"],
            prompt=persona["prompt"],
            examples=tuple(persona.get("examples") or ()),
            fields=persona.get("layers") or {},
            rules=rule.decode(persona.get("rules") or ()),
            facts=fact.decode(persona.get("facts") or ()),
        )
    )
    before = _course(character, _said(row))
    result, _ = score_answer(_profile(character), before, row["user"], row["response"])
    found: dict[str, Any] = msgspec.to_builtins(result)
    return found


def new_state() -> State:
    """A conversation in which nothing has been said yet."""
    return State()


def score_turn(state: State, row: Mapping[str, Any]) -> dict[str, float | None]:
    """The next turn of a conversation: `voice` is then the belief that the conversation has drifted."""
    result, state.course = score_answer(_profile(_character(row)), state.course, row["user"], row["response"])
    return {**numbers(result), "voice": result.trend, "drift": result.trend}


def prepared(row: Mapping[str, Any]) -> tuple[Profile, Course]:
    """Make what a server has at hand when the answer of the row comes."""
    character = _character(row)
    return _profile(character), _course(character, _said(row))


def numbers(result: Score) -> dict[str, float | None]:
    """The axes of a score, each the higher the worse."""
    return {
        "voice": result.voice,
        "drift": result.voice,
        "values": result.values,
        "coherence": (5 - result.coherence) / 4,
    }


def _said(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((turn["user"], turn["response"]) for turn in row["history"])


def _character(row: Mapping[str, Any]) -> bytes:
    """The persona of the row, encoded so that it can be a key."""
    fields = dict(row["fields"])
    character = Character(
        name=str(fields.pop("name", "")),
        language=row["language"],
        prompt=row["system_prompt"],
        examples=tuple(row["reference_lines"]),
        fields=fields,
    )
    return msgspec.json.encode(character)


@lru_cache(maxsize=CACHED)
def _profile(character: bytes) -> Profile:
    return Profile(msgspec.json.decode(character, type=Character))


@lru_cache(maxsize=CACHED)
def _course(character: bytes, said: tuple[tuple[str, str], ...]) -> Course:
    course = BEGINNING
    for user, answer in said:
        _, course = score_answer(_profile(character), course, user, answer)
    return course
