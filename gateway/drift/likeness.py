"""Clauses of an answer held against the stored and earlier statements that are about the same thing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from gateway.drift.evidence import Evidence
from gateway.drift.facts import Facts, Item
from gateway.drift.lexicon import Mention
from gateway.drift.statements import Number, Statement

ALIKE = 0.2
"""Below this likeness two statements are not about the same thing."""
_ALIKE_SAID = 0.45
"""The same for example lines and earlier turns, where the persona speaks of many passing things."""
_NEAREST = 8
"""Stored statements looked at for one clause."""
_DIRECT = 0.9
"""How strong two different counts of the same thing are, whatever else the clauses say."""

_ANSWERED = 0.9
"""The same for another value or count in the answer to a question about the stored one, at full likeness."""


def near(facts: Facts, stems: Iterable[str]) -> list[tuple[Item, float]]:
    """The stored statements about the same thing, with their likeness from 0 to 1, the likest first.

    Likeness is shared content over the stored statement's, of which three words are enough.
    """
    shared: dict[int, float] = {}
    told = facts.near
    for stem in stems:
        if stem in told:
            weight, at = told[stem]
            for i in at:
                shared[i] = shared.get(i, 0.0) + weight
    if not shared:
        return []
    items = facts.items
    found = [(-likeness, i) for i, mass in shared.items() if (likeness := _likeness(mass, items[i])) >= ALIKE]
    if len(found) > 1:
        found.sort()
    return [(items[i], -negative) for negative, i in found[:_NEAREST]]


def _likeness(shared: float, item: Item) -> float:
    mass = item.mass
    likeness = shared / (4.0 if mass > 3.0 else 1 + mass)
    return likeness if likeness < 1.0 else 1.0


def weigh_likeness(evidence: Evidence, statement: Statement, claims: Mapping[str, list[Item]]) -> None:
    """Add what a clause shares with stored statements and with claims, by their words, and what it denies."""
    stems = statement.stems
    for item, likeness in near(evidence.facts, stems):
        _weigh_pair(evidence, statement, item, likeness)
    found = {id(claim): claim for stem in stems for claim in claims.get(stem, ())} if claims else {}
    for claim in found.values():
        likeness = _likeness(evidence.facts.mass(stems.keys() & claim.statement.stems.keys()), claim)
        if likeness >= ALIKE:
            _weigh_pair(evidence, statement, claim, likeness)
    if statement.speaker == "self" and not statement.asks and stems:
        stored = evidence.facts.stored
        new = sum([mention.value not in stored.get(mention.category, ()) for mention in statement.values])
        evidence.note("self", 1.0)
        left = (1 - evidence.features["foreign"]) * 0.6 ** (new + statement.counts)
        evidence.note("foreign", 1 - left)


def _weigh_pair(evidence: Evidence, statement: Statement, item: Item, likeness: float) -> None:
    if item.is_said and (likeness < _ALIKE_SAID or statement.speaker != "self"):
        evidence.note("echo", likeness)
        return
    theirs = item.statement
    doubt = (0.4 if statement.asks else 1.0) * (0.5 if statement.speaker == "other" else 1.0)
    if not theirs.asks and _turned(statement, theirs):
        name = "polarity" if statement.feels() and theirs.feels() else "negation"
        evidence.accuse("polarity", name, doubt * likeness, (statement.start, statement.end), item.basis)
        return
    if statement.counts and theirs.counts:
        for number, direct in _miscounted(statement, theirs, evidence.facts.lexicon.periods):
            strength = doubt * max(likeness, _DIRECT if direct else 0.0)
            evidence.accuse("number", "number-clash", strength, (number.start, number.end), item.basis)
    for mention in _swapped(statement, theirs):
        evidence.accuse("swap", "value-clash", doubt * likeness, mention[2:], item.basis)
    evidence.support("echo" if item.is_said else "support", likeness, item.basis)


def _turned(statement: Statement, stored: Statement) -> bool:
    """Whether half of what they share, or more, is denied by one of them and not by the other."""
    if not statement.denied and not stored.denied:
        return False
    shared = [stem for stem in statement.stems if stem in stored.stems]
    turned = sum((stem in statement.denied) != (stem in stored.denied) for stem in shared)
    return 2 * turned >= len(shared)


def _miscounted(
    statement: Statement, stored: Statement, periods: frozenset[str]
) -> Iterable[tuple[Number, bool]]:
    """Counts of the same thing that differ, and whether both count it directly."""
    for number in statement.numbers:
        same = [held for held in stored.numbers if not set(held.units).isdisjoint(number.units)]
        if same and all(held.value != number.value for held in same):
            yield (
                number,
                any(held.units[0] == number.units[0] and held.units[0] not in periods for held in same),
            )


def _swapped(statement: Statement, stored: Statement) -> Iterable[Mention]:
    """Values that stand where the stored statement has another one of their category."""
    if not statement.values or not stored.values:
        return
    held: dict[str, set[str]] = defaultdict(set)
    for mention in stored.values:
        held[mention.category].add(mention.value)
    said = {mention[:2] for mention in statement.values}
    for mention in statement.values:
        values = held.get(mention.category)
        if values and mention.value not in values and any((mention.category, v) not in said for v in values):
            yield mention


def weigh_answer(
    evidence: Evidence, statement: Statement, asked: Item, likeness: float, *, asks_count: bool
) -> None:
    """Add other values and counts than the ones stored on what the question was about."""
    theirs = asked.statement
    for mention in _swapped(statement, theirs):
        evidence.accuse("swap", "value-clash", _ANSWERED * likeness, mention[2:], asked.basis)
    if asks_count and theirs.counts == statement.counts == 1:
        said, held = statement.numbers[0], theirs.numbers[0]
        if said.value != held.value:
            evidence.accuse(
                "number", "number-clash", _ANSWERED * likeness, (said.start, said.end), asked.basis
            )


def weigh_attitudes(
    evidence: Evidence, statement: Statement, sense: int, span: tuple[int, int] | None
) -> None:
    """Add likes and dislikes that are stored otherwise; `sense` is -1 where a question is answered by no."""
    facts = evidence.facts
    felt = statement.attitudes(facts.lexicon.puts_objects_first)
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
            evidence.accuse(
                "attitude", "polarity", share, span or (at, max(at + 1, statement.end)), stored[1]
            )
