"""Known values in an answer are held against the stored ones: places, signs, jobs, gender, age."""

from collections.abc import Iterable, Sequence

from gateway.drift.text import Stretch, Text
from gateway.drift.values.clause import Clause
from gateway.drift.values.evidence import Evidence
from gateway.drift.values.reading import Mention
from gateway.drift.values.stated import PLACE

_EXCLUSIVE = frozenset({"zodiac", "birth_animal", "marital", "religion", "hand", "diet"})
"""Categories of which a person has one value, beside the traits of character."""
SINGLE = _EXCLUSIVE | {"gender", "place", "job"}
"""Categories where a second value is rare."""
_ABROAD = "abroad"
"""The place that is in no home country."""
_SEEN = 2_000
"""Characters at the beginning of an answer that are searched for verb forms."""
_BEFORE = 24
"""Characters before a value that say whose it is."""


def note_named(evidence: Evidence, said: Iterable[Clause]) -> None:
    """Note of which categories the answer names the stored value: other values beside it weigh less."""
    stored, homes = evidence.facts.stored, evidence.facts.lexicon.shared.homes
    for clause in said if stored else ():
        for category, value, *_ in clause.values:
            if any(related(held, value, homes) for held in stored.get(category, ())):
                evidence.named.add(category)


def weigh_attributes(evidence: Evidence, clause: Clause) -> None:
    """Add what the known values of a clause say."""
    for mention in clause.values:
        stored = evidence.facts.stored.get(mention.category)
        if mention.category in ("gender", "partner", "voice_gender"):
            _weigh_gender(evidence, clause, mention)
        elif stored and not (mention.category == PLACE and _is_common(evidence, mention)):
            _weigh_value(evidence, clause, mention, stored)
    if evidence.facts.age and clause.age is not None and clause.speaker != "other":
        age, basis = evidence.facts.age
        span = next((n.start, n.end) for n in clause.numbers if n.value == clause.age)
        if clause.age == age:
            evidence.support("same", 1.0, basis)
        elif not clause.asks and (clause.age not in evidence.theirs or clause.speaker == "self"):
            evidence.accuse("number", "number-clash", 1.0, span, basis)


def _is_common(evidence: Evidence, mention: Mention) -> bool:
    """Tell whether the word of a place is a common one, since it has no capital as places do: "turkeys".

    Whoever writes without any capitals means the place.
    """
    said = evidence.answer[mention.start : mention.end]
    if not evidence.facts.lexicon.capital_places or not said.islower():
        return False
    return any(letter.isupper() for letter in evidence.answer[:_SEEN])


def is_exclusive(category: str) -> bool:
    """Tell whether a person has only one value of it, so that another one clashes by itself."""
    return category in _EXCLUSIVE or category.startswith("trait_")


def related(stored: str, said: str, homes: tuple[str, ...]) -> bool:
    """Tell whether what is said is the stored value, or lies in it behind a slash."""
    abroad = stored == _ABROAD and not said.startswith(homes)
    return abroad or stored == said or stored.startswith(said + "/")


def _weigh_value(evidence: Evidence, clause: Clause, mention: Mention, stored: dict[str, str]) -> None:
    category, said, *_ = mention
    keyed, homes = category in evidence.facts.keyed, evidence.facts.lexicon.shared.homes
    person = clause.person(mention.start)
    affirmed = clause.affirms(mention.start)
    same = next((basis for value, basis in stored.items() if related(value, said, homes)), None)
    opposite = category.startswith("trait_") and not affirmed and not clause.asks
    if opposite and same is None:
        same, affirmed = next(iter(stored.values())), True
    if same is not None:
        evidence.support("same" if keyed else "same_prose", 1.0 if affirmed or clause.asks else 0.4, same)
        if is_exclusive(category) and person == "self" and not affirmed and not clause.asks:
            evidence.accuse("denied", "negation", 1.0, mention[2:], same)
        return
    if (category, said) in evidence.facts.acquitted:
        return
    basis = next(iter(stored.values()))
    claimed = _precedes(evidence, "reside" if category == "place" else "copula", clause, mention)
    mine = person == "self" or (person == "" and claimed)
    doubt = 1.0 if affirmed and not clause.asks else 0.5
    if any(said.startswith(value + "/") for value in stored):
        evidence.support("within", 1.0, basis)
    elif keyed:
        feature = "mixed" if category in evidence.named else "clash"
        evidence.accuse(feature + ("_self" if mine else ""), "value-clash", doubt, mention[2:], basis)
    elif mine and (is_exclusive(category) or (category in SINGLE and claimed)):
        evidence.accuse("clash_prose", "value-clash", doubt, mention[2:], basis)


def _precedes(evidence: Evidence, pattern: str, clause: Clause, mention: Mention) -> bool:
    at = mention.start - clause.start
    before = clause.text[max(0, at - _BEFORE) : at]
    return evidence.facts.lexicon.patterns[pattern].search(before) is not None


def _weigh_gender(evidence: Evidence, clause: Clause, mention: Mention) -> None:
    """Add who calls itself a man or a woman, speaks to "you women", has a wife, or says I as only men do."""
    held = evidence.facts.stored.get("gender")
    if not held or ("partner" in evidence.facts.stored and mention.category == "partner"):
        return
    (value, basis), *_ = held.items()
    prose = "" if "gender" in evidence.facts.keyed else "_prose"
    same = mention.value == value
    many = clause.text[mention.end - clause.start :].startswith(evidence.facts.lexicon.shared.plurals)
    if mention.category == "partner":
        same = not same
        feature = "partner_other" if clause.person(mention.start) == "other" else "partner"
    elif mention.category == "voice_gender":
        feature = "gender_self" + prose
    elif _precedes(evidence, "your_kind", clause, mention):
        same = not same
        feature = "gender_yours" + prose
    elif _precedes(evidence, "self_gender", clause, mention) and not (clause.asks or many):
        same = same == clause.affirms(mention.start)
        feature = "gender_self" + prose
    else:
        evidence.support("gender_any", 1.0, basis)
        return
    strength = 0.6 if mention.category == "voice_gender" else 1.0
    if same:
        evidence.support(feature + "_same", strength, basis)
    else:
        evidence.accuse(feature + "_clash", "value-clash", strength, mention[2:], basis)


def weigh_asked_age(evidence: Evidence, said: Sequence[Clause], asked: Stretch) -> None:
    """Add a bare number that answers a question for the age."""
    if evidence.facts.age is None:
        return
    age, basis = evidence.facts.age
    for clause in said:
        if clause.counts == 1 and clause.age is None and not clause.asks:
            if not evidence.facts.lexicon.stands_in("age_asked", asked):
                return
            number = clause.numbers[0]
            if number.value == age:
                evidence.support("same", 1.0, basis)
            else:
                evidence.accuse("number", "number-clash", 0.9, (number.start, number.end), basis)
            return


def weigh_verb_forms(evidence: Evidence, answer: Text) -> None:
    """Add the verb forms that show whether the speaker is a man or a woman, in languages that have them."""
    (value, basis), *_ = evidence.facts.stored.get("gender", {"": ""}).items()
    if not value or not evidence.facts.lexicon.stands_in("gendered", answer.head(_SEEN)):
        return
    for shown in ("male", "female"):
        match = evidence.facts.lexicon.patterns[f"{shown}_self"].search(answer.text[:_SEEN])
        if match and shown == value:
            evidence.support("gender_self_same", 0.6, basis)
        elif match:
            evidence.accuse("gender_self_clash", "value-clash", 0.9, match.span(), basis)
