"""A prompt is marked for a cache, and what is said stays the same."""

import hashlib
from typing import Any

import msgspec
import pytest

from gateway.openai_api import caching
from gateway.openai_api.messages import Messages
from gateway.openai_api.overlay import lay
from gateway.personas.resolved import Prompt

LONG = Prompt('You keep the "light".\n' * 300)
ASKED = {"role": "user", "content": "Hi"}
OTHER = {"role": "system", "content": "The visitor's name is \u201cAda\u201d."}
PARTS = {"role": "system", "content": [{"type": "text", "text": "Parts."}]}


def laid(prompt: Prompt, *messages: Any) -> tuple[Any, str]:
    found = lay(Messages(msgspec.Raw(msgspec.json.encode(messages))), prompt, "append")
    return msgspec.json.decode(b"".join(caching.marked(found.array(), prompt))), found.sha256


@pytest.mark.parametrize("messages", [(ASKED,), (OTHER, ASKED), (PARTS, ASKED), (OTHER, OTHER, ASKED)])
def test_a_long_prompt_is_a_part_of_its_own_and_the_digest_stays_true(messages: tuple[Any, ...]) -> None:
    (first, *rest), sha256 = laid(LONG, *messages)
    assert rest == [ASKED]
    own, *others = first["content"]
    assert own["text"] == msgspec.json.decode(LONG.json)
    assert own["prompt_cache_breakpoint"] == {"mode": "explicit"}
    assert not any("prompt_cache_breakpoint" in part for part in others)
    text = "".join(part["text"] for part in first["content"])
    assert hashlib.sha256(text.encode()).hexdigest() == sha256


@pytest.mark.parametrize("messages", [(ASKED,), (OTHER, ASKED), (PARTS, ASKED)])
def test_a_short_prompt_is_not_marked(messages: tuple[Any, ...]) -> None:
    (first, *_), _ = laid(Prompt("You keep the light."), *messages)
    assert "prompt_cache_breakpoint" not in msgspec.json.encode(first).decode()


def test_a_key_of_the_callers_own_stays() -> None:
    own = {"prompt_cache_key": msgspec.Raw(b'"mine"')}
    assert caching.keyed(own, LONG) is own
    assert caching.keyed({}, LONG)["prompt_cache_key"] == msgspec.Raw(f'"{LONG.sha256}"'.encode())
    assert caching.keyed({}, Prompt("")) == {}
