"""A contradiction is a turn that denies what is stored of its persona, or what it has said before."""

import math
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import NamedTuple

from gateway.drift.score import kind
from gateway.drift.text import Stretch, Text
from gateway.drift.values import misquote
from gateway.drift.values.attributes import (
    note_named,
    weigh_attributes,
    weigh_verb_forms,
)
from gateway.drift.values.clause import Clause
from gateway.drift.values.evidence import Clash, Evidence
from gateway.drift.values.facts import Facts
from gateway.drift.values.figures import WEEKDAY, Figure
from gateway.drift.values.heard import Heard
from gateway.drift.values.matching import weigh_attitudes, weigh_likeness
from gateway.drift.values.reply import weigh_reply
from gateway.drift.values.segmentation import MOST, Piece, clauses, pieces, segment
from gateway.drift.values.stated import Claim

Own = tuple[Clause, ...]
"""Clauses of one turn in which the persona spoke of itself."""
Claims = tuple[Claim, ...]
"""Clauses in which the persona spoke of itself in accepted turns, newest last."""
_CLAIMS, _CLAIMS_PER_TURN = 64, 16
_SEEN = 4000
"""Characters at the beginning of an answer that are searched for names, breaks and out-of-era words."""
LEARNT_FROM = 2_000
"""Characters of an answer that are learnt from, the first."""
_BIOGRAPHY = 24
"""Content words from which on whatever a persona says of itself touches what is stored of it."""
_CLASHES = 8
_ASKED = 600
"""Characters at the end of the user's turn that are taken as the question."""

BIAS = 0.0
WEIGHTS = {
    "clash_self": 3.5,
    "clash": 2.0,
    "clash_prose": 2.0,
    "mixed_self": 0.8,
    "mixed": 0.3,
    "within": 0.3,
    "denied": 3.0,
    "yes": 2.5,
    "no": 2.0,
    "asked": 3.0,
    "polarity": 4.0,
    "attitude": 4.0,
    "number": 3.0,
    "figure": 3.8,
    "swap": 3.0,
    "name": 3.0,
    "assistant": 2.5,
    "modern": 1.0,
    "foreign": 0.4,
    "gender_self_clash": 3.2,
    "gender_self_prose_clash": 1.9,
    "gender_yours_clash": 1.0,
    "gender_yours_prose_clash": 0.0,
    "partner_clash": 1.0,
    "partner_other_clash": 0.2,
    "same": -2.0,
    "same_prose": -0.7,
    "figure_same": -0.5,
    "verbatim": -0.7,
    "support": -1.0,
    "attitude_same": -1.0,
    "overlap": -1.0,
    "echo": -0.7,
    "topic": 0.2,
    "answered": -1.0,
    "gender_self_same": -2.0,
    "gender_self_prose_same": -1.2,
    "gender_yours_same": -1.0,
    "partner_same": -0.5,
    "partner_other_same": -0.2,
}
"""Log-odds of a contradiction, among as many as not, for each kind of evidence at full strength.

Set by hand from what each kind means; fitted to no data.
"""
_DECISIVE = ("asked", "polarity", "attitude", "number", "figure", "swap", "denied", "yes", "no", "name")
"""Reasons beside which the words that a turn shares with what is stored speak for it no longer."""
_OVERRULED = 0.7
_NO_CLASH = 0.9
"""The highest log odds where nothing is held against the turn: many new things are no contradiction."""


class Contradiction(NamedTuple):
    """The log odds that the turn contradicts, and what speaks for it."""

    log_odds: float
    basis: str
    """`fields`, `prompt`, `examples` or `earlier`: what the strongest reason was held against."""
    clashes: tuple[Clash, ...]
    """The strongest first."""
    features: dict[str, float]
    """Strength from 0 to 1 of each kind of evidence, for and against."""


class Weighed(NamedTuple):
    """An answer held against what is stored."""

    contradiction: Contradiction | None
    """`None` where the answer touches nothing stored."""
    own: Own | None
    """The persona says this of itself; `None` where the answer is too long for all of it to be told here."""


def learn(facts: Facts, claims: Claims, turn: int, own: Own) -> Claims:
    """Add the claims of one more accepted turn; the oldest fall out."""
    said = [Claim(f"turn[{turn}]", clause, facts.mass(clause.stems), is_said=True) for clause in own]
    return (claims + tuple(said))[-_CLAIMS:]


def own(facts: Facts, answer: Text) -> Own:
    """Read what the persona says of itself in an answer."""
    return _own(segment(facts.lexicon, answer))


def _own(clauses: Iterable[Clause]) -> Own:
    said = [one for one in clauses if one.speaker == "self" and not one.asks and one.stems]
    return tuple(said[:_CLAIMS_PER_TURN])


def weigh(facts: Facts, claims: Claims, user: Text, answer: Text, before: str = "") -> Weighed:
    """Gather what speaks for a contradiction, and what is to be learnt of the answer.

    `before` is the answer before, whose names and numbers are none that this one brings up.
    """
    question = user.stretch(max(0, len(user) - _ASKED), len(user))
    asked = facts.lexicon.read(question)
    evidence = Evidence(facts, asked)
    read = pieces(facts.lexicon, answer)
    evidence.answer, evidence.asked_text = answer.text, question.text
    evidence.mentions = read[0].reading.mentions
    for piece in read:
        evidence.said.update(piece.reading.columns[0])
    earlier: dict[str, list[Claim]] = {}
    for claim in claims:
        if not evidence.said.isdisjoint(claim.clause.stems):
            for stem in claim.clause.stems:
                earlier.setdefault(stem, []).append(claim)
    said = clauses(facts.lexicon, read, facts.known | earlier.keys() if earlier else facts.known)
    evidence.figures = figures = [figure for piece in read for figure in piece.reading.figures]
    note_named(evidence, said)
    for clause in said:
        if clause.values or clause.counts:
            weigh_attributes(evidence, clause)
        weigh_likeness(evidence, clause, earlier)
        if clause.marks and clause.speaker != "other" and not clause.asks:
            weigh_attitudes(evidence, clause, 1, None)
    weigh_verb_forms(evidence, answer)
    lower = answer.lowered(_SEEN)
    _weigh_words(evidence, lower)
    weigh_reply(evidence, said, Piece(question, asked), answer.text)
    _weigh_figures(evidence, read, figures, Piece(question, asked), answer, before.lower())
    _weigh_identity(evidence, user.text, answer.head(_SEEN))
    # Clauses of a longer answer are read from another part of it when they are learnt.
    told = _own([one for one in said if one.number < MOST]) if len(answer) <= LEARNT_FROM else None
    return Weighed(_verdict(evidence), told)


def _weigh_words(evidence: Evidence, lower: str) -> None:
    facts = evidence.facts
    if shared := evidence.said & facts.told:
        evidence.support("overlap", 1 - math.exp(-facts.mass(shared) / 3), "prompt")
    for word, basis in facts.verbatim.items():
        if word in lower:
            evidence.support("verbatim", 1.0, basis)


def _weigh_figures(
    evidence: Evidence,
    read: Sequence[Piece],
    figures: list[Figure],
    question: Piece,
    answer: Text,
    earlier: str,
) -> None:
    """Add what the prices, times and other figures of the answer say, and names in place of others."""
    facts = evidence.facts
    ledger, reader = facts.ledger, facts.lexicon.reader
    if ledger.by_kind.get(WEEKDAY):
        for part in read:
            figures = figures + reader.days(part.stretch.text, part.stretch.lower, part.stretch.offset)
    names = facts.names.is_worth(answer.text)
    is_asked = facts.answers.is_asked(question.stretch)
    if not names and not is_asked and not (figures and ledger.stated):
        return
    asks = facts.answers.asks(question.stretch)
    heard = Heard(answer, figures, [part.reading for part in read], question, reader, earlier, asks=asks)
    if figures and ledger.stated:
        misquote.weigh(ledger, evidence, heard)
    if names:
        facts.names.weigh(evidence, heard)
    if is_asked:
        facts.answers.weigh(evidence, heard)


def _weigh_identity(evidence: Evidence, user: str, answer: Stretch) -> None:
    """Add another name, a machine's nature and things that are not of the persona's time."""
    facts, find = evidence.facts, evidence.facts.lexicon.find
    if facts.name and (match := find("named", "name", answer)):
        called, own = match[1].strip().lower(), facts.name.lower()
        said, ours = set(called.split()), set(own.split())
        if called not in facts.text and called not in own and own not in called and not said & ours:
            evidence.accuse("name", "name-clash", 1.0, match.span(1), "name")
    if not facts.is_machine and (match := find("assistant", "assistant", answer)):
        evidence.accuse("assistant", "not-a-person", 1.0, match.span(), "prompt")
    if facts.is_past and (match := find("modern", "modern", answer)) and match[0].lower() not in user.lower():
        evidence.accuse("modern", "anachronism", 1.0, match.span(), "prompt")


def _verdict(evidence: Evidence) -> Contradiction | None:
    """Sum up the weighed evidence, over what a turn without any would get."""
    features = dict(evidence.features)
    claims = features.get("self") and len(evidence.facts.told) >= _BIOGRAPHY
    if not evidence.clashes and not evidence.supported and not claims:
        return None
    decisive = max(map(features.get, _DECISIVE, repeat(0.0)))
    weighed = [WEIGHTS.get(name, 0.0) * strength for name, strength in features.items()]
    score = BIAS + sum(part if part > 0 else part * (1 - _OVERRULED * decisive) for part in weighed)
    if not evidence.clashes:
        score = min(score, _NO_CLASH)
    ranked = sorted(dict.fromkeys(evidence.clashes), key=lambda clash: -clash.strength)[:_CLASHES]
    basis = ranked[0].basis if ranked else evidence.supported or "prompt"
    return Contradiction(score, kind(basis), tuple(ranked), features)
