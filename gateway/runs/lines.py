"""Example lines are held against the persona that they are for, by the scorer that its answers will meet."""

from collections.abc import Sequence
from typing import Any

from gateway.drift import scorer
from gateway.drift.character import Character
from gateway.drift.profile import Profile


def fitting(name: str, language: str, prompt: str, layers: dict[str, Any], lines: Sequence[str]) -> list[str]:
    """Choose the lines that are in character, each held against the others; takes a while, so in a thread."""
    once = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    chosen = []
    for line in once:
        others = tuple(other for other in once if other != line)
        character = Character(
            name=name, language=language, prompt=prompt, examples=others, fields=layers, read=()
        )
        score, _ = scorer.score(Profile(character), scorer.BEGINNING, "", line)
        if score.verdict != "out-of-character":
            chosen.append(line)
    return chosen
