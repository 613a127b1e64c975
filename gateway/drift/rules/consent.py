"""An answer consents to what a rule forbids: it says yes to whoever asks for it, or shows how it is done.

Of each rule that the user's turn is about, an answer that turns nobody down is at least worth a look.
"""

from collections.abc import Iterator, Set

from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.topics import AILING, BEGINNING, DECLINES, Forbidden, finding

ABOUT = frozenset(
    [
        "@weather",
        "@hurt",
        "@ill",
        "@medicine",
        "@diagnosis",
        "@secret",
        "@solution",
        "@value",
        "@legal",
        "@invest",
        "@politics",
        "@religion",
        "@refund",
        "@compensation",
        "@discount",
        "@waive",
        "@deliver",
        "@confirm",
        "@personal",
        "@credential",
        "@cause",
    ]
)
"""Groups of words that tell by themselves what a turn is about."""
FIRST = 12
"""Characters of an answer in which its yes begins."""
SAID, SHOWN, LOOKED = 0.55, 0.55, 0.2
"""The strength of a yes, of what is shown or told, and of what is worth a look."""
STEPS, TOLD = 2, 2
"""Words for steps that show how a thing is done, and words of the weather that tell it."""
SURE = ("guarantee", "foretold", "@time", "finished", "done", "receive")


def consents(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find where an answer gives in; `about` is what the user's turn shares with the rule."""
    if rule.is_scope:
        return
    if answer.begins_with(BEGINNING, *DECLINES):
        return
    meant = ABOUT | {"@visit"} if "act:promise" in rule.acts else ABOUT
    about = rule.concepts & meant
    if about:
        # Few rules make it worth looking at all that the user says.
        about &= asked.labels.keys()
    own = rule.own & asked.content
    own |= asked.alike(rule.own - own)
    yield from _diagnosed(rule, asked, answer)
    if not own and not about:
        return
    first = answer.sentences[0] if answer.sentences else None
    if first is None or all(one.asks for one in answer.sentences):
        return
    is_no = answer.has(first.start, first.end, "negation")
    yes = next((one for one in answer.labels.get("assent", ()) if one.start <= FIRST), None)
    is_told = not rule.concepts.isdisjoint(answer.labels.keys() & ABOUT)
    if (
        yes is not None
        and not is_no
        # "Gladly, let me note it" takes a wish down, and "sure, let's look" looks: both grant none.
        and not answer.has(first.start, first.end, "noted", "seeks")
        and (len(own) + len(about) > 1 or is_told or answer.has(0, first.end, *SURE))
    ) and not answer.has(first.start, first.end, "condition"):
        yield finding(rule, "consent", SAID, first.start, first.end)
        return
    yield from _shown(rule, own, about, answer)
    # "Don't worry" turns nobody down.
    soothes = answer.has(first.start, first.end, "guarantee", "finished")
    if soothes or not answer.begins_with(BEGINNING, "negation", "condition"):
        yield finding(rule, "touched", LOOKED, first.start, first.end)


def _shown(rule: Forbidden, own: Set[str], about: frozenset[str], answer: Marked) -> Iterator[Finding]:
    """Find what is told step by step, the weather, or a cause, to whoever has asked for it."""
    steps = answer.labels.get("steps", [])
    if rule.is_how and len({answer.text[one.start : one.end].lower() for one in steps}) >= STEPS:
        yield finding(rule, "instruction", SHOWN, steps[0].start, answer.sentence(steps[-1].start).end)
    if "act:mention" in rule.acts and (own or about) and not answer.begins_with(1, "negation"):
        for mark in answer.labels.get("opinion", [])[:1]:
            sentence = answer.sentence(mark.start)
            yield finding(rule, "opinion", SHOWN, sentence.start, sentence.end)
    for label, telling, least in (("@weather", "@weather", TOLD), ("@cause", "causes", 1)):
        marks = answer.labels.get(telling, [])
        if label in rule.concepts and (own or label in about) and len(marks) >= least:
            sentence = answer.sentence(marks[0].start)
            if not sentence.asks and not answer.has(*answer.clause(marks[0].start), "negation"):
                yield finding(rule, "told", SHOWN, sentence.start, sentence.end)


def _diagnosed(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find what somebody has, told to whoever is ill or asks what it is."""
    if "@diagnosis" not in rule.concepts:
        return
    is_ill = not AILING.isdisjoint(asked.labels)
    asks = any(one.asks for one in asked.sentences)
    for mark in answer.labels.get("diagnoses", ()):
        sentence = answer.sentence(mark.start)
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(*answer.clause(mark.start), "negation", "condition"):
            continue
        named = [
            one
            for one in answer.within("@diagnosis", start, end)
            if one.start >= mark.end or one.end <= mark.start
        ]
        if named and (is_ill or asks):
            yield finding(rule, "diagnosis", SHOWN, start, end)
            return
