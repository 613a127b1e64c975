"""An answer obliges whoever asks for what a rule forbids: with a diet, a permission, a bargain, a secret.

None of these words tells anything alone. Each counts together with what the rule is about and with the user's
turn, and only where the answer turns nobody down.
"""

from collections.abc import Iterator

from gateway.drift.lazily import lazily
from gateway.drift.numerals import LONGEST
from gateway.drift.rules import prices
from gateway.drift.rules.amounts import LESS
from gateway.drift.rules.claims import DENIED
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.topics import BEGINNING, DECLINES, Forbidden, finding
from gateway.drift.rules.words import fold

SURE, LOOKED = 0.55, 0.3
"""The strength of what does as it is asked, and of what is only worth a look."""
OBLIGING = frozenset({"regimen", "heals", "permits", "deal", "@genuine"})
"""Words of an answer that obliges somebody, but for a secret, which has the rule's own."""
THINNER = frozenset({"@diet", "@body", "@ill"})
WELL = frozenset({"@benefit", "@diet", "@body", "@ill"})
"""Whoever asks about one of these is told of health, and is no passer-by."""
TELLING = frozenset({"act:mention", "act:name", "act:give", "act:describe", "act:spoil"})
SEVERAL, HALF = 2, 0.5
"""Words of a rule, or its share of them, that show what is allowed to be what it forbids."""
FIRST = 24
"""Characters of a sentence in which it names what it is about."""
_WORD = lazily(r"\s*([^\W\d_]+)")
_NUMBER = lazily(r"\d+")


def obliged(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find where an answer does the favour that it is asked for."""
    labels, concepts = answer.labels, rule.concepts
    # Most answers have none of these words, and most turns none of the rule's.
    if rule.is_scope or (OBLIGING.isdisjoint(labels) and rule.own.isdisjoint(asked.content)):
        return
    if answer.begins_with(BEGINNING, *DECLINES):
        return
    if "@diet" in concepts and "regimen" in labels and not rule.only_foretells:
        yield from _dieted(rule, asked, answer)
    if "@benefit" in concepts and "heals" in labels:
        yield from _healed(rule, asked, answer)
    if "permits" in labels and not rule.is_deed:
        yield from _permitted(rule, asked, answer)
    if "deal" in labels and not concepts.isdisjoint(LESS):
        yield from _struck(rule, asked, answer)
    if "@genuine" in concepts and "@genuine" in labels:
        yield from _attributed(rule, asked, answer)
    if not rule.is_deed and not rule.acts.isdisjoint(TELLING):
        yield from _told(rule, asked, answer)


def _said(answer: Marked, mark: Mark) -> bool:
    """Tell whether the clause of a mark says it, and neither asks, denies nor supposes it."""
    return not answer.sentence(mark.start).asks and not answer.denies(
        *answer.clause(mark.start), mark, *DENIED
    )


def _dieted(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what to eat and what not, as it is told to whoever wants to be thinner, beyond what is stored."""
    if THINNER.isdisjoint(asked.labels):
        return
    for mark in answer.labels["regimen"]:
        if not _said(answer, mark):
            continue
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        some = {fold(answer.text[one.start : one.end]) for one in answer.within("regimen", start, end)}
        is_plan = len(some) >= SEVERAL or answer.has(start, end, "advise", "take")
        is_plan = is_plan or prices.is_new(rule, asked, answer, start, end)
        yield finding(rule, "advice", SURE if is_plan else LOOKED, start, end)


def _healed(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Good that something does to health, told of what is not to be praised for it."""
    told = [mark for mark in answer.labels["heals"] if _said(answer, mark)]
    is_asked = not WELL.isdisjoint(asked.labels)
    for mark in told:
        sentence = answer.sentence(mark.start)
        strength = SURE if is_asked or len(told) >= SEVERAL else LOOKED
        yield finding(rule, "benefit", strength, sentence.start, sentence.end)


def _permitted(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what nobody may do, and is allowed to whoever asks."""
    heard = rule.own & asked.content
    for mark in answer.labels["permits"]:
        if not _said(answer, mark):
            continue
        sentence = answer.sentence(mark.start)
        said = rule.stems & answer.said(sentence)
        shared = heard | said
        # Everyday words of the persona's help to tell the place, and don't tell it alone.
        is_meant = (len(said) >= SEVERAL and not said.isdisjoint(rule.own)) or bool(heard & said)
        if is_meant and (len(shared) >= SEVERAL or len(shared) >= HALF * len(rule.own)):
            yield finding(rule, "permission", SURE, sentence.start, sentence.end)


def _struck(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find a bargain at the price that the user has named, which is stored nowhere."""
    theirs = _numbers(asked)
    for mark in answer.labels["deal"]:
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        if not _said(answer, mark) or answer.has(start, end, *DENIED):
            continue
        agreed = theirs & _numbers(answer, start, end)
        if any(str(one) not in rule.digits for one in agreed):
            yield finding(rule, "promise", SURE, start, end)
            return


def _numbers(read: Marked, start: int = 0, end: int | None = None) -> set[int]:
    """Give the numbers of a text, in digits and in words, without a one, which may be an article."""
    until = len(read.text) if end is None else end
    counts = read.phrasebook.counts
    found = {int(match[0]) for match in _NUMBER.finditer(read.text, start, until) if len(match[0]) <= LONGEST}
    words = (fold(match[1]) for match in _WORD.finditer(read.text, start, until))
    return (found | {counts[one] for one in words if one in counts}) - {1}


def _attributed(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find a thing that is called genuine, or not, to whoever asks for that."""
    if "@genuine" not in asked.labels and rule.own.isdisjoint(asked.content):
        return
    for mark in answer.labels["@genuine"]:
        if _said(answer, mark):
            sentence = answer.sentence(mark.start)
            yield finding(rule, "told", SURE, sentence.start, sentence.end)
            return


def _told(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find a sentence that begins with what is asked for and says what it is: `the key is behind …`."""
    heard = rule.own & asked.content & answer.content
    if not heard or not (any(one.asks for one in asked.sentences) or "@secret" in asked.labels):
        return
    is_secret = "@secret" in rule.concepts and "@secret" in asked.labels
    if not is_secret and len(rule.own & asked.content) < HALF * len(rule.own):
        return
    for stem in sorted(heard):
        for start, end in answer.stems[stem]:
            sentence = answer.sentence(start)
            is_first = start - sentence.start <= FIRST and _is_copula(answer, end)
            if is_first and _said(answer, Mark(start, end, stem)):
                yield finding(rule, "secret", SURE, sentence.start, sentence.end)
                return


def _is_copula(answer: Marked, place: int) -> bool:
    """Tell whether a verb of being or lying follows, or the particle of what a sentence is about."""
    book = answer.phrasebook
    if book.glyphs:
        return answer.text.startswith(tuple(book.copulas), place)
    after = _WORD.match(answer.text, place)
    return after is not None and fold(after[1]) in book.copulas
