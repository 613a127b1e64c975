"""A reply is what an answer makes of the question: a yes, a no, or another value than the stored one."""

import re
from collections.abc import Sequence

from gateway.drift.values.attributes import (
    SINGLE,
    related,
    weigh_asked_age,
)
from gateway.drift.values.clause import Clause
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.matching import ALIKE_SAID, nearest, weigh_answer, weigh_attitudes
from gateway.drift.values.segmentation import Piece, clauses

_QUESTION = 60
"""Characters of a question that is answered by a yes."""
_SEVERAL = frozenset({"kin"})
"""Whoever has one of these may have another one, too."""
_REPLY = 4
"""Clauses of an answer that are taken as the answer to the question."""


def weigh_reply(evidence: Evidence, said: Sequence[Clause], question_asked: Piece, answer: str) -> None:
    """Add what a yes or a no makes of the question, and whether the answer says what is stored on it."""
    facts, patterns = evidence.facts, evidence.facts.lexicon.patterns
    yes, no = patterns["affirm"].match(answer), patterns["denial"].match(answer)
    reply = yes or no
    best, asked, agreed = 0.0, None, True
    topics: frozenset[str] = frozenset()
    lower = question_asked.stretch.lower
    evidence.asked.update(question_asked.reading.columns[0])
    for question in clauses(facts.lexicon, [question_asked], facts.known, counts=False):
        if not any(mention.category in ("kin", "partner") for mention in question.values):
            topics |= question.topics
        about = nearest(facts, question.stems)
        if about is not None and about[1] > best:
            asked, best = about
            agreed = _agree(question, asked.clause)
        if reply:
            weigh_attitudes(evidence, question, 1 if yes else -1, reply.span())
        if yes and question.speaker == "other" and len(question.text) < _QUESTION:
            _weigh_yes(evidence, question, yes.span())
    weigh_asked_age(evidence, said[:_REPLY], question_asked.stretch)
    _weigh_topics(evidence, said[:_REPLY], topics, no)
    if asked:
        is_counted = asked.clause.counts == 1 and any(clause.counts == 1 for clause in said[:_REPLY])
        asks_count = is_counted and patterns["count"].search(lower) is not None
        for clause in said[:_REPLY]:
            if clause.speaker != "other" and not clause.asks:
                weigh_answer(evidence, clause, asked, best, asks_count=asks_count)
        rest = asked.clause.stems.keys() - evidence.asked
        evidence.support("topic", best, asked.basis)
        evidence.support("answered", facts.mass(rest & evidence.said) / (0.5 + facts.mass(rest)), asked.basis)
        if reply and bool(yes) != agreed and (best >= ALIKE_SAID or not asked.is_said):
            evidence.accuse("no", "negation", best, reply.span(), asked.basis)


def _agree(one: Clause, other: Clause) -> bool:
    """Tell whether two clauses say their first common word in the same sense."""
    stem = next(stem for stem in one.stems if stem in other.stems)
    return (stem in one.denied) == (stem in other.denied)


def _weigh_topics(
    evidence: Evidence, said: Sequence[Clause], topics: frozenset[str], no: re.Match[str] | None
) -> None:
    """Add values of a category that was asked for by its name: "Any pets?" """
    homes = evidence.facts.lexicon.shared.homes
    for category in sorted(topics & evidence.facts.stored.keys() - evidence.named):
        stored = evidence.facts.stored[category]
        basis = next(iter(stored.values()))
        sure = 0.5 if category == "place" else 1.0
        given = [
            mention
            for clause in said
            for mention in clause.values
            if mention.category == category
            and mention[:2] not in evidence.facts.acquitted
            and clause.person(mention.start) != "other"
            and not clause.asks
        ]
        for mention in given:
            if any(related(value, mention.value, homes) for value in stored):
                evidence.support("same_prose", 1.0, basis)
            elif category not in _SEVERAL:
                evidence.accuse("asked", "value-clash", sure, mention[2:], basis)
        if no and not given:
            evidence.accuse("asked", "negation", 0.8 * sure, no.span(), basis)


def _weigh_yes(evidence: Evidence, question: Clause, span: tuple[int, int]) -> None:
    """Add what is agreed to of the speaker and is stored otherwise, such as another job."""
    homes = evidence.facts.lexicon.shared.homes
    for mention in question.values:
        stored = evidence.facts.stored.get(mention.category, {})
        if (
            stored
            and mention.category in SINGLE
            and not any(related(v, mention.value, homes) for v in stored)
        ):
            evidence.accuse("yes", "value-clash", 1.0, span, next(iter(stored.values())))
