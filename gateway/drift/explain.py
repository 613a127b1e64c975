"""A score is explained by named signals with p values and the spans that they rest on."""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.drift import calibration, verdict
from gateway.drift.breaks.detection import Break
from gateway.drift.coherence.incoherence import Incoherence
from gateway.drift.profile import Odds, Profile
from gateway.drift.rules.findings import Checked
from gateway.drift.score import Signal
from gateway.drift.text import LONGEST
from gateway.drift.values.contradiction import Contradiction
from gateway.drift.values.evidence import Clash
from gateway.drift.verdict import Beliefs

TELLING = 0.3
"""Signals that are more usual are not worth telling; no contradiction that makes a turn drift is."""
SHOWN = 0.21
"""The strength from which on a place that may break a rule is a reason."""
SENTENCES = 60
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？\n]*")


class Explanation(NamedTuple):
    """Everything found of one turn."""

    profile: Profile
    answer: str
    odds: Odds
    beliefs: Beliefs
    breaks: tuple[Break, ...]
    contradiction: Contradiction | None
    incoherence: Incoherence
    checked: Checked

    def signals(self) -> tuple[Signal, ...]:
        """Give the signals that are worth telling, the least usual of each axis first."""
        found = [*self._voice()]
        if self.contradiction is not None and self.contradiction.clashes:
            found += self._values(self.contradiction.clashes)
        if self.checked.findings:
            found += self._rules()
        if self.incoherence.flaws:
            found += self._coherence()
        return tuple([signal for signal in found if signal.p <= TELLING])

    def _voice(self) -> Iterator[Signal]:
        for one in self.breaks:
            yield Signal(one.name, "voice", bound(one.strength), one.start, one.end)
        if self.beliefs.assistant >= verdict.LIKELY:
            yield Signal("assistant-voice", "voice", rounded(math.exp(-self.odds.assistant)), *self._worst())
        elif self.beliefs.p <= verdict.SUSPICIOUS and self.beliefs.lines:
            yield Signal("unlike-voice", "voice", rounded(self.beliefs.p))
        if self.beliefs.trend >= verdict.LIKELY:
            yield Signal("slow-drift", "voice", bound(self.beliefs.trend))

    def _values(self, clashes: tuple[Clash, ...]) -> Iterator[Signal]:
        p = bound(self.beliefs.values or 0.0)
        for one in clashes:
            if any(_says_more(other, one) for other in clashes):
                continue
            yield Signal(one.name, "values", p, one.start, one.end, one.basis)

    def _rules(self) -> Iterator[Signal]:
        for one in self.checked.findings:
            if one.strength < SHOWN:
                # It is only worth a look by somebody who understands what is said, which `touched` tells.
                continue
            title = self.profile.rules.title(one.basis)
            yield Signal(one.name, "rules", bound(one.strength), one.start, one.end, one.basis, title)

    def _coherence(self) -> Iterator[Signal]:
        p = bound(self.beliefs.coherence)
        for one in self.incoherence.flaws:
            yield Signal(one.name, "coherence", p, one.start, one.end)

    def _worst(self) -> tuple[int, int]:
        """Find the sentence that speaks most for an assistant."""
        spans = [match.span() for match in _SENTENCE.finditer(self.answer[:LONGEST])][:SENTENCES]
        vocabulary = self.profile.vocabulary

        def assistance(span: tuple[int, int]) -> float:
            return vocabulary.assistance(self.profile.read(self.answer[span[0] : span[1]]))

        return max(spans or [(0, len(self.answer))], key=assistance)


def _says_more(other: Clash, one: Clash) -> bool:
    """Tell whether another reason says more exactly what is wrong with a number: `14 days` than `14`."""
    if other.name != one.name or one.name != "number-clash":
        return False
    covers = other.start <= one.start and one.end <= other.end
    is_longer = other.end - other.start > one.end - one.start
    return covers and (is_longer or (one.basis == "prompt" and other.basis != "prompt"))


def bound(belief: float) -> float:
    """Give the largest p value that a belief allows: one over its likelihood ratio (Vovk and Wang 2021)."""
    odds = calibration.PRIOR / (1 - calibration.PRIOR)
    return rounded(odds * (1 - belief) / max(belief, 1e-6))


def rounded(p: float) -> float:
    """Two significant digits, within 1e-6 and 1."""
    return float(f"{min(1.0, max(p, 1e-6)):.2g}")
