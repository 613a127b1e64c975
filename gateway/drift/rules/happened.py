"""A user may tell of what has not happened: it is denied, or only supposed in a question."""

from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark

SUPPOSED = frozenset({"@hurt", "@ill", "@outage", "@danger"})
"""Whoever only asks what would be if it happened needs no help yet."""
IF = 8
"""Characters at the beginning of a question in which its `if` stands."""
DENIED = 12
"""Characters between a denial and the hurt that there is not."""


def is_supposed(asked: Marked, label: str) -> bool:
    """Tell whether each of these words is asked about behind an `if`: `if he falls ill, is that covered?`"""

    def is_behind(mark: Mark) -> bool:
        around = asked.sentence(mark.start)
        # Behind a "could we …" no comma parts what is supposed from what is asked.
        is_sure = label in SUPPOSED or "," in asked.text[around.start + IF : around.end]
        until = mark.start if label in SUPPOSED else min(mark.start, around.start + IF)
        return around.asks and is_sure and asked.has(around.start, until, "condition")

    return all(map(is_behind, asked.labels.get(label, ())))


def is_denied(asked: Marked, label: str) -> bool:
    """Tell whether a denial stands beside each of these words: `nobody is hurt`, `yaralı yok`."""
    marks = asked.labels.get(label, ())
    is_behind = asked.phrasebook.behind

    def denies(mark: Mark) -> bool:
        low, high = asked.clause(mark.start)
        if is_behind:
            return any(one.start - mark.end <= DENIED for one in asked.within("negation", mark.end, high))
        return any(mark.start - one.end <= DENIED for one in asked.within("negation", low, mark.start))

    return bool(marks) and all(map(denies, marks))
