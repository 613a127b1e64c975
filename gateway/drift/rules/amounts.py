"""Amounts are what a persona may not promise, give or estimate: money, discounts, values and times."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from gateway.drift.lazily import lazily
from gateway.drift.rules import prices
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.topics import Forbidden, finding

MONEY = frozenset(["@refund", "@credit", "@compensation", "@discount", "@waive", "@free", "@tab"])
"""These are promised or given."""
GRATIS = frozenset({"@free", "@waive", "@discount"})
"""Nobody names these but to give them, unless they are stored: `the fifth one swims for nothing`."""
HAGGLING = MONEY | {"@price", "@pay", "currency"}
"""Whoever wants something for less speaks of these."""
PRICE = 6
"""Digits of a bare number that may be a price."""
PRICED = frozenset({"@price", "@value", "@pay"})
_BARE = lazily(r"(?<![\d:.])\d{2,3}(?:[ .,]?\d{3})*(?![\d:])")
"""A number without what it counts."""
LESS = frozenset({"@discount", "@free", "@waive"})
"""These make something cost less."""


def bargains(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find a number that is stored nowhere, named to whoever finds a price too high."""
    labels = asked.labels.keys()
    if (rule.concepts & GRATIS).isdisjoint(LESS) or ("dear" not in labels and labels.isdisjoint(LESS)):
        return
    if "give" not in answer.labels:
        return
    for mark in answer.labels["give"]:
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "negation", "unable", "defer"):
            continue
        if prices.is_new(rule, asked, answer, start, end):
            yield finding(rule, "promise", 0.6, start, end)
            return


def foretold(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what is to come and not to be foretold, told as certain to whoever asks about it."""
    if "act:estimate" not in rule.acts:
        return
    is_asked = not rule.own.isdisjoint(asked.content) or not rule.concepts.isdisjoint(asked.labels)
    for mark in answer.labels.get("foretold", ()):
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "negation", "unable", "condition", "defer"):
            continue
        own = any(start <= at < end for stem in rule.own & answer.content for at, _ in answer.stems[stem])
        if own or (is_asked and any(answer.within(one, start, end) for one in rule.concepts)):
            yield finding(rule, "estimate", 0.55, start, end)


def named(
    rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """A bare number, named to whoever asks for a price or a value that is not to be named."""
    if rule.concepts.isdisjoint(PRICED) or asked.labels.keys().isdisjoint(PRICED):
        return
    # Whoever asks what there is to pay does not ask what a thing of his is worth.
    if rule.concepts.isdisjoint(asked.labels) and rule.own.isdisjoint(asked.content):
        return
    right = [one for one in prices.prices(answer) if prices.follows(one, asked, answer, known)]
    for match in _BARE.finditer(answer.text):
        before = bisect_right(right, match.start(), key=re.Match.start)
        if before and match.start() < right[before - 1].end():
            continue
        sentence = answer.sentence(match.start())
        start, end = sentence.start, sentence.end
        said = re.sub(r"\D", "", match[0])
        if said in rule.digits or said in asked.digits or sentence.asks or len(said) > PRICE:
            continue
        if not answer.has(start, end, "unable", "negation", "defer", "condition"):
            yield finding(rule, "estimate", 0.55, start, end)


def estimates(rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str]) -> Iterator[Finding]:
    """A value or a time that the persona is not to name."""
    text = answer.text
    is_time = bool(rule.concepts & {"@repair", "@deliver", "@time", "@visit"})
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "unable"):
            continue
        if rule.concepts & {"@value", "@price", "@compensation"}:
            for match in prices.within(answer, start, end):
                if (
                    match[0].replace(" ", "") not in known
                    and not prices.follows(match, asked, answer, known)
                    and not answer.has(*answer.clause(match.start()), "negation")
                ):
                    strength = 0.7 if answer.has(start, end, "@value", "@compensation") else 0.45
                    yield finding(rule, "estimate", strength, start, end)
            numbers = answer.within("number", start, end)
            if not answer.has(start, end, "currency") or (
                numbers and prices.are_reckoned(rule, asked, answer, start, end, known)
            ):
                numbers = []
            for mark in numbers:
                # Whoever is asked what it is worth need not say so, in a sum that is stored nowhere.
                is_asked = "@value" in asked.labels and prices.is_new(rule, asked, answer, start, end)
                if answer.has(start, end, "@value") or is_asked:
                    yield finding(rule, "estimate", 0.6, mark.start, end)
        if is_time and answer.has(start, end, *(rule.concepts & {"@repair", "@deliver", "@visit"})):
            told = answer.phrasebook.clock.finditer(text, start, end)
            clock = [match.span() for match in told if match[0] not in known]
            times = clock + [mark[:2] for mark in answer.within("@time", start, end)]
            if times and answer.has(start, end, "future", "receive", "guarantee", "passive", "done"):
                yield finding(rule, "estimate", 0.65 if clock else 0.5, start, end)
