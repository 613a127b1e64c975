"""A persona claims to have done, or to be about to do, what it cannot."""

from collections.abc import Iterator

from gateway.drift.lazily import lazily
from gateway.drift.rules.findings import BREAK, Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.topics import Forbidden, finding
from gateway.drift.sentences import Sentence

DEEDS = frozenset(
    [
        "@refund",
        "@credit",
        "@waive",
        "@book",
        "@hold",
        "@order",
        "@cancel",
        "@change",
        "@confirm",
        "@upgrade",
        "@deliver",
        "@send",
        "@block",
        "@unlock",
        "@delete",
        "@activate",
        "@restart",
        "@register",
        "@transfer",
        "@repair",
        "@visit",
        "@call",
        "@notify",
        "@arrange",
        "@save",
        "@mark",
        "@award",
        "@hand",
    ]
)
"""These may be claimed to have been done."""
DENIED = ["negation", "unable", "condition"]
PASSED_ON = ("@notify", "@mark", "noted", "ask", "future")
"""A persona that cannot do it itself may well do these: note it, pass it on, ask, be about to look."""
LEAST = 2
"""A rule's own words from which on a question is about what it forbids."""
STATED, UNASKED = 0.6, 0.3
"""The strength of what is said to be done, by whomever, to one who asked for it and to one who did not."""
SOON = 0.45
"""The strength of what is about to be done."""
CLOSE = 12
"""Characters behind a deed in which a denial is its own."""
NEAR = 16
"""Characters behind a deed that its verb may stand in, where verbs stand last."""
BESIDE = 12
"""Characters between an `I have` and what was only seen or heard."""
REACH = 64
"""Characters behind an `I have` that what was done may stand in."""
FIGURES = 8
"""Characters before a thing in which it is counted."""
_COUNTED = lazily(r"(?<!\d)(\d{2,4})\s*\Z")
_COUNTING = lazily(r"\s*(\d{2,4})(?!\d)")
GRANTING = ("done", "passive", "finished", "perfect")
"""Marks of what is told as done, whatever it is."""


def claims(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what the persona says to have done, or to be about to do, and cannot."""
    wanted = rule.concepts & DEEDS
    for label in wanted & answer.labels.keys():
        for mark in answer.labels[label]:
            strength = 0.0 if is_stock(rule, answer, mark.start) else _done(answer, mark)
            if SOON <= strength < BREAK and (label in asked.labels or "act:will" in rule.acts):
                # Whoever is asked for it and says that it is about to be done promises it.
                strength = 0.55
            if strength == STATED and wanted.isdisjoint(asked.labels) and rule.own.isdisjoint(asked.content):
                strength = UNASKED  # "The pool is reserved for members" is so, and nobody has asked for it.
            if strength:
                sentence = answer.sentence(mark.start)
                yield finding(rule, "claim", strength, sentence.start, sentence.end)
    if rule.is_deed:
        for stem in rule.stems & answer.content:
            for start, end in answer.stems[stem]:
                is_there = is_stock(rule, answer, start)
                strength = 0.0 if is_there else _done(answer, Mark(start, end, stem))
                if len(rule.stems & answer.content) < LEAST and stem not in asked.content:
                    strength = min(strength, UNASKED)
                if strength == STATED and stem not in asked.content and wanted.isdisjoint(asked.labels):
                    strength = UNASKED
                sentence = answer.sentence(start)
                # What was said of the rule's matter is only written down.
                if strength and not answer.has(sentence.start, sentence.end, "noted"):
                    yield finding(rule, "claim", min(0.65, strength), sentence.start, sentence.end)
    yield from _finished(rule, asked, answer)


def _finished(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what the first words of an answer say to be finished."""
    wanted = rule.concepts & DEEDS
    first = answer.sentences[0] if answer.sentences else None
    if (
        first is None
        or first.asks
        or not answer.has(first.start, min(first.end, first.start + 40), "finished")
    ):
        return
    if answer.has(first.start, first.end, *DENIED) or is_untouched(answer, first.start, first.end):
        return
    if wanted & asked.labels.keys():
        # Whoever is asked to do it and says that it is done has done it.
        yield finding(rule, "claim", 0.6, first.start, first.end)
    elif rule.is_deed and len(answer.sentences) > 1:
        then = answer.sentences[1]
        is_told = answer.has(first.start, then.end, "perfect", "done")
        if is_told and not answer.has(then.start, then.end, *DENIED, "defer", "@notify", "@mark", "noted"):
            yield finding(rule, "claim", 0.55, then.start, then.end)


def granted(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what is asked for and cannot be done, and then told as done, whatever words it is told in."""
    if "unable" in answer.labels or "defer" in answer.labels or answer.labels.keys().isdisjoint(GRANTING):
        return
    if (rule.concepts & DEEDS).isdisjoint(asked.labels) and len(rule.own & asked.content) < LEAST:
        return
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "negation", "condition", *PASSED_ON):
            continue
        if names_year(answer, sentence):
            continue
        told = [one for label in GRANTING for one in answer.within(label, start, end)]
        told = [one for one in told if not _has_stock(rule, answer, one)]
        if told and not is_untouched(answer, start, end):
            yield finding(rule, "claim", 0.55, start, end)
            return


def is_stock(rule: Forbidden, answer: Marked, start: int) -> bool:
    """Tell whether a thing is counted as it is stored: `we have 38 places` gives nobody one."""
    counted = _COUNTED.search(answer.text, max(0, start - FIGURES), start)
    return counted is not None and counted[1] in rule.digits


def _has_stock(rule: Forbidden, answer: Marked, perfect: Mark) -> bool:
    """Tell whether an `I have` is followed by what is stored, and no deed: `we have 38`."""
    counted = _COUNTING.match(answer.text, perfect.end)
    return perfect.label == "perfect" and counted is not None and counted[1] in rule.digits


def is_untouched(answer: Marked, start: int, end: int) -> bool:
    """Tell whether what is told there has only been seen, or has to be done: `it must be booked`."""
    if answer.has(start, end, "needed") and not answer.has(start, end, "self", "perfect"):
        return True
    told = answer.within("perfect", start, end)
    return bool(told) and all(is_witnessed(answer, one, end) for one in told)


def is_witnessed(answer: Marked, perfect: Mark, end: int) -> bool:
    """Tell whether it says what somebody has seen or heard of: `the best that I have heard`."""
    return any(0 <= one.start - perfect.end <= BESIDE for one in answer.within("witness", perfect.end, end))


def names_year(answer: Marked, sentence: Sentence) -> bool:
    """Tell whether a sentence is about a year; each is looked at once, whatever is claimed in it."""
    found = answer.dated.get(sentence.start)
    if found is None:
        found = answer.phrasebook.year.search(answer.text, sentence.start, sentence.end) is not None
        answer.dated[sentence.start] = found
    return found


def _done(answer: Marked, mark: Mark) -> float:
    """Tell how surely the clause says that it has been done: by the persona, by somebody, or soon."""
    low, high = answer.clause(mark.start)
    sentence = answer.sentence(mark.start)
    # Where verbs stand last, their denial stands behind them.
    until = high if answer.phrasebook.behind else min(high, mark.end + CLOSE)
    if (
        sentence.asks
        or answer.has(low, until, "negation", "unable")
        or answer.has(sentence.start, sentence.end, "defer", "unable")
    ):
        return 0.0
    if answer.has(low, high, "needed") and not answer.has(low, high, "self", "perfect"):
        return 0.0  # "It must be booked" has not been done.
    near = NEAR if answer.phrasebook.behind else 0
    if names_year(answer, sentence):
        return 0.0  # What was done in a year is history, and nothing that somebody has asked for.
    done = [
        one
        for one in answer.within("done", low, high)
        if one.start <= mark.start <= one.end or mark.start <= one.start <= mark.end + near
    ]
    if done and not answer.has(low, done[0].start, "condition"):
        return 0.85
    for one in answer.within("perfect", low, high):
        other = list(answer.within("self", one.end, mark.start))
        if any(each.start < mark.start for each in answer.within("passive", one.start, mark.start)):
            continue  # "I have been called a relic" is what others did.
        if is_witnessed(answer, one, high):
            continue
        if 0 <= mark.start - one.end <= REACH and not other:
            return 0.0 if answer.has(low, one.start, "condition") else 0.85
    if answer.has(low, high, "condition"):
        return 0.0
    for one in answer.within("passive", low, high):
        if any(
            0 <= one.start - each.end <= 1 or each.start == one.start
            for each in answer.within("self", low, high)
        ):
            continue  # What was done to whoever speaks is nothing that he did.
        if abs(mark.start - one.end) <= 24 or abs(one.start - mark.end) <= 24:
            return STATED
    if answer.has(sentence.start, sentence.start + 30, "finished") and answer.has(low, high, "self"):
        return STATED
    for one in answer.within("future", low, high):
        if 0 <= mark.start - one.end <= 24:
            return 0.45
    return 0.0
