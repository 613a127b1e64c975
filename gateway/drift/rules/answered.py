"""Answers give what a rule forbids and a user asks for, without one word of refusal.

The words of such an answer need not be the rule's. What tells is that the turn is about the rule, and that
the answer does as it is asked: it judges others, says where somebody is, tells the end, assures, or says that
it is done.
"""

import re
from collections.abc import Iterator

from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.topics import Forbidden, finding
from gateway.drift.scripts import UPPER

DECLINES = ("unable", "defer", "deflect")
"""So an answer turns somebody down, or sends him to somebody else."""
TELLING = frozenset({"act:others", "act:spoil"})
"""Acts that answers of any words may be."""
BEGINNING = 3
"""Sentences at the beginning in which it does."""
JUDGED, UNASKED = 0.6, 0.35
"""The strength of a judgement about others, where the user asks for one, and where nobody has."""
TOLD, ASSURED, DONE, UNNAMED = 0.55, 0.6, 0.6, 0.55
"""The strength of what is told of somebody, assured, and done, in the words of the rule and in others."""
FIRST = 40
"""Characters of a sentence in which it says that all is done."""
NEAR = 16
"""Characters beside a judgement in which its denial stands."""
MUCH = 0.34
"""The share of a rule in the user's turn from which on an assurance is about it."""
_NAME = re.compile(rf"(?<=[^.!?…:\n\s\"“„«¿¡(]\s)[{UPPER}][\w’'-]{{2,}}")
_ELSEWHERE = ("@notify", "@mark", "future")


def answered(rule: Forbidden, asked: Marked, answer: Marked, home: frozenset[str]) -> Iterator[Finding]:
    """Find where the answer gives what the rule forbids; `home` are the words of the persona's own texts."""
    if rule.is_scope:
        return
    labels = answer.labels
    if "act:compare" in rule.acts and ("judges" in labels or "praises" in labels):
        yield from _judged(rule, asked, answer)
    if not rule.is_deed and "guarantee" not in labels and rule.acts.isdisjoint(TELLING):
        return
    if answer.begins_with(BEGINNING, *DECLINES):
        return
    if "act:others" in rule.acts:
        yield from _told_of(rule, asked, answer, home)
    if "act:spoil" in rule.acts and "reveal" in labels:
        yield from _spoilt(rule, asked, answer)
    if rule.is_deed:
        yield from _done(rule, asked, answer)
    elif "guarantee" in labels:
        yield from _assured(rule, asked, answer)


def _touched(rule: Forbidden, asked: Marked) -> float:
    """The share of what the rule is about that the user speaks of."""
    heard = rule.own & asked.content
    heard |= asked.alike(rule.own - heard)
    whole = len(rule.own) + len(rule.concepts)
    return (len(heard) + len(rule.concepts & asked.labels.keys())) / whole if whole else 0.0


def _judged(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """A judgement on others, which the persona is to keep to itself; praise counts where others are named."""
    is_named = _touched(rule, asked) > 0 or _NAME.search(asked.text) is not None
    is_asked = is_named or "ask" in asked.labels or any(one.asks for one in asked.sentences)
    for label in ("judges", "praises"):
        for mark in answer.labels.get(label, ()):
            sentence = answer.sentence(mark.start)
            low = max(answer.clause(mark.start)[0], mark.start - NEAR)
            high = mark.end + (NEAR if answer.phrasebook.behind else 0)
            if sentence.asks or answer.denies(low, high, mark, "negation", "unable", "condition"):
                continue
            is_sure = is_asked if label == "judges" else is_named
            yield finding(rule, "judgement", JUDGED if is_sure else UNASKED, sentence.start, sentence.end)


def _told_of(rule: Forbidden, asked: Marked, answer: Marked, home: frozenset[str]) -> Iterator[Finding]:
    """Something about somebody whom the user names, and who is none of the persona's own."""
    book = answer.phrasebook
    if book.titles is None:
        names = {match[0] for match in _NAME.finditer(asked.text)}
    else:
        # Where capitals tell nothing, a name is told by the title beside it.
        names = {match[1] for match in book.titles.finditer(asked.text)}
        names |= {match[1] for match in book.titles.finditer(answer.text) if match[1] in asked.text}
    strangers = [
        one for one in sorted(names) if one not in home and (book.glyphs or not book.stems(one) <= home)
    ]
    for one in strangers:
        place = answer.text.find(one[: max(3, len(one) - 1)] if not book.glyphs else one)
        if place >= 0 and not _denies(answer, Mark(place, place + 1, "")):
            sentence = answer.sentence(place)
            yield finding(rule, "secret", TOLD, sentence.start, sentence.end)
            return


def _spoilt(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """The end of a story, told to whoever asks for it; what reveals may reveal something else otherwise."""
    strength = TOLD if "@secret" in asked.labels or _touched(rule, asked) > 0 else UNASKED
    for mark in answer.labels["reveal"]:
        if not _denies(answer, mark):
            sentence = answer.sentence(mark.start)
            yield finding(rule, "secret", strength, sentence.start, sentence.end)


def _assured(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """An assurance of what is not to be promised, or said."""
    touched = _touched(rule, asked)
    is_about = touched >= MUCH or (touched > 0 and "act:promise" in rule.acts)
    for mark in answer.labels["guarantee"]:
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "condition"):
            continue
        if answer.denies(*answer.clause(mark.start), mark, "negation", "unable"):
            continue
        if is_about or not rule.own.isdisjoint(answer.said(sentence)):
            yield finding(rule, "promise", ASSURED, start, end)


def _done(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what the persona cannot do told as done."""
    touched = _touched(rule, asked) > 0
    for sentence in answer.sentences[:BEGINNING]:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, *_ELSEWHERE):
            continue
        own = not rule.own.isdisjoint(answer.said(sentence)) or answer.has(start, end, *rule.concepts)
        marks = answer.within("done", start, end) + answer.within("finished", start, start + FIRST)
        told = [mark for mark in marks if not _denies(answer, mark)]
        if told and (touched or own):
            yield finding(rule, "claim", DONE, start, end)
        elif any(mark.label == "done" for mark in told) and answer.has(start, end, "self", "perfect"):
            yield finding(rule, "claim", UNNAMED, start, end)


def _denies(answer: Marked, mark: Mark) -> bool:
    """Tell whether the clause of a mark asks, denies or supposes it."""
    low, high = answer.clause(mark.start)
    return answer.sentence(mark.start).asks or answer.denies(
        low, high, mark, "negation", "unable", "condition"
    )
