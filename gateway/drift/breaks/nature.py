"""A persona's nature, by its own description, guards what it may say of itself: that it is a machine."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from gateway.drift.breaks.detection import CLAUSE, Guards, behind, breaks
from gateway.drift.breaks.patterns import Patterns
from gateway.drift.text import Text

_TOLD, _MENTIONED, _LINES = 4000, 32, 64
"""Characters of a persona's text, mentions of a machine in it, and fields and examples that are looked at."""
_BEFORE, _BEHIND = 120, 120
"""Characters before such a mention that may say that it is the persona, and behind it that it is a trade."""
_PART = re.compile(r"[.!?;；:：。！？؟।\n]| [–—] ")
"""Matches the end of a part of a text that may say what somebody is; what to do stands behind it."""
_FIELD = 200
"""Characters of a field that says what the persona is."""


def guards(prompt: str, fields: Mapping[str, Any], examples: Iterable[str], patterns: Patterns) -> Guards:
    """Read from its own texts what a persona is: once per version, in tens of milliseconds at most."""
    lines = list(examples)
    told = [text[:_TOLD] for key, text in _texts(fields) if patterns.field.search(key)][:_LINES]
    machine = _is_machine(prompt, patterns) or any(
        _is_machine(text[:_FIELD], patterns, is_field=True) for text in told
    )
    own = [
        line
        for line in lines[:_LINES]
        if any(each.name == "ai-disclosure" for each in breaks(Text(line), Guards(), patterns))
    ]
    says = len(own) >= 2
    described = " ".join([prompt[:_TOLD], *told])
    model = (machine or says) and patterns.model.search(described) is not None
    no_person = patterns.no_person.search(described) is not None
    named = " ".join([prompt, *(text for _, text in _texts(fields)), *lines]).lower()
    return Guards(machine or says, model, named, _is_virtual(prompt, patterns), no_person)


def _is_machine(text: str, patterns: Patterns, *, is_field: bool = False) -> bool:
    """Tell whether a sentence says that the persona is one, not that it knows, builds or hates one.

    What a field says of the persona's kind need not begin with what it is: "an android".
    """
    text = text[: _TOLD + _BEHIND]
    for found in islice(patterns.machine.finditer(text, 0, _TOLD), _MENTIONED):
        if patterns.trade.match(text, found.end()) or patterns.trade.search(found[0]):
            continue
        lead = text[max(0, found.start() - _BEFORE) : found.start()]
        sentence = behind(_PART, lead)
        beings = [being.span() for being in patterns.being.finditer(sentence)]
        if is_field and len(sentence) == found.start():
            beings.insert(0, (0, 0))
        if beings:
            start, end = beings[-1]
            before = behind(CLAUSE, sentence[:start])
            if not patterns.away.search(before) and not patterns.away.search(sentence, end):
                return True
        if patterns.apposed.search(sentence):
            return not patterns.away.search(sentence)
    return False


def _is_virtual(prompt: str, patterns: Patterns) -> bool:
    """Tell whether a sentence says of the persona what no person is, and does not forbid to say so."""
    text = prompt[:_TOLD]
    for found in islice(patterns.no_person.finditer(text), _MENTIONED):
        lead = behind(_PART, text[max(0, found.start() - _BEFORE) : found.start()])
        if patterns.being.search(lead) and not patterns.away.search(lead):
            return True
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
