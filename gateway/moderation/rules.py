"""What a persona must not say counts as categories of its own, whoever looks at the rest of a text."""

from gateway.drift.rules.check import Rules
from gateway.drift.text import Text

COUNTED = ("never_say", "must_not")
"""Kinds of rules that a text alone can break."""
PREFIX = "persona/"


def categories(rules: Rules, text: str) -> dict[str, float]:
    """Score a text as if the persona said it; a kind of which the version has no rule is absent."""
    kinds = {one.basis: one.rule.kind for one in rules.active if one.rule.kind in COUNTED}
    scores = {f"{PREFIX}{kind}": 0.0 for kind in COUNTED if kind in kinds.values()}
    for finding in rules.check(Text(""), Text(text)).findings:
        kind = kinds.get(finding.basis)
        if kind is not None:
            name = f"{PREFIX}{kind}"
            scores[name] = max(scores[name], round(finding.strength, 4))
    return scores
