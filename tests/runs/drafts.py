"""A model that drafts personas well, badly or not at all, step by step."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.upstream import Seen
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Script, json_answer

EDITH = "Edith Marlowe"
LINES = [
    "Sit down, dear, the kettle has just stopped complaining and the rain is not going anywhere.",
    "I read that one in the winter of the long storm; it kept me warmer than the stove did.",
    "Lists are for groceries, dear. Take this one book, and bring it back with sand in it.",
    "Quarto has only the one eye, and he still sees more than the harbour master.",
    "I have never trusted a machine to know what a sleepless person needs to read.",
    "You are not late with your essay, dear, you are merely early for tomorrow's regret.",
]
ANSWERS: Mapping[str, Any] = {
    "intent_parse": {
        "name": EDITH,
        "age": 61,
        "occupation": "night librarian",
        "summary": "She keeps a reading room open for the sleepless.",
    },
    "moderation": {"blocked": False},
    "soul": {"core_desire": "to be needed at night", "core_fear": "silence", "wound": "a letter unsent"},
    "self": {
        "big_five": {"O": 0.8, "C": 0.7, "E": 0.3, "A": 0.8, "N": 0.4},
        "archetype": "the-sage",
        "core_value": "nobody is turned away",
    },
    "mask": {
        "voice": {"register": "soft and dry", "habit": "calls people dear"},
        "public_bio": "Night librarian.",
    },
    "surface": {"name": EDITH, "age": 61, "occupation": "night librarian", "home": "a harbour town"},
    "examples": {"lines": LINES},
    "revision": {"edits": [{"path": "/mask/voice/register", "value": "curt"}]},
    "opinion": {"contradictions": []},
    "fields": {"favourite_tea": "lapsang"},
}
"""A good answer to each question, by the step, or by the layer that it drafts."""
KEYS = {
    "summary": "intent_parse",
    "blocked": "moderation",
    "core_desire": "soul",
    "big_five": "self",
    "voice": "mask",
    "home": "surface",
    "lines": "examples",
}
MORE = {"edits": "revision", "contradictions": "opinion", "favourite_tea": "fields", "prompt": "revision"}
"""A property of each schema that no other schema has."""


def step_of(seen: Seen) -> str:
    """Tell which question it is by the schema of its answer."""
    schema = json.loads(seen.body)["response_format"]["json_schema"]["schema"]
    return next(step for key, step in (KEYS | MORE).items() if key in schema["properties"])


def drafting(change: Mapping[str, Any] = {}, asked: list[str] | None = None) -> Callable[[Seen], Script]:
    """Answer each question well, except for the steps in `change`: a value, a text, or a whole script."""

    def answer(seen: Seen) -> Script:
        step = step_of(seen)
        if asked is not None:
            asked.append(step)
        value = change.get(step, ANSWERS[step])
        if isinstance(value, Script):
            return value
        return json_answer(completion(value if isinstance(value, str) else json.dumps(value)))

    return answer
