"""Words tell what a persona must not do: speech acts with an object, denials and deciders left out.

What a rule forbids is an act and what it is about: promise and refund, claim to have done and booking. The
act is told by a table for each language, the object by the rule's own words and by groups of words that mean
about the same.
"""

from collections.abc import Iterator, Set
from itertools import pairwise

from gateway.drift.rule import Active
from gateway.drift.rules import amounts, claims, gifts, promises, topics
from gateway.drift.rules.claims import DEEDS
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.rules.topics import ADVICE, TOPICS, Forbidden
from gateway.drift.text import Stretch

GIVEN = frozenset({"receive", "give"})
UNTOLD = frozenset({"act:give", "act:promise", "act:estimate"})
HIDDEN = frozenset({"@secret", "@solution"})
"""Acts and objects that an answer may have none of the rule's words for."""
CURING = frozenset({"take", "advise"})
"""So a remedy is given to whoever is ill."""
LONG_WORDS, LONG_GLYPHS = 5, 12
"""Words, or letters where no blanks stand, of a part of a sentence that may be a clause by itself."""


def prepare(
    active: Active,
    words: Phrasebook,
    answers: Phrasebook,
    usual: frozenset[str] = frozenset(),
    everyday: Marked | None = None,
    digits: str = "",
) -> Forbidden:
    """Take a rule apart: its acts, and the objects they have; `everyday` is what is stored of the persona."""
    text = active.rule.must_not or ""
    reading = Marked(words, Stretch(text))
    template = words.says.get("claim", "").partition("{}")[0]
    lead = len(template) if text.startswith(template) else 0
    since = lead if active.is_declared else max(lead, _denied_from(reading, lead))
    acts, concepts = _meant(reading, lead, since)
    stems = _stems(reading, since) if words.code == answers.code else frozenset[str]()
    is_scope, scope = "act:help" in acts, words.says.get("scope", "").partition("{}")[0]
    # To say that something is so, "that it holds no nuts", claims no deed.
    is_deed = "cue:unable" in acts or ("act:claim" in acts and not concepts.isdisjoint(DEEDS))
    is_money = not concepts.isdisjoint(amounts.MONEY)
    is_estimate = "act:estimate" in acts or "@value" in concepts
    return Forbidden(
        active,
        acts,
        concepts,
        stems,
        stems - usual,
        is_scope,
        frozenset(everyday.labels) if everyday is not None else frozenset(),
        _everyday(everyday, concepts),
        digits,
        tuple(sorted(concepts & (TOPICS.keys() | ADVICE.keys()))),
        is_deed,
        is_untold=not acts.isdisjoint(UNTOLD) or not concepts.isdisjoint(HIDDEN),
        hears=is_estimate or is_deed or is_money or not concepts.isdisjoint(DEEDS),
        is_how=not is_deed and ("act:explain" in acts or not concepts.isdisjoint(HIDDEN)),
        is_money=is_money,
        # What it names is what the persona is there for, and the rest is forbidden.
        is_inverse=is_scope and bool(scope) and text.startswith(scope),
    )


def _everyday(stored: Marked | None, concepts: Set[str]) -> frozenset[str]:
    """Give the words of topics that what is stored has, where a single one breaks no rule."""
    if stored is None:
        return frozenset()
    counted = [one for one in concepts & TOPICS.keys() if TOPICS[one][0] > 1]
    return frozenset(
        stored.text[mark.start : mark.end].lower() for one in counted for mark in stored.labels.get(one, ())
    )


def _meant(reading: Marked, lead: int, since: int) -> tuple[frozenset[str], frozenset[str]]:
    """Find the acts of a rule, and the groups of words that these are about."""
    marks = [mark for mark in reading.marks if mark.start >= since or mark.label.startswith("cue:")]
    # What the template says of promises is not what the rule says of them.
    labels = {mark.label for mark in marks if mark.label != "act:promise" or mark.start >= lead}
    acts = {label for label in labels if label.startswith("act:") or label in ("cue:unable", "cue:only")}
    concepts = {label for label in labels if label.startswith("@")}
    if "cue:role" in labels and "@instructions" in concepts:
        concepts |= {"@ai"}  # Who is "no machine and knows of no instructions" is no AI either.
    if "act:advise" in acts and concepts.isdisjoint(gifts.GOODS):
        acts -= {"act:give"}  # Who gives advice hands nothing over.
    if "@doctor" in concepts and "act:advise" in acts:
        concepts |= {"@medicine", "@diagnosis"}  # Advice of a doctor is about both.
    if "cue:only" in acts and not concepts.isdisjoint(DEEDS):
        acts |= {"cue:unable"}  # What only others do is nothing that the persona can.
    return frozenset(acts), frozenset(concepts)


def _stems(reading: Marked, since: int) -> frozenset[str]:
    """Give the words that are the rule's own, and neither a template's nor those of its acts."""
    words = reading.phrasebook
    spent = [mark for mark in reading.marks if mark.label.startswith(("act:", "cue:", "lang:"))]
    template = {word for says in words.says.values() for word in words.stems(says)}
    return frozenset(
        stem
        for stem, places in reading.stems.items()
        if stem not in template
        and any(start >= since for start, _ in places)
        and not stem.isdigit()
        and not any(mark.start <= start and end <= mark.end for start, end in places for mark in spent)
    )


def _denied_from(reading: Marked, lead: int) -> int:
    """Find where the part of a rule begins that forbids: "a low voice, plain words, never any jargon".

    What stands before a comma before the first denial says how things are, but for an occasion.
    """
    text = reading.text
    if reading.has(lead, len(text), "cue:condition", "cue:unable", "cue:only"):
        return lead
    if reading.phrasebook.behind or reading.phrasebook.glyphs:
        pauses = [at for at, sign in enumerate(text) if sign in ",，、;；:：" and at >= lead]
        first = next((mark.start for mark in reading.within("cue:never", lead, len(text))), len(text))
        parts = [at for at in pauses if at < first]
        # Short parts are an enumeration of what is denied behind it.
        long = [at for before, at in pairwise([lead, *parts]) if _is_long(reading, text[before:at])]
        return max(long, default=lead)
    first = next((mark.start for mark in reading.within("cue:never", lead, len(text))), lead)
    cut = max((text.rfind(sign, lead, first) for sign in ",;:"), default=-1)
    return max(lead, cut + 1)


def _is_long(reading: Marked, part: str) -> bool:
    """Tell whether a part may be a clause by itself."""
    return len(part) >= LONG_GLYPHS if not reading.phrasebook.spaced else len(part.split()) >= LONG_WORDS


def broken(rule: Forbidden, asked: Marked, answer: Marked, known: frozenset[str]) -> Iterator[Finding]:
    """Find where an answer does what the rule forbids, as far as its words show."""
    if rule.is_inverse:
        return
    labels = answer.labels.keys()
    cures = "@medicine" in rule.concepts and not labels.isdisjoint(CURING)
    if cures or rule.is_untold:
        pass
    elif rule.concepts.isdisjoint(labels) and rule.stems.isdisjoint(answer.content):
        is_given = rule.is_money and not labels.isdisjoint(GIVEN)
        if not is_given and (not rule.hears or rule.concepts.isdisjoint(asked.labels)):
            return
    # "No phones, no games" names what there is not, and no deed.
    if rule.is_deed or (rule.acts and not rule.concepts.isdisjoint(DEEDS)):
        yield from claims.claims(rule, asked, answer)
    if rule.is_deed:
        yield from claims.granted(rule, asked, answer)
    if "act:promise" in rule.acts or not rule.concepts.isdisjoint(amounts.MONEY):
        yield from promises.promises(rule, asked, answer, known)
        yield from amounts.bargains(rule, asked, answer)
    if "act:estimate" in rule.acts or "@value" in rule.concepts:
        yield from amounts.estimates(rule, asked, answer, known)
        yield from amounts.named(rule, asked, answer, known)
        yield from amounts.foretold(rule, asked, answer)
    for topic in rule.topics:
        if topic in TOPICS and topic in labels:
            yield from topics.topics(rule, asked, answer, topic)
        if topic in ADVICE and not rule.only_foretells and (topic in labels or topic == "@medicine"):
            yield from topics.advice(rule, asked, answer, topic)
    if cures:
        yield from topics.cures(rule, asked, answer)
    if "act:give" in rule.acts:
        yield from gifts.given(rule, answer)
    if "@secret" in rule.concepts and rule.acts & {"act:mention", "act:name", "act:give"}:
        yield from gifts.revealed(rule, asked, answer)
    if ("act:give" in rule.acts or "act:mention" in rule.acts) and not rule.is_deed:
        yield from gifts.numbers(rule, asked, answer)
    is_solved = "@solution" in rule.concepts and not labels.isdisjoint(gifts.SOLVING)
    # Results that are not to be promised are none of an exercise.
    if is_solved and "act:promise" not in rule.acts:
        yield from gifts.solved(rule, asked, answer)
    if "act:ask" in rule.acts:
        yield from topics.asks(rule, answer)
    yield from topics.words(rule, answer)
