"""A persona must do some things; an answer that had reason to is looked at for whether it has."""

import re
from collections.abc import Iterator, Set
from typing import NamedTuple

from gateway.drift.rule import Active
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.occasions import condition, either, names_a_child_alone
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.sentences import quoted
from gateway.drift.text import Stretch

_ANCHOR = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\d[\d /().-]{4,}\d|\b[A-Z]{1,4}-?\d+\b|\b\d{2,}\b")
_CAPITAL = re.compile(r"(?<=[\w,;:] )[A-ZÀ-ÞА-Я][\w-]*[A-Z][\w-]*")
WORDS = 8
"""Letters of a quotation that is to be said, and does not only show how to speak."""
SHORT = 3
"""An answer of so few words need not do anything."""
COMMON = 0.35
"""The weight of a word of an occasion that the persona's other texts have, too."""
HALF = 0.5
"""The share of an occasion's words from which on a single one tells it."""
DECLINED = 0.5
"""Tell how far an occasion is still one for whoever has been turned down."""
MAYBE, FAINT = 0.4, 0.3
"""Beliefs that it is the occasion that make it worth a look, and no more."""
UNTELLING = 2
"""Words of a turn up to which it says nothing by itself."""
SEVERAL = 2
"""Words of its own from which on a duty to end with a question is one for some answers only."""
BEFORE = 24
"""Characters before a number in which a word for a limit stands."""
GROUPS = frozenset(
    [
        "@danger",
        "@outage",
        "@lost",
        "@photo",
        "@allergy",
        "@human",
        "@medicine",
        "@hurt",
        "@pregnant",
        "@bullied",
        "@gas",
        "@fraud",
    ]
)
"""Groups of words that make an occasion by themselves."""
SOFT = frozenset({"@human", "@lost", "@photo", "@medicine", "@hurt"})
"""Words of these are said for many reasons; an occasion that says more wants a word of its own, too."""
HARM = frozenset({"@danger", "@hurt", "@bullied", "@gas"})
"""These do where the occasion speaks of a child, which the user may be without saying so."""


class Duty(NamedTuple):
    """A `must` made ready to be looked for."""

    active: Active
    is_always: bool
    """It is to be done in every answer."""
    occasion: frozenset[str]
    """The words of its condition."""
    either: tuple[frozenset[str], ...]
    """The same words by what stands between commas and an `or`."""
    common: frozenset[str]
    """The persona's other texts have these of them, too."""
    groups: frozenset[str]
    """The groups of words of its condition."""
    told: frozenset[str]
    """The words of its condition that belong to one of these."""
    stems: frozenset[str]
    """The words of what is to be done."""
    concepts: frozenset[str]
    anchors: tuple[str, ...]
    """Numbers, codes and addresses that have to be given."""
    ends_asking: bool
    may_call: bool
    """An answer that has to end with a question may also end with an order."""
    asks: bool
    is_childs: bool
    """The occasion is a child, of which the user tells by its age."""
    is_doing: bool
    """The occasion is something that the persona itself is about to do."""


def prepare(
    active: Active, words: Phrasebook, answers: Phrasebook, daily: frozenset[str] = frozenset()
) -> Duty:
    """Take a rule apart: on what occasion, and what then; `daily` words alone are no occasion."""
    text = active.rule.must or ""
    reading = Marked(words, Stretch(text))
    start, end = condition(reading)
    same = words.code == answers.code
    spent = [mark for mark in reading.marks if mark.label.startswith(("cue:", "act:"))]

    def stems(low: int, high: int) -> frozenset[str]:
        return (
            frozenset(
                stem
                for stem, places in reading.stems.items()
                for a, b in places
                if low <= a and b <= high and not any(mark.start <= a and b <= mark.end for mark in spent)
            )
            if same
            else frozenset()
        )

    inside = stems(start, end)
    outside = (stems(0, start) | stems(end, len(text))) - inside
    ends_asking = end <= start and {"act:end", "cue:question"} <= reading.labels.keys()
    if ends_asking and len(outside) >= SEVERAL:
        # "Answers about fractions end with a question" says which ones do.
        inside, outside = outside, frozenset()
    groups = frozenset(
        mark.label for mark in reading.marks if mark.label.startswith("@") and start <= mark.start < end
    )
    concepts = frozenset(
        mark.label
        for mark in reading.marks
        if mark.label.startswith("@")
        and not start <= mark.start < end
        # "Tell them" says that it is to be said, and not whom one tells of it.
        and not any(one.start <= mark.start < one.end for one in spent)
    )
    told = frozenset(
        stem
        for stem in inside
        for a, b in reading.stems[stem]
        if any(mark.label in groups and mark.start <= a and b <= mark.end for mark in reading.around(a, b))
    )
    left = text[:start] + " " * (end - start) + text[end:]
    words_of = [text[low + 1 : high - 1].strip(" .,…") for low, high in quoted(left)]
    anchors = tuple(one for one in words_of if len(one) >= WORDS) or tuple(
        re.sub(r"\D", "", match[0]) or match[0]
        for match in _ANCHOR.finditer(left)
        if len(match[0]) > 1 and not _is_limit(reading, match.start())
    )
    return Duty(
        active,
        is_always=end <= start and reading.has(0, len(text), "cue:every"),
        occasion=inside,
        either=tuple(
            part
            for low, high in either(reading, start, end)
            if (part := stems(low, high)) and not part <= daily
        ),
        common=inside & daily,
        groups=groups,
        told=told,
        stems=outside,
        concepts=concepts,
        anchors=anchors,
        ends_asking=ends_asking,
        may_call="cue:nor" in reading.labels,
        asks="act:ask" in reading.labels,
        is_childs=groups == {"@child"}
        and not words.glyphs
        and names_a_child_alone(reading, start, end, inside),
        is_doing=reading.has(start, end, "cue:before"),
    )


def _is_limit(reading: Marked, start: int) -> bool:
    """Tell whether a number says how much an answer may have at most, and is none to be given in it."""
    return reading.has(max(0, start - BEFORE), start, "cue:most")


def due(duty: Duty, asked: Marked) -> float:
    """Tell how surely this is the occasion, from 0 to 1."""
    if duty.is_always or (duty.ends_asking and not duty.occasion):
        return 1.0
    # "Yes, take it" says nothing of what it is about, and may be any occasion; so may any where none is told.
    is_open = len(asked.content) <= UNTELLING or not (duty.occasion or duty.groups)
    return max(_told(duty, asked), FAINT if is_open else 0.0)


def _told(duty: Duty, asked: Marked) -> float:
    """Tell the same by the words of the user's turn."""
    heard = duty.occasion & asked.content
    heard |= asked.alike(duty.occasion - heard)
    if duty.is_doing and not duty.groups:
        # What the persona is about to do shows in its answer, to whoever understands it.
        return FAINT if heard else 0.0
    hits = sum(COMMON if one in duty.common else 1.0 for one in heard)
    groups = len((duty.groups - {"@child"}) & asked.labels.keys())
    said = asked.labels.keys()
    is_child = "@child" in duty.groups
    sudden = HARM if is_child and said.isdisjoint({"@child", "minor"}) else GROUPS
    struck = duty.groups & said & sudden
    if struck or (is_child and "minor" in said):
        is_vague = struck <= SOFT and not heard and not duty.occasion <= duty.told
        return MAYBE if is_vague and not (is_child and "minor" in said) else 0.9
    if duty.is_childs:
        # Who speaks of a child may be none, and only somebody who understands it can tell.
        return MAYBE if "@child" in said else 0.0
    if not duty.occasion:
        return 0.6 if groups else 0.0
    if not heard:
        return 0.25 if groups else 0.0
    # Who else is lost is not the child that an occasion tells of.
    is_anybody = not is_child or not said.isdisjoint({"@child", "minor"})
    parts = (*duty.either, duty.occasion) if is_anybody else (duty.occasion,)
    share = max(_share(duty, one, heard) for one in parts)
    if hits >= 2 or (hits and share > HALF):
        return 0.8 if share >= 0.34 or hits >= 3 else 0.5
    return 0.4 if hits and groups else 0.25 if hits or groups else 0.0


def _share(duty: Duty, words: frozenset[str], heard: Set[str]) -> float:
    """Tell how much of an occasion the user's turn has, where everyday words of the persona count little."""
    weights = {one: COMMON if one in duty.common else 1.0 for one in words}
    total = sum(weights.values())
    return sum(weights[one] for one in words & heard) / total if total else 0.0


def is_done(duty: Duty, answer: Marked) -> float:
    """Tell how surely the answer does it."""
    if duty.ends_asking:
        last = answer.sentences[-1] if answer.sentences else None
        calls = duty.may_call and last is not None and last.stop[:1] in ("!", "！")
        return 1.0 if last is not None and (last.asks or calls) else 0.0
    if duty.anchors:
        digits = answer.digits
        lowered = answer.text.lower()
        return 1.0 if any(one in digits or one.lower() in lowered for one in duty.anchors) else 0.0
    hits = len(duty.stems & answer.content)
    groups = len(duty.concepts & answer.labels.keys())
    if not duty.stems and not duty.concepts:
        return 1.0
    share = hits / max(1, len(duty.stems))
    return min(
        1.0,
        share * 2 + 0.5 * bool(groups) + (0.25 if hits and any(one.asks for one in answer.sentences) else 0),
    )


def _turns_down(answer: Marked) -> bool:
    """Tell whether the answer begins by saying that it cannot: then what belongs to doing it is not due."""
    return any(
        answer.has(one.start, one.end, "unable")
        or (answer.has(one.start, one.end, "negation") and answer.has(one.start, one.end, "self"))
        for one in answer.sentences[:1]
    )


def undone(duty: Duty, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """A duty that was due and has not been done."""
    occasion = due(duty, asked)
    if not occasion or (len(answer.text.split()) <= SHORT and not answer.phrasebook.glyphs):
        return
    left = 1 - is_done(duty, answer)
    if left > 0 and not duty.anchors and answer.alike(duty.stems - answer.content):
        left -= 0.5
    if left <= 0:
        return
    if not duty.anchors and not duty.groups & GROUPS and _turns_down(answer):
        occasion *= DECLINED
    sure = 0.75 if duty.anchors or duty.ends_asking else 0.2 if duty.is_always else 0.68
    strength = round(occasion * left * sure, 3)
    if strength >= 0.05:
        yield Finding("duty", strength, 0, len(answer.text.rstrip()), duty.active.basis)
