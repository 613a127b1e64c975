"""A version's default parameters: known ones are checked by name, type and range."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gateway.errors import Detail
from gateway.spelling import nearest


class Range(NamedTuple):
    """A number between the two, ends included; whole numbers only where `is_whole`."""

    least: float
    most: float
    is_whole: bool = False

    def problem(self, value: Any) -> str | None:
        kind = int if self.is_whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kind):
            return f"must be {'a whole' if self.is_whole else 'a'} number"
        return None if self.least <= value <= self.most else f"must be from {self.least:g} to {self.most:g}"


class Kinds(NamedTuple):
    """A value of one of these types."""

    types: tuple[type, ...]
    words: str

    def problem(self, value: Any) -> str | None:
        if isinstance(value, bool) and bool not in self.types:
            return f"must be {self.words}"
        return None if isinstance(value, self.types) else f"must be {self.words}"


MOST = float(2**31)
TEXT, FLAG = Kinds((str,), "a text"), Kinds((bool,), "true or false")
LIST, OBJECT = Kinds((list,), "a list"), Kinds((dict,), "an object")
KNOWN: Mapping[str, Range | Kinds | None] = {
    "audio": OBJECT,
    "frequency_penalty": Range(-2, 2),
    "function_call": Kinds((str, dict), "a text or an object"),
    "functions": LIST,
    "include_reasoning": FLAG,
    "logit_bias": OBJECT,
    "logprobs": FLAG,
    "max_completion_tokens": Range(1, MOST, is_whole=True),
    "max_tokens": Range(1, MOST, is_whole=True),
    "metadata": OBJECT,
    "min_p": Range(0, 1),
    "modalities": LIST,
    "parallel_tool_calls": FLAG,
    "prediction": OBJECT,
    "presence_penalty": Range(-2, 2),
    "prompt_cache_key": TEXT,
    "prompt_cache_retention": TEXT,
    "reasoning": OBJECT,
    "reasoning_effort": TEXT,
    "repetition_penalty": Range(0, 10),
    "response_format": OBJECT,
    "safety_identifier": TEXT,
    "seed": Range(-(2.0**63), 2.0**64, is_whole=True),
    "service_tier": TEXT,
    "stop": Kinds((str, list), "a text or a list of texts"),
    "store": FLAG,
    "temperature": Range(0, 2),
    "thinking": OBJECT,
    "tool_choice": Kinds((str, dict), "a text or an object"),
    "tools": LIST,
    "top_k": Range(-1, MOST, is_whole=True),
    "top_logprobs": Range(0, 20, is_whole=True),
    "top_p": Range(0, 1),
    "user": TEXT,
    "verbosity": TEXT,
    "web_search_options": OBJECT,
}
"""Parameters of chat completions (OpenAI's reference, and names that most open servers share)."""
NEAR = 0.85
"""The likeness (difflib's ratio) from which on a name is a slip of another one, and no name of its own."""


def wrong(defaults: Mapping[str, Any]) -> Iterator[Detail]:
    """Yield what is wrong with known parameters, and names that are one letter away from one."""
    for name, value in defaults.items():
        known = KNOWN.get(name)
        if known is not None and value is not None:
            problem = known.problem(value)
            if problem is not None:
                yield Detail(["defaults", name], problem, "value_error")
        elif name not in KNOWN and (meant := _meant(name)):
            problem = f"is no known parameter; did you mean `{meant}`?"
            yield Detail(["defaults", name], problem, "value_error")


def strange(defaults: Mapping[str, Any]) -> list[str]:
    """The names that nothing is known of; they are sent as they are."""
    return [name for name in defaults if name not in KNOWN and not _meant(name)]


def _meant(name: str) -> str | None:
    return nearest(name, KNOWN, NEAR)
