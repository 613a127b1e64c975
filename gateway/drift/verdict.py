"""The word for a turn, from its beliefs and p values."""

from typing import Literal, NamedTuple

Verdict = Literal["warming-up", "in-character", "drifting", "out-of-character"]

LINES_NEEDED = 4
"""Examples and accepted turns together, below which a manner cannot be told yet."""
SUSPICIOUS = 0.05
"""A turn that looks at most so usual is drifting."""
LIKELY = 0.5
"""A belief from which on it is more likely than not."""


class Beliefs(NamedTuple):
    """What there is to judge a turn by."""

    lines: int
    """Examples and accepted turns before this one."""
    p: float
    """How often a turn in character is as unlike the persona."""
    voice: float
    assistant: float
    """Belief that an assistant that plays nobody spoke, as far as it can be told without any line."""
    broken: float
    """How strongly the turn says itself that it is no character, from 0 to 1."""
    values: float | None
    coherence: float
    """Belief that it does not hang together."""
    trend: float


def judge(beliefs: Beliefs) -> Verdict:
    """What these beliefs amount to."""
    if beliefs.broken >= LIKELY:
        return "out-of-character"
    if beliefs.lines < LINES_NEEDED:
        return "drifting" if beliefs.assistant >= LIKELY else "warming-up"
    contradicts = beliefs.values is not None and beliefs.values >= LIKELY
    is_unlike = beliefs.p <= SUSPICIOUS
    if contradicts or (is_unlike and beliefs.voice >= LIKELY):
        return "out-of-character"
    if is_unlike or beliefs.trend >= LIKELY:
        return "drifting"
    return "in-character"
