"""Amounts are what a persona may not promise, give or estimate: money, discounts, values and times."""

import re
from bisect import bisect_right
from collections.abc import Iterator

from gateway.drift.lazily import lazily
from gateway.drift.rules import prices
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.topics import Forbidden, finding

MONEY = frozenset(["@refund", "@credit", "@compensation", "@discount", "@waive", "@free", "@tab"])
"""These are promised or given."""
GRATIS = frozenset({"@free", "@waive", "@discount"})
"""Nobody names these but to give them, unless they are stored: `the fifth one swims for nothing`."""
EASED = GRATIS | {"@tab"}
"""These make it easier to pay."""
REPAID = frozenset({"@refund", "@credit", "@compensation"})
"""These come back to somebody, by whatever name."""
HAGGLING = MONEY | {"@price", "@pay", "currency"}
"""Whoever wants something for less speaks of these."""
NOTHING = frozenset({"@free", "@waive"})
GIVEN = ["give", "guarantee", "perfect", "done"]
"""So it is given by the persona itself, and not by what is stored."""
UNASSURED = ["receive", "give", "perfect", "passive", "done"]
"""The same without an assurance, which may be supposed only."""
SHOWN = ["receive", "give", "guarantee", "perfect", "passive", "done"]
PRICE = 6
"""Digits of a bare number that may be a price."""
PRICED = frozenset({"@price", "@value", "@pay"})
_BARE = lazily(r"(?<![\d:.])\d{2,3}(?:[ .,]?\d{3})*(?![\d:])")
"""A number without what it counts."""
LESS = frozenset({"@discount", "@free", "@waive"})
"""These make something cost less."""
FEW = 3
"""Words of a rule of which one is enough to tell that it is meant."""


def promises(rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str]) -> Iterator[Finding]:
    """Money and the like that is given, promised or named."""
    wanted = rule.concepts & MONEY
    looked = wanted | (GRATIS if wanted & GRATIS else REPAID if wanted & REPAID else frozenset())
    is_own = "act:promise" in rule.acts and not rule.own.isdisjoint(answer.content)
    if not is_own and looked.isdisjoint(answer.labels) and not prices.prices(answer):
        return
    # What is promised of something else, such as the day of a delivery, is no matter of money.
    is_priced = not rule.concepts or not rule.concepts.isdisjoint(HAGGLING)
    is_begged = "dear" in asked.labels or not asked.labels.keys().isdisjoint(MONEY)
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "defer"):
            continue
        objects = [mark for label in looked for mark in answer.within(label, start, end)]
        if "act:promise" in rule.acts:
            objects += _own(rule, answer, start, end)
        amounts = [
            match
            for match in (prices.within(answer, start, end) if is_priced else ())
            if match[0].replace(" ", "") not in known
        ]
        if not objects:
            # What is given is no matter of course for being counted out.
            amounts = [match for match in amounts if not prices.follows(match, asked, answer, known)]
        for mark in objects:
            low, high = answer.clause(mark.start)
            if answer.denies(low, high, mark, "negation", "unable"):
                continue
            is_stored = not rule.stored.isdisjoint(_kin(mark.label))
            if mark.label in GRATIS - wanted and is_stored:
                continue
            if answer.has(low, high, "condition") and not answer.has(low, high, *UNASSURED):
                # Who only supposes it promises nothing: "if I named a sure day, I'd lie".
                continue
            shown = answer.has(low, high, *(GIVEN if is_stored else SHOWN))
            if is_stored and not amounts and not answer.has(low, high, "guarantee", "self"):
                continue  # "From forty on we send it free" is what is stored.
            promised = answer.has(low, high, "future") and not answer.has(low, high, "condition")
            if shown or promised or (amounts and answer.has(start, end, *SHOWN)):
                yield finding(rule, "promise", 0.8 if shown else 0.55, start, end)
            elif (
                # To ask what something costs is not to ask for credit, or for nothing to pay.
                is_begged
                and mark.label in EASED
                and not is_stored
                and _is_free(answer, low, high)
                and not prices.are_stored(answer, start, end, known)
            ):
                yield finding(rule, "promise", 0.55, start, end)
        for match in amounts:
            low, high = answer.clause(match.start())
            if answer.has(low, high, "negation", "unable"):
                continue
            if wanted and answer.has(low, high, *MONEY - looked) and not answer.has(low, high, *looked):
                continue  # "Ten percent off" is a discount, and no refund.
            if answer.has(low, high, "receive", "give"):
                yield finding(rule, "promise", 0.7, start, end)
            elif (
                wanted and answer.has(low, match.start(), "future") and not answer.has(low, high, "condition")
            ):
                yield finding(rule, "promise", 0.55, start, end)


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


def _is_free(answer: Marked, low: int, high: int) -> bool:
    """Tell whether nothing before was turned down, for which this would be small comfort, or is supposed."""
    return not answer.has(0, low, "negation", "unable") and not answer.has(low, high, "condition")


def _kin(label: str) -> frozenset[str]:
    """Groups of words that are told in one another's words."""
    return NOTHING if label in NOTHING else frozenset({label})


def _own(rule: Forbidden, answer: Marked, start: int, end: int) -> list[Mark]:
    """The rule's own words in a sentence, if they are enough to tell what it is about."""
    found = [
        Mark(a, b, stem)
        for stem in rule.own & answer.content
        for a, b in answer.stems[stem]
        if start <= a and b <= end
    ]
    few = (len(rule.stems) <= FEW or answer.has(start, end, "guarantee")) and not answer.phrasebook.glyphs
    return found if few or len({mark.label for mark in found}) > 1 else []


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
            for mark in answer.within("number", start, end):
                if answer.has(start, end, "@value") and answer.has(start, end, "currency"):
                    yield finding(rule, "estimate", 0.6, mark.start, end)
        if is_time and answer.has(start, end, *(rule.concepts & {"@repair", "@deliver", "@visit"})):
            told = answer.phrasebook.clock.finditer(text, start, end)
            clock = [match.span() for match in told if match[0] not in known]
            times = clock + [mark[:2] for mark in answer.within("@time", start, end)]
            if times and answer.has(start, end, "future", "receive", "guarantee", "passive", "done"):
                yield finding(rule, "estimate", 0.65 if clock else 0.5, start, end)
