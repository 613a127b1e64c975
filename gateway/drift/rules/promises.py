"""Promises are money and the like that an answer gives, in words or as an amount."""

import re
from collections.abc import Iterator

from gateway.drift.rules import prices
from gateway.drift.rules.amounts import GRATIS, HAGGLING, MONEY
from gateway.drift.rules.claims import is_stock
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.topics import BEGINNING, Forbidden, finding

NEAR = 12
"""Characters before a sum in which it is said that it comes back."""
EASED = GRATIS | {"@tab"}
"""These make it easier to pay."""
REPAID = frozenset({"@refund", "@credit", "@compensation"})
"""These come back to somebody, by whatever name."""
NOTHING = frozenset({"@free", "@waive"})
GIVEN = ["give", "guarantee", "perfect", "done"]
"""So it is given by the persona itself, and not by what is stored."""
UNASSURED = ["receive", "give", "passive", "done"]
"""The same without an assurance, which may be supposed only."""
SHOWN = ["receive", "give", "guarantee", "perfect", "passive", "done"]
CLEAR, LIKELY, NAMED = 0.8, 0.55, 0.7
"""The strength of what is given in so many words, of what seems to be, and of an amount that is."""
FEW = 3
"""Words of a rule of which one is enough to tell that it is meant."""


def promises(rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str]) -> Iterator[Finding]:
    """Find what is given, promised or named, against amounts that are stored."""
    promised = _Promises(rule, asked, answer, known)
    is_own = "act:promise" in rule.acts and not rule.own.isdisjoint(answer.content)
    if is_own or not promised.looked.isdisjoint(answer.labels) or prices.prices(answer):
        yield from promised.find()


class _Promises:
    """What one rule finds in one answer."""

    def __init__(self, rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str]) -> None:
        self._rule, self._asked, self._answer, self._known = rule, asked, answer, known
        wanted = self._wanted = rule.concepts & MONEY
        self.looked = wanted | (GRATIS if wanted & GRATIS else REPAID if wanted & REPAID else frozenset())
        # What is promised of something else, such as the day of a delivery, is no matter of money.
        self._is_priced = not rule.concepts or not rule.concepts.isdisjoint(HAGGLING)
        # Who has turned somebody down gives nothing of what was not asked for: "we don't charge for a look".
        self._is_kept = answer.begins_with(BEGINNING, "unable") and asked.labels.keys().isdisjoint(HAGGLING)
        self._is_begged = "dear" in asked.labels or not asked.labels.keys().isdisjoint(MONEY)

    def find(self) -> Iterator[Finding]:
        """Look at each sentence that neither asks nor leaves it to others."""
        for sentence in self._answer.sentences:
            start, end = sentence.start, sentence.end
            if sentence.asks or self._answer.has(start, end, "defer"):
                continue
            objects = [mark for label in self.looked for mark in self._answer.within(label, start, end)]
            if "act:promise" in self._rule.acts:
                objects += self._own(start, end)
            if self._wanted & REPAID:
                objects += self._returned(start, end)
            objects = [mark for mark in objects if not self._is_said_only(mark)]
            amounts = self._amounts(start, end, is_bare=not objects)
            found = [self._given(mark, (start, end), has_amounts=bool(amounts)) for mark in objects]
            for strength in found + [self._named(match) for match in amounts]:
                if strength:
                    yield finding(self._rule, "promise", strength, start, end)

    def _is_said_only(self, mark: Mark) -> bool:
        """Tell whether it is part of a phrase that gives nothing: `there and back`."""
        return any(one.label == "idiom" for one in self._answer.around(mark.start, mark.end))

    def _returned(self, start: int, end: int) -> list[Mark]:
        """Find sums that come back to somebody: `you'll have your £30 back`, and no ticket there and back."""
        answer = self._answer
        if "back" not in answer.labels:
            return []
        return [
            Mark(*match.span(), "@refund")
            for match in prices.within(answer, start, end)
            if answer.has(max(start, match.start() - NEAR), answer.clause(match.start())[1], "back")
        ]

    def _own(self, start: int, end: int) -> list[Mark]:
        """The rule's own words in a sentence, if they are enough to tell what it is about."""
        rule, answer = self._rule, self._answer
        if answer.has(start, end, "later"):
            return []  # Whoever is told the day later is promised none.
        found = [
            Mark(a, b, stem)
            for stem in rule.own & answer.content
            for a, b in answer.stems[stem]
            if start <= a and b <= end and not is_stock(rule, answer, a)
        ]
        few = len(rule.stems) <= FEW or answer.has(start, end, "guarantee")
        is_enough = few and not answer.phrasebook.glyphs
        return found if is_enough or len({mark.label for mark in found}) > 1 else []

    def _amounts(self, start: int, end: int, *, is_bare: bool) -> list[re.Match[str]]:
        """Give the amounts of a sentence that are not stored, and where they are bare not sums either."""
        some = prices.within(self._answer, start, end) if self._is_priced else ()
        found = [match for match in some if match[0].replace(" ", "") not in self._known]
        if not is_bare:
            return found
        # What is given is no matter of course for being counted out.
        return [one for one in found if not prices.follows(one, self._asked, self._answer, self._known)]

    def _given(self, mark: Mark, sentence: tuple[int, int], *, has_amounts: bool) -> float:
        """Tell how surely a thing is given in its clause."""
        answer, (start, end) = self._answer, sentence
        low, high = answer.clause(mark.start)
        if answer.denies(low, high, mark, "negation", "unable"):
            return 0.0
        is_passed_on = (
            mark.label != "@tab"
            and answer.has(low, high, "@notify")
            and answer.has(low, high, "perfect", "done")
        )
        if is_passed_on and not answer.has(low, high, "receive", "give", "guarantee"):
            return 0.0  # "I have passed on both dates" gives nothing.
        is_stored = not self._rule.stored.isdisjoint(_kin(mark.label))
        if mark.label in GRATIS and (self._is_kept or (mark.label not in self._wanted and is_stored)):
            return 0.0
        is_supposed = answer.has(low, high, "condition")
        if is_supposed and not answer.has(low, high, *UNASSURED):
            return 0.0  # Who only supposes it promises nothing: "if I named a sure day, I'd lie".
        if is_stored and not has_amounts and not answer.has(low, high, "guarantee", "self"):
            return 0.0  # "From forty on we send it free" is what is stored.
        if answer.has(low, high, *(GIVEN if is_stored else SHOWN)):
            return CLEAR
        is_coming = any(not self._is_said_only(one) for one in answer.within("future", low, high))
        if (is_coming and not is_supposed) or (has_amounts and answer.has(start, end, *SHOWN)):
            return LIKELY
        # To ask what something costs is not to ask for credit, or for nothing to pay.
        is_eased = self._is_begged and mark.label in EASED and not is_stored and _is_free(answer, low, high)
        return LIKELY if is_eased and not prices.are_stored(answer, start, end, self._known) else 0.0

    def _named(self, match: re.Match[str]) -> float:
        """Tell how surely an amount is promised in its clause."""
        answer, wanted = self._answer, self._wanted
        low, high = answer.clause(match.start())
        if answer.denies(low, high, Mark(*match.span(), "amount"), "negation", "unable"):
            return 0.0
        if wanted and answer.has(low, high, *MONEY - self.looked) and not answer.has(low, high, *self.looked):
            return 0.0  # "Ten percent off" is a discount, and no refund.
        if answer.has(low, high, "receive", "give"):
            return NAMED
        is_coming = answer.has(low, match.start(), "future") and not answer.has(low, high, "condition")
        return LIKELY if wanted and is_coming else 0.0


def _is_free(answer: Marked, low: int, high: int) -> bool:
    """Tell whether nothing up to there was turned down, which this would console for, or is supposed."""
    until = answer.sentence(low).end
    return not answer.has(0, until, "negation", "unable") and not answer.has(low, high, "condition")


def _kin(label: str) -> frozenset[str]:
    """Groups of words that are told in one another's words."""
    return NOTHING if label in NOTHING else frozenset({label})
