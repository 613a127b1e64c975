"""A check finds which rule an answer touches, where, and how strongly."""

from typing import NamedTuple

BREAK = 0.5
"""A belief from which on a rule is taken to be broken."""
TOUCH = 0.1
"""A belief from which on a place is worth a look."""


class Finding(NamedTuple):
    """One place where an answer breaks a rule, or may."""

    name: str
    """Names what was seen: `never-say`, `language`, `length`, `format`, `prompt-leak`, `claim`, `duty` …"""
    strength: float
    """Belief that the rule is broken, by this place alone."""
    start: int
    end: int
    basis: str
    """Names the rule: `rules[2]`, `prose:1a2b3c4d`, or `prompt` for what no persona may do."""


class Kept(NamedTuple):
    """Holds what a conversation has settled already."""

    duties: frozenset[str] = frozenset()
    """Duties that were done, and need not be again."""


NOTHING = Kept()


class Checked(NamedTuple):
    """Holds what one answer gave."""

    belief: float | None
    """That a rule is broken; `None` where the turn touches none."""
    broken: float | None
    """The same, but for rules of which the owner wants a warning only."""
    warned: float
    """That one of those is broken."""
    findings: tuple[Finding, ...]
    touched: tuple[str, ...]
    """Rules that are worth a look by somebody who understands what is said."""
    kept: Kept


def belief(findings: list[Finding]) -> float:
    """The strongest decides: several rules often say the same, and weak signs do not add up."""
    return max((one.strength for one in findings), default=0.0)


def distinct(findings: list[Finding]) -> list[Finding]:
    """Give the strongest first; of several that say the same of the same passage only that one."""
    kept: dict[tuple[str, int, int, str], Finding] = {}
    for one in sorted(findings, key=lambda one: (-one.strength, one.start, one.end, one.name, one.basis)):
        kept.setdefault((one.name, one.start, one.end, one.basis), one)
    return list(kept.values())
