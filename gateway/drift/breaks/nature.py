"""A persona's nature, by its own description, guards what it may say of itself: that it is a machine."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from gateway.drift.breaks.detection import CLAUSE, STOP, Guards, behind, breaks
from gateway.drift.breaks.patterns import table

_TOLD, _MENTIONED, _LINES = 4000, 32, 64
"""Characters of a persona's text, mentions of a machine in it, and fields and examples that are looked at."""
_BEHIND = 120
"""Characters behind such a mention that may say it is a trade and no machine."""
_KIND = re.compile(
    r"^(?:spec|race|kind|type|nature|descr|role|identity|occupation|being|what|is$|summary|bio|class)",
    re.IGNORECASE,
)
_APPOSED = re.compile(
    r",\s*(?:secretly |really |actually )?(?:an?|the|une?|ein\w*|una?)\s[\w -]{0,20}$", re.IGNORECASE
)


def guards(prompt: str, fields: Mapping[str, Any], examples: Iterable[str]) -> Guards:
    """What this persona is: once per version, tens of milliseconds at most."""
    lines = list(examples)
    told = [text[:_TOLD] for key, text in _texts(fields) if _KIND.search(key)][:_LINES]
    machine = _is_machine(prompt) or any(_is_machine("You are " + text[:200]) for text in told)
    own = [
        line
        for line in lines[:_LINES]
        if any(each.name == "ai-disclosure" for each in breaks(line, Guards()))
    ]
    says = len(own) >= 2
    described = " ".join([prompt[:_TOLD], *told])
    model = (machine or says) and bool(table().told["model"].search(described))
    named = " ".join([prompt, *(text for _, text in _texts(fields)), *lines]).lower()
    return Guards(machine or says, model, named)


def _is_machine(text: str) -> bool:
    """Whether a sentence says that the persona is one, not that it knows, builds or hates one."""
    told = table().told
    text = text[: _TOLD + _BEHIND]
    for found in islice(told["machine"].finditer(text, 0, _TOLD), _MENTIONED):
        if told["trade"].match(text, found.end()) or told["trade"].search(found[0]):
            continue
        sentence = behind(STOP, text[max(0, found.start() - 120) : found.start()])
        for being in reversed(list(told["being"].finditer(sentence))):
            lead = behind(CLAUSE, sentence[: being.start()])
            if not told["away"].search(lead) and not told["away"].search(sentence, being.end()):
                return True
            break
        if _APPOSED.search(sentence):
            return not told["away"].search(sentence.rpartition(",")[2])
    return False


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, key)
