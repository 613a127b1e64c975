"""Answers give what a rule forbids and a user asks for, without one word of refusal.

The words of such an answer need not be the rule's. What tells is that the turn is about the rule, and that
the answer does as it is asked: it judges others, says where somebody is, tells the end, assures, or says that
it is done.
"""

from bisect import bisect_left
from collections.abc import Iterator

from gateway.drift.rules import strangers, topics
from gateway.drift.rules.amounts import MONEY
from gateway.drift.rules.claims import DEEDS, is_untouched, names_year
from gateway.drift.rules.consent import ABOUT
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.topics import BEGINNING, DECLINES, Forbidden, finding

TELLING = frozenset({"act:others", "act:spoil", "act:advise", "act:name"})
"""Acts that answers of any words may be."""
RECOMMENDING = frozenset({"act:advise", "act:name", "act:others"})
"""Acts by which a rule forbids to send somebody to others."""
UNASKED = 0.35
"""The strength of what reveals something for which nobody has asked."""
TOLD, ASSURED, VOWED, DONE, UNNAMED = 0.55, 0.6, 0.52, 0.6, 0.55
"""The strength of what is told, assured, vowed, and done, in the words of the rule and in others."""
TOLD_DONE = ("done", "finished")
"""Marks of what is told as done."""
FIRST = 40
"""Characters of a sentence in which it says that all is done."""
MUCH = 0.34
"""The share of a rule in the user's turn from which on an assurance is about it."""
VOW = "vow"
OUTCOMES = ("foretold", "future", "receive", "give", "@time")
"""A vow about one of these is a promise, and not a saying."""
SEAL = 2
"""Characters behind a vow that ends a sentence."""
_ELSEWHERE = ("@notify", "@mark", "noted", "future")


def answered(rule: Forbidden, asked: Marked, answer: Marked, home: frozenset[str]) -> Iterator[Finding]:
    """Find where the answer gives what the rule forbids; `home` are the words of the persona's own texts."""
    if rule.is_scope:
        return
    labels = answer.labels
    yield from strangers.judged(rule, asked, answer, home)
    if not rule.is_deed and "guarantee" not in labels and rule.acts.isdisjoint(TELLING):
        return
    if "act:others" in rule.acts:
        yield from strangers.told_of(rule, asked, answer, home)
    if answer.begins_with(BEGINNING, *DECLINES):
        return
    if "act:spoil" in rule.acts and "reveal" in labels:
        yield from _spoilt(rule, asked, answer)
    if rule.is_deed:
        yield from _done(rule, asked, answer)
    elif "guarantee" in labels:
        yield from _assured(rule, asked, answer)
    if rule.acts & RECOMMENDING:
        yield from strangers.recommended(rule, asked, answer, home)


def _spoilt(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """The end of a story, told to whoever asks for it; what reveals may reveal something else otherwise."""
    strength = TOLD if "@secret" in asked.labels or topics.touched(rule, asked) > 0 else UNASKED
    for mark in answer.labels["reveal"]:
        sentence = answer.sentence(mark.start)
        # Whoever names the culprit himself is told nothing.
        if not _denies(answer, mark) and not answer.said(sentence) <= asked.content:
            yield finding(rule, "secret", strength, sentence.start, sentence.end)


def _assured(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """An assurance of what is not to be promised, or said."""
    if not rule.acts:
        return  # "The gate stays shut till dawn" says how things are.
    touched = topics.touched(rule, asked)
    # Whoever is not to promise how things turn out, is asked, and gives his word, has promised it.
    is_asked = any(one.asks for one in asked.sentences)
    is_loose = "act:promise" in rule.acts and is_asked and rule.concepts.isdisjoint(MONEY)
    is_about = touched >= MUCH or (touched > 0 and "act:promise" in rule.acts)
    own = _Own(rule, answer)
    for mark in answer.labels["guarantee"]:
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        is_quoted = any(low <= mark.start < high for low, high in answer.quotes)
        if is_quoted and answer.text[mark.start : mark.end].lower() in asked.text.lower():
            continue  # "'Promise', they say" gives the user's word back, and no word of one's own.
        # "If you come, you pass, guaranteed": what is sealed by a vow at its end is no supposition.
        is_sealed = mark.end >= end - SEAL and answer.has(mark.start, end, "vow")
        if sentence.asks or (answer.has(start, end, "condition") and not is_sealed):
            continue
        if mark.start == start and answer.has(mark.end, end, "seeks"):
            continue  # "Sure thing, let's find a time" says yes to looking for one.
        if any(one.label == "idiom" for one in answer.around(*mark[:2])):
            continue  # "What you'll see is the work" shows something, and vows nothing.
        if answer.denies(*answer.clause(mark.start), mark, "negation", "unable"):
            continue
        if own.has(mark) and not own.is_said_beside(mark, start, end):
            continue  # "We guarantee two years" is no promise of the life-long guarantee that is none.
        if own.is_denied(start, mark.start):
            continue  # "I've no cartons to give, and these are promised" promises no carton.
        is_named = not rule.concepts.isdisjoint(ABOUT) and answer.has(start, end, *(rule.concepts & ABOUT))
        if is_about or is_named or own.is_said(start, end):
            yield finding(rule, "promise", ASSURED, start, end)
        elif not answer.has(start, end, "vow"):
            continue
        elif (is_loose and sentence is answer.sentences[0]) or (
            "act:promise" in rule.acts and answer.has(start, end, *OUTCOMES)
        ):
            # Whoever is not to promise one thing, and vows what will be, has most likely promised it.
            yield finding(rule, VOW, VOWED, start, end)


class _Own:
    """The places of a rule's own words in an answer, told apart by whether their clause denies them."""

    def __init__(self, rule: Forbidden, answer: Marked) -> None:
        places = sorted(place for stem in rule.own & answer.content for place, _ in answer.stems[stem])
        self._denied: list[int] = []
        self._said: list[int] = []
        """Said, and not denied: in `no cartons to give` there is none."""
        for place in places:
            is_denied = answer.has(*answer.clause(place), "negation", "unable")
            (self._denied if is_denied else self._said).append(place)

    def is_denied(self, start: int, end: int) -> bool:
        """Tell whether one that is denied begins there."""
        return _is_any(self._denied, start, end)

    def is_said(self, start: int, end: int) -> bool:
        """Tell whether one that is not denied begins there."""
        return _is_any(self._said, start, end)

    def is_said_beside(self, mark: Mark, start: int, end: int) -> bool:
        """Tell the same without the words of the mark."""
        return self.is_said(start, mark.start) or self.is_said(mark.end, end)

    def has(self, mark: Mark) -> bool:
        """Tell whether a word of the mark is one of them."""
        return self.is_said(mark.start, mark.end) or self.is_denied(mark.start, mark.end)


def _is_any(places: list[int], start: int, end: int) -> bool:
    at = bisect_left(places, start)
    return at < len(places) and places[at] < end


def _done(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what the persona cannot do told as done."""
    if answer.labels.keys().isdisjoint(TOLD_DONE):
        return
    touched = topics.touched(rule, asked) > 0
    # Nobody does what nobody has asked for: whoever tells of himself has done something else.
    is_asked = not asked.labels.keys().isdisjoint(DEEDS)
    for sentence in answer.sentences[:BEGINNING]:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, *_ELSEWHERE) or names_year(answer, sentence):
            continue
        if is_untouched(answer, start, end):
            continue
        own = not rule.own.isdisjoint(answer.said(sentence)) or answer.has(start, end, *rule.concepts)
        marks = answer.within("done", start, end) + answer.within("finished", start, start + FIRST)
        told = [mark for mark in marks if not _denies(answer, mark)]
        if told and (touched or own):
            yield finding(rule, "claim", DONE, start, end)
        elif (
            is_asked
            and any(mark.label == "done" for mark in told)
            and answer.has(start, end, "self", "perfect")
        ):
            yield finding(rule, "claim", UNNAMED, start, end)


def _denies(answer: Marked, mark: Mark) -> bool:
    """Tell whether the clause of a mark asks, denies or supposes it."""
    low, high = answer.clause(mark.start)
    if answer.phrasebook.behind and any(one[:2] == mark[:2] for one in answer.labels.get("negation", ())):
        return True  # The same word says that it was not done: `saymadım`.
    return answer.sentence(mark.start).asks or answer.denies(
        low, high, mark, "negation", "unable", "condition"
    )


def unexplained(findings: list[Finding]) -> list[Finding]:
    """Leave out vows in sentences that promise what another rule is about: they are no other promise."""
    told = {one.start for one in findings if one.name == "promise"}
    return [one for one in findings if one.name != VOW or one.start not in told]
