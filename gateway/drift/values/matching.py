"""Clauses of an answer are matched with stored and earlier ones that are about the same thing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from gateway.drift.values.clause import Clause
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.facts import ALIKE, Facts
from gateway.drift.values.figures import Number, is_year
from gateway.drift.values.reading import Mention
from gateway.drift.values.stated import Claim

ALIKE_SAID = 0.45
"""The same for example lines and earlier turns, where the persona speaks of many passing things."""
_NEAREST = 8
"""Stored statements looked at for one clause."""
_DIRECT = 0.9
"""The strength of two different counts of the same thing, whatever else the clauses say."""

_TOUCHED = 0.25
"""The strength of a denial that is worth a look, and by itself no contradiction."""
_SHARED, _BARELY = 2, 0.6
"""Words that a denial shares with the prompt, which also says what to do; below that it is doubted."""
_ANSWERED = 0.9
"""The same for another value or count in the answer to a question about the stored one, at full likeness."""


def near(facts: Facts, stems: Iterable[str]) -> list[tuple[Claim, float]]:
    """Find the stored clauses about the same thing, with their likeness from 0 to 1, the likest first."""
    items = facts.items
    return [(items[i], -negative) for negative, i in _alike(facts, stems)[:_NEAREST]]


def nearest(facts: Facts, stems: Iterable[str]) -> tuple[Claim, float] | None:
    """Find the likest of them."""
    found = _alike(facts, stems)
    if not found:
        return None
    negative, i = found[0]
    return facts.items[i], -negative


def _alike(facts: Facts, stems: Iterable[str]) -> list[tuple[float, int]]:
    """Find stored clauses by the words that they share, the likest first."""
    hits = list(filter(None, map(facts.near.get, stems)))
    if len(hits) < 2:
        return hits[0].alone if hits else []
    (weight, at, _), *others = hits
    shared = dict.fromkeys(at, weight)
    for weight, at, _ in others:
        for i in at:
            if i in shared:
                shared[i] += weight
            else:
                shared[i] = weight
    return facts.alike(shared)


def _likeness(shared: float, item: Claim) -> float:
    likeness = shared / item.full
    return likeness if likeness < 1.0 else 1.0


def weigh_likeness(evidence: Evidence, clause: Clause, claims: Mapping[str, list[Claim]]) -> None:
    """Add what a clause shares with stored statements and with claims, by their words, and what it denies."""
    stems = clause.stems
    is_own = clause.speaker == "self"
    is_denied_so = False
    for item, likeness in near(evidence.facts, stems):
        # A line that was said settles nothing, so its denials only count once something is.
        if (is_denied_so or not item.is_said) and clause.denied:
            if not item.clause.asks and _turned(clause, item.clause):
                if is_denied_so:
                    # What is denied so elsewhere, of more of the same words, denies nothing here.
                    continue
            elif item.clause.denied and not item.is_said:
                is_denied_so = True
        if item.is_said and (likeness < ALIKE_SAID or not is_own):
            evidence.note("echo", likeness)
        else:
            _weigh_pair(evidence, clause, item, likeness)
    found = {id(claim): claim for stem in stems for claim in claims.get(stem, ())} if claims else {}
    for claim in found.values():
        likeness = _likeness(evidence.facts.mass(stems.keys() & claim.clause.stems.keys()), claim)
        if likeness >= ALIKE:
            if likeness < ALIKE_SAID or not is_own:
                evidence.note("echo", likeness)
            else:
                _weigh_pair(evidence, clause, claim, likeness)
    if is_own and not clause.asks and stems:
        stored = evidence.facts.stored
        new = sum([mention.value not in stored.get(mention.category, ()) for mention in clause.values])
        evidence.note("self", 1.0)
        left = (1 - evidence.features["foreign"]) * 0.6 ** (new + clause.counts)
        evidence.note("foreign", 1 - left)


def _weigh_pair(evidence: Evidence, clause: Clause, item: Claim, likeness: float) -> None:
    theirs = item.clause
    doubt = (0.4 if clause.asks else 1.0) * (0.5 if clause.speaker == "other" else 1.0)
    if not theirs.asks and _turned(clause, theirs):
        if item.basis == "prompt" and len(clause.stems.keys() & theirs.stems.keys()) < _SHARED:
            doubt *= _BARELY
        name = "polarity" if clause.feels() and theirs.feels() else "negation"
        strength = doubt * likeness
        is_thin = len(clause.stems.keys() & theirs.stems.keys()) < _SHARED
        if name == "negation" and (item.basis == "prompt" or item.is_said or is_thin):
            # A prompt says in its denials what to do, a line some passing thing, and one word that is shared
            # little: they only touch.
            strength = min(strength, _TOUCHED)
        evidence.accuse("polarity", name, strength, (clause.start, clause.end), item.basis)
        return
    if clause.counts and theirs.counts:
        for number, direct in _miscounted(clause, theirs, evidence.facts.lexicon.shared.periods):
            stored = evidence.facts.counted
            if is_year(number.value) and not evidence.asks_date:
                continue
            if (
                number.value in evidence.theirs
                or number.value in evidence.facts.ledger.numbers
                or evidence.is_right(number.start)
                or any((unit, number.value) in stored for unit in number.units)
            ):
                # It is what is stored of something else that is counted so, or what the user has.
                continue
            strength = doubt * max(likeness, _DIRECT if direct else 0.0)
            evidence.accuse("number", "number-clash", strength, (number.start, number.end), item.basis)
    for mention in _swapped(clause, theirs):
        evidence.accuse("swap", "value-clash", doubt * likeness, mention[2:], item.basis)
    evidence.support("echo" if item.is_said else "support", likeness, item.basis)


def _turned(clause: Clause, stored: Clause) -> bool:
    """Tell whether half of what they share is denied by one of them and not by the other.

    It has to be more than half where both deny something of it.
    """
    ours, theirs = clause.denied, stored.denied
    if not ours and not theirs:
        return False
    shared = [stem for stem in clause.stems if stem in stored.stems]
    turned = sum([(stem in ours) != (stem in theirs) for stem in shared])
    # What both deny stands for more than a word that the denial only reaches in one of them.
    is_agreed = any(stem in ours and stem in theirs for stem in shared)
    return 2 * turned > len(shared) - (not is_agreed)


def _miscounted(clause: Clause, stored: Clause, periods: frozenset[str]) -> Iterable[tuple[Number, bool]]:
    """Counts of the same thing that differ, and whether both count it directly."""
    for number in clause.numbers:
        same = [
            held
            for held in stored.numbers
            if not set(held.units).isdisjoint(number.units) and is_year(held.value) == is_year(number.value)
        ]
        if same and all(held.value != number.value for held in same):
            yield (
                number,
                any(held.units[0] == number.units[0] and held.units[0] not in periods for held in same),
            )


def _swapped(clause: Clause, stored: Clause) -> Iterable[Mention]:
    """Values that stand where the stored clause has another one of their category."""
    if not clause.values or not stored.values:
        return
    held: dict[str, set[str]] = defaultdict(set)
    for mention in stored.values:
        held[mention.category].add(mention.value)
    said = {mention[:2] for mention in clause.values}
    for mention in clause.values:
        values = held.get(mention.category)
        if values and mention.value not in values and any((mention.category, v) not in said for v in values):
            yield mention


def weigh_answer(
    evidence: Evidence, clause: Clause, asked: Claim, likeness: float, *, asks_count: bool
) -> None:
    """Add other values and counts than the ones stored on what the question was about."""
    theirs = asked.clause
    for mention in _swapped(clause, theirs):
        evidence.accuse("swap", "value-clash", _ANSWERED * likeness, mention[2:], asked.basis)
    if asks_count and theirs.counts == clause.counts == 1:
        said, held = clause.numbers[0], theirs.numbers[0]
        is_stored = said.value in evidence.facts.ledger.numbers or evidence.is_right(said.start)
        is_beside = evidence.asks_price and evidence.is_length(said.start)
        is_alike = is_year(said.value) == is_year(held.value) and not is_beside
        if said.value != held.value and not is_stored and is_alike:
            evidence.accuse(
                "number", "number-clash", _ANSWERED * likeness, (said.start, said.end), asked.basis
            )


def weigh_attitudes(evidence: Evidence, clause: Clause, sense: int, span: tuple[int, int] | None) -> None:
    """Add likes and dislikes that are stored otherwise; `sense` is -1 where a question is answered by no."""
    facts = evidence.facts
    felt = clause.attitudes(facts.lexicon.puts_objects_first)
    if facts.attitudes.keys().isdisjoint(felt):
        return
    weight = 0.5 + min(3.0, facts.mass(thing for thing in felt if ":" not in thing))
    for thing, (sign, at) in felt.items():
        stored = facts.attitudes.get(thing)
        if stored is None:
            continue
        share = 1.0 if ":" in thing else facts.mass([thing]) / weight
        if stored[0] == sign * sense:
            evidence.support("attitude_same", share, stored[1])
        else:
            evidence.accuse("attitude", "polarity", share, span or (at, max(at + 1, clause.end)), stored[1])
