"""These read what the official Python SDK gives."""

from typing import Any

from pydantic import BaseModel

from tests.conftest import LIBRARIAN

RESOLVED = f"{LIBRARIAN}@v1"
SAID = "You said: Good evening"


def persona_of(answer: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = (answer.model_extra or {})["persona"]
    return found


def has_persona(answer: BaseModel) -> bool:
    return "persona" in (answer.model_extra or {})


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def assert_is_the_librarian(persona: dict[str, Any]) -> None:
    assert persona["id"].startswith("psn_")
    assert persona["turn"].startswith("msg_")
    assert (persona["slug"], persona["version"], persona["conversation"]) == ("the-night-librarian", 1, None)
    assert {"voice", "values", "verdict"} <= persona["drift"].keys()
    assert persona["drift"]["verdict"] != "unscored"
    assert 0 <= persona["drift"]["voice"] <= 1
    assert 1 <= persona["coherence"] <= 5
