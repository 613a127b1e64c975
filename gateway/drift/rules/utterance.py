"""An utterance of a term that is never to be said breaks its rule."""

from collections.abc import Sequence

from gateway.drift.rule import Active
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.terms import Terms, folded, skeleton
from gateway.drift.rules.words import fold

QUOTES = "\"'“”„«»‚‘’"
BEHIND = 16
"""Characters before a name in which its article stands."""


def terms(never: Sequence[tuple[Active, Terms]], asked: Marked, said: Marked) -> list[Finding]:
    """Find terms that are never said, but for those of the user that are turned down."""
    if not never:
        return []
    rough = folded(said.text)
    likely = [one for one in never if rough in one[1]]
    if not likely:
        return []
    seen, places = skeleton(said.text)
    found = []
    for active, some in likely:
        for start, end in some.find(said.text, seen, places):
            if _is_any(said, active, start, end):
                continue
            low, high = said.clause(start)
            refused = said.has(low, high, "unable", "negation") or any(a <= start < b for a, b in said.quotes)
            was_said = said.text[start:end].lower()[:4] in asked.text.lower()
            strength = 0.2 if refused and was_said else 0.95
            found.append(Finding("never-say", strength, start, end, active.basis))
    return found


def _is_any(said: Marked, active: Active, start: int, end: int) -> bool:
    """Tell whether a rival's name of one word that was read means any thing of that kind: `ein Kompass`."""
    term = said.text[start:end]
    if active.is_declared or not term.isalpha() or not said.phrasebook.articles:
        return False
    # A capital tells a name where only names have one, and within a word anywhere.
    if not term[1:].islower() or (term[0].isupper() and not said.phrasebook.compounds):
        return False
    at = active.source.lower().find(term.lower())
    if at > 0 and active.source[at - 1] in QUOTES:
        return False  # What is quoted is a word that is not to be said, whatever it means.
    before = said.text[max(0, start - BEHIND) : start].split()
    return bool(before) and fold(before[-1]) in said.phrasebook.articles
