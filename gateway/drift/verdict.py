"""A verdict is the word for a turn, from its beliefs and p values."""

from typing import Literal, NamedTuple

Verdict = Literal["warming-up", "in-character", "drifting", "out-of-character"]

LINES_NEEDED = 4
"""Examples and accepted turns together, below which a manner cannot be told yet."""
SUSPICIOUS = 0.05
"""A turn that looks at most so usual has a sign, and is out of character if another voice is likely."""
RARE = 0.03
"""A turn that looks at most so usual is drifting by that alone."""
LIKELY = 0.5
"""A belief from which on it is more likely than not."""
CONTRADICTS = 0.15
"""A belief that what is stored is contradicted, three times the prior, from which on a turn is drifting.

Few turns in character reach it, about one in a hundred; at LIKELY hardly any contradiction would show.
"""


class Beliefs(NamedTuple):
    """The beliefs that a turn is judged by."""

    lines: int
    """Examples and accepted turns before this one."""
    p: float
    """The share of turns in character that are as unlike the persona."""
    voice: float
    assistant: float
    """Belief that an assistant that plays nobody spoke, as far as it can be told without any line."""
    broken: float
    """The strength, from 0 to 1, with which the turn says itself that it is no character."""
    values: float | None
    coherence: float
    """Belief that it does not hang together."""
    trend: float
    rules: float | None = None
    """That a rule is broken."""
    is_brief: bool = False
    """The answer has so few words that how usual they are tells little."""
    warned: float = 0.0
    """That a rule is broken of which the owner wants a warning only."""


def judge(beliefs: Beliefs) -> Verdict:
    """Say what these beliefs amount to."""
    if beliefs.broken >= LIKELY or (beliefs.rules or 0.0) >= LIKELY:
        return "out-of-character"
    if beliefs.warned >= LIKELY:
        return "drifting"
    contradicted = beliefs.values or 0.0
    # What is stored is known however few lines are.
    if contradicted >= LIKELY:
        return "out-of-character"
    if contradicted >= CONTRADICTS:
        return "drifting"
    if beliefs.lines < LINES_NEEDED:
        return "drifting" if beliefs.assistant >= LIKELY else "warming-up"
    if beliefs.p <= SUSPICIOUS and beliefs.voice >= LIKELY:
        return "out-of-character"
    if (beliefs.p <= RARE and not beliefs.is_brief) or beliefs.trend >= LIKELY:
        return "drifting"
    return "in-character"
