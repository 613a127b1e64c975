"""The scorer holds one turn against its persona and against what was said before it."""

import math
from typing import NamedTuple

from gateway.drift import calibration, trend, verdict
from gateway.drift.breaks import detection
from gateway.drift.coherence import incoherence
from gateway.drift.explain import Explanation
from gateway.drift.profile import Odds, Profile
from gateway.drift.rules.findings import Kept
from gateway.drift.score import Score
from gateway.drift.text import Text
from gateway.drift.trend import Manner, Trend
from gateway.drift.values import contradiction
from gateway.drift.values.contradiction import Claims, Own
from gateway.drift.verdict import Beliefs
from gateway.drift.voice import lines
from gateway.drift.voice.lines import Lines
from gateway.drift.voice.stylometry import Measures

CALIBRATING = 16
"""Turns of a conversation that its p values go by, beside the examples."""
LEARNT = 8
"""Accepted turns that are added to a persona's lines, the first."""
EVIDENT = 0.25
"""A belief that an assistant spoke from which on nothing is learnt of a turn, whatever is usual."""
ASKED = 2_400
"""Characters of the user's turn that are read for words."""
BRIEF, FEW_WORDS, FEW_LETTERS = 48, 6, 14
"""Characters and words of an answer that is brief, and its characters where there are no blanks."""
SEEN = contradiction.LEARNT_FROM
"""Characters of the turn before that are remembered, to learn from and to notice what is said twice."""


class Course(NamedTuple):
    """A conversation so far, as the scorer remembers it; each turn gives the next one."""

    turns: int = 0
    verdict: str | None = None
    """The last turn's."""
    lines: Lines | None = None
    """The persona's lines, accepted turns among them; `None`: the version's own."""
    waiting: Measures | None = None
    """The last accepted turn while there are few, added to the lines when another turn follows."""
    learnt: int = 0
    """Accepted turns among the lines."""
    is_accepted: bool = False
    """True where the last turn's claims are to be learnt when another turn follows."""
    scores: tuple[float, ...] = ()
    """The log odds of the first turns, but for those out of character."""
    trend: Trend = Trend()
    claims: Claims = ()
    kept: Kept = Kept()
    """The conversation has settled this of the rules."""
    answer: str = ""
    """That of the turn before."""
    own: Own | None = ()
    """The persona said this of itself in it; `None` where that is read once another turn follows."""

    @property
    def size(self) -> int:
        """Estimate the bytes that it takes in memory, shared ones included."""
        words = 0 if self.lines is None else len(self.lines.tokens)
        waiting = 0 if self.waiting is None else len(self.waiting.tokens)
        return 20 * words + 8 * waiting + CLAUSE * len(self.own or ()) + 6_000


CLAUSE = 800
"""Bytes of a clause, about."""
BEGINNING = Course()


def score(
    profile: Profile, course: Course, user: str, answer: str, opinion: str | None = None
) -> tuple[Score, Course]:
    """Give the turn's score, and the course of the conversation with this turn in it.

    `opinion` is the verdict of somebody who knows better, by which the conversation goes on.
    """
    course = _settled(profile, course)
    known = course.lines or profile.lines
    asked, said = Text(user, ASKED), Text(answer)
    for stretch in (*asked.ends, *said.ends):
        profile.glance.note(stretch)
    text = profile.read(answer, user)
    odds = profile.odds(known, text)
    p = profile.p_value(profile.usual + course.scores, known.number, odds.drifted)
    contradicted, own = contradiction.weigh(profile.facts, course.claims, asked, said, course.answer)
    broken = detection.breaks(said, profile.guards, profile.patterns)
    unlike = odds.assistant if known.number >= verdict.LINES_NEEDED else -math.inf
    broken += detection.served(said, profile.service, unlike)
    before = [course.answer] if course.answer else []
    incoherent = incoherence.incoherence(asked, said, profile.repertoire, profile.relevance, earlier=before)
    checked = profile.rules.check(asked, said, course.kept)
    strength = detection.strength(broken)
    belief = calibration.belief(contradicted.log_odds) if contradicted is not None else None
    followed = trend.followed(course.trend, _manner(odds))
    beliefs = Beliefs(
        lines=known.number,
        p=p,
        voice=calibration.belief(odds.drifted),
        assistant=calibration.belief(odds.assistant),
        broken=strength,
        values=belief,
        coherence=calibration.belief(incoherent.log_odds),
        trend=followed.belief,
        rules=checked.broken,
        warned=checked.warned,
        is_brief=_is_brief(answer, is_unspaced=profile.is_unspaced),
    )
    word = opinion or verdict.judge(beliefs)
    explanation = Explanation(profile, answer, odds, beliefs, broken, contradicted, incoherent, checked)
    result = Score(
        # A break is a cause of its own beside the manner, so either is enough.
        voice=1 - (1 - beliefs.voice) * (1 - strength),
        values=belief,
        values_basis=contradicted.basis if contradicted is not None else None,
        coherence=incoherence.grade(beliefs.coherence),
        verdict=word,
        rules=checked.belief,
        touched=checked.touched,
        signals=explanation.signals(),
        trend=followed.belief,
    )
    return result, _next(profile, course, known, text, odds, followed, result, answer, checked.kept, own)


def _is_brief(answer: str, *, is_unspaced: bool) -> bool:
    """Tell whether an answer is no more than a few words, as in `in five days`."""
    if len(answer) > BRIEF:
        return False
    return len(answer) <= FEW_LETTERS if is_unspaced else len(answer.split()) <= FEW_WORDS


def _settled(profile: Profile, course: Course) -> Course:
    """Learn from the course's last turn, which is put off until there is another one."""
    if course.is_accepted:
        own = course.own
        if own is None:
            own = contradiction.own(profile.facts, Text(course.answer))
        claims = contradiction.learn(profile.facts, course.claims, course.turns - 1, own)
        course = course._replace(claims=claims)
    if course.waiting is not None:
        known = lines.added(profile.vocabulary, course.lines or profile.lines, course.waiting)
        course = course._replace(lines=known)
    return course


def _next(
    profile: Profile,
    course: Course,
    known: Lines,
    text: Measures,
    odds: Odds,
    followed: Trend,
    result: Score,
    answer: str,
    kept: Kept,
    own: Own | None,
) -> Course:
    """Add this turn to the course. One that is not accepted changes nothing that later turns are held to."""
    settled = course._replace(
        turns=course.turns + 1,
        verdict=result.verdict,
        lines=None if known is profile.lines else known,
        waiting=None,
        is_accepted=False,
        trend=followed,
        kept=kept,
        own=own,
        answer=answer[:SEEN],
    )
    if result.verdict == "out-of-character":
        return settled
    is_evident = calibration.belief(odds.assistant) >= EVIDENT
    is_drifting = result.verdict == "drifting"
    left_out = course.turns - len(course.scores)
    # A turn that drifts would make the next one look usual. Where most turns were left out they are
    # how this persona speaks, unless they are an assistant's: else it would take ever more for unlike.
    is_odd = is_drifting and (2 * left_out <= course.turns or is_evident)
    if course.turns < CALIBRATING and not is_odd:
        settled = settled._replace(scores=(*course.scores, odds.drifted))
    if is_drifting or is_evident:
        return settled
    if course.learnt >= LEARNT:
        return settled._replace(is_accepted=True)
    return settled._replace(is_accepted=True, waiting=text._replace(own=None), learnt=course.learnt + 1)


def _manner(odds: Odds) -> Manner:
    return Manner(odds.other, odds.surprise, odds.assistant)
