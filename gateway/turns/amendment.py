"""An amendment is what becomes known of a turn after it was recorded; turns are changed by it here alone."""

from typing import Literal

import msgspec
from msgspec.structs import replace

from gateway.drift import calibration
from gateway.drift.axes import AXES
from gateway.drift.verdict import LIKELY
from gateway.turns.turn import Drift, Explain, Judgement, Reason, Turn, Verdict, gravity

Kind = Literal["judged", "scored"]
"""Says what happened to the turn, as the event `turn.<kind>` of the stream does."""
INCOHERENT = 3.0
"""At this grade of coherence and below it is as likely as not that an answer does not hang together."""
MEASURED = frozenset({"never-say", "language", "length", "format"})
"""Signals of rules that are checked by counting; no opinion acquits a turn of these."""
SURE = round(calibration.PRIOR / (1 - calibration.PRIOR), 3)
"""The p value of a signal that is as likely as not, by itself, a break."""
SLOW = "slow-drift"
"""The signal of a conversation that has drifted, which nobody can tell who sees one answer."""


COMES_LATER: frozenset[Reason] = frozenset({"budget", "later"})
"""Reasons of turns without a score that get one later."""


class LateScore(msgspec.Struct, frozen=True):
    """The score of a turn that went out without one."""

    drift: Drift
    coherence: float | None
    explain: Explain | None


class Flagged(msgspec.Struct, frozen=True):
    """Moderation has flagged these in a turn, as the turn has it."""

    words: str


Scored = Judgement | LateScore
"""These change what is said of a turn's drift."""
News = Scored | Flagged
"""These may become known of a turn."""


def amended(turn: Turn, news: Scored) -> Turn:
    """Give the turn as it is from now on, the same one where the news change nothing."""
    return _judged(turn, news) if isinstance(news, Judgement) else _scored(turn, news)


def _scored(turn: Turn, late: LateScore) -> Turn:
    """Take the late score, if the turn waits for one."""
    if turn.drift.reason not in COMES_LATER:
        return turn
    return replace(turn, drift=late.drift, coherence=late.coherence, explain=late.explain, late=True)


def _judged(turn: Turn, judgement: Judgement) -> Turn:
    if turn.judge is not None and replace(turn.judge, scored=None) == judgement:
        # It comes again after a doubtful commit.
        return turn
    scored, drift, coherence = scored_before(turn), opinion(turn, judgement), judgement.coherence
    for other in turn.explain.choices if turn.explain is not None else ():
        if other.index != judgement.choice and gravity(other.drift) > gravity(drift):
            # The furthest answer stands for the turn, and the judge has acquitted the one that was.
            drift, coherence = other.drift, other.coherence or coherence
    judge = replace(judgement, scored=scored)
    return replace(turn, drift=drift, coherence=coherence, judge=judge, judged=True)


def scored_before(turn: Turn) -> Drift:
    """Return what the scorer has said, whoever has judged the turn since."""
    return (turn.judge.scored if turn.judge is not None else None) or turn.drift


def opinion(turn: Turn, judgement: Judgement) -> Drift:
    """Take what the judge says of the answer, but for what no judge can know better."""
    scored, explain = scored_before(turn), turn.explain
    # On an axis that no judge is asked about, the score stands.
    levels = {axis.name: getattr(judgement, axis.name, getattr(scored, axis.name)) for axis in AXES}
    found = [_verdict(judgement)]
    signals = explain.signals if explain is not None else ()
    if any(one.name in MEASURED and one.p <= SURE for one in signals):
        levels["rules"] = max(scored.rules or 0.0, levels["rules"] or 0.0)
        found.append(scored.verdict)
    if scored.verdict == "drifting" and any(one.name == SLOW for one in signals):
        found.append("drifting")
    return Drift(verdict=max(found, key=lambda verdict: gravity(Drift(verdict=verdict))), **levels)


def _verdict(judgement: Judgement) -> Verdict:
    """Say what the judge's numbers amount to."""
    if max(judgement.voice, judgement.values or 0.0) >= LIKELY:
        return "out-of-character"
    if (judgement.rules or 0.0) >= LIKELY:
        return "drifting" if judgement.severity == "warn" else "out-of-character"
    return "drifting" if judgement.coherence <= INCOHERENT else "in-character"
