"""Benchmarks call the scorer by these names and get what the product says."""

from typing import Any

from gateway.drift import benchmark
from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.scorer import BEGINNING, score

PERSONA: dict[str, Any] = {
    "slug": "edith",
    "name": "Edith",
    "language": "en",
    "prompt": "You are Edith, a night librarian in Hull. You call everybody dear.",
    "examples": [
        "Sit down, dear, the kettle is on.",
        "That one kept me warm in the long storm, dear.",
        "Lists are for groceries, dear.",
        "You are not late, dear, only early for tomorrow.",
    ],
    "layers": {"age": 61},
    "rules": [],
}
SAID = [{"user": "Good evening.", "response": "Good evening, dear. Mind the step."}]


def row(response: str, history: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {
        "persona": "edith",
        "language": "en",
        "history": history or [],
        "user": "Who?",
        "response": response,
    }


def test_a_break_is_out_of_character_and_its_passage_is_named() -> None:
    found = benchmark.verdict(PERSONA, row("Sit down, dear. As an AI language model, I have no chairs."))
    assert found["verdict"] == "out-of-character"
    assert "ai-disclosure" in [signal["name"] for signal in found["signals"]]


def test_a_verdict_is_the_products_own_with_the_conversation_before_it() -> None:
    answer = "I am fifty, dear, and the kettle is on."
    profile = Profile(
        Character(
            name="Edith",
            prompt=PERSONA["prompt"],
            examples=tuple(PERSONA["examples"]),
            fields=PERSONA["layers"],
        )
    )
    course = BEGINNING
    for turn in SAID:
        _, course = score(profile, course, turn["user"], turn["response"])
    expected, _ = score(profile, course, "Who?", answer)
    found = benchmark.verdict(PERSONA, row(answer, SAID))

    assert (found["verdict"], found["voice"], found["values"]) == (
        expected.verdict,
        expected.voice,
        expected.values,
    )


def test_a_persona_without_examples_and_fields_can_be_judged() -> None:
    bare = {**PERSONA, "examples": None, "layers": None}
    assert benchmark.verdict(bare, row("The kettle is on, dear."))["verdict"] == "warming-up"
