"""A `must` of a persona made ready: on what occasion something is to be done, and what."""

from typing import NamedTuple

from gateway.drift.rule import Active
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.occasions import DRILL, either, names_a_child_alone
from gateway.drift.rules.phrasebook import Phrasebook
from gateway.drift.rules.wording import CHILDREN, WITH, Kinds, Wording
from gateway.drift.rules.words import fold

SEVERAL = 2
"""Words of its own from which on a duty to end with a question is one for some answers only."""
USUAL = frozenset({"on:travel", "on:visit", "on:buy", "on:booking", "on:touch", "on:eat", "on:outdoors"})
"""People come to most places for these, which tell little by themselves."""
CHILD = "@child"
SOFT = frozenset({"@human", "@lost", "@photo", "@medicine", "@hurt"})
"""Words of these are said for many reasons; an occasion that says more wants a word of its own, too."""


class Duty(NamedTuple):
    """A `must` made ready to be looked for."""

    active: Active
    is_always: bool
    """It is to be done in every answer."""
    occasion: frozenset[str]
    """The words of its condition."""
    either: tuple[frozenset[str], ...]
    """The same words by what stands between commas and an `or`, with the groups of its other words."""
    common: frozenset[str]
    """The persona's other texts have these of them, too."""
    light: frozenset[str]
    """Words of wanting and telling, which it has where everyday words are all else: `who wants to book`."""
    dealt: frozenset[str]
    """The prompt has these of them elsewhere, too."""
    kinds: Kinds
    """Words of the condition that others tell as well, with the labels of those."""
    groups: frozenset[str]
    """The groups of words of its condition."""
    told: frozenset[str]
    """The words of its condition that belong to one of these."""
    soft: frozenset[str]
    """These of them belong to a group of which people speak for many reasons."""
    stems: frozenset[str]
    """The words of what is to be done."""
    ways: Kinds
    """Words of these that others say as well, with the labels of those."""
    concepts: frozenset[str]
    is_vague: bool
    """The duty has no word of its own that an answer would show it by."""
    anchors: tuple[str, ...]
    """Numbers, codes and addresses that have to be given."""
    glyphs: frozenset[str]
    """The characters of what is to be done, where it has no longer words."""
    ends_asking: bool
    is_drill: bool
    """The occasion is an exercise, which need not be called one."""
    asks_back: bool
    """Every answer has to ask something, wherever it does."""
    may_end_otherwise: bool
    """An answer that has to end with a question may also end with something else, such as an order."""
    is_childs: bool
    """The occasion is a child, of which the user tells by its age."""
    is_doing: bool
    """The occasion is something that the persona itself is about to do."""
    is_own: bool
    """The occasion is something that the persona itself speaks of."""
    is_advised: bool
    """The occasion is something that the persona itself recommends."""


def prepare(
    active: Active,
    words: Phrasebook,
    answers: Phrasebook,
    daily: frozenset[str] = frozenset(),
    often: frozenset[str] = frozenset(),
) -> Duty:
    """Take a rule apart: on what occasion, and what then; `daily` words alone are no occasion.

    `often` are words that the prompt has more than once.
    """
    told = Wording(active.rule.must or "", words, answers)
    reading, start, end = told.reading, told.start, told.end
    labels = reading.labels.keys()
    inside, kinds = told.occasion(start, end)
    usual = daily | {name for name, some in kinds.items() if some <= USUAL}
    inside = told.telling(inside, usual)
    outside, ways = told.outside()
    outside = told.telling(outside - inside)
    if _is_manner(reading):
        # "The formal you, my friend when it suits" shows in how one speaks, whatever the turn is.
        inside, kinds = frozenset(), {}
    is_drill = reading.has(start, end, DRILL)
    ends_asking = (end <= start or is_drill) and {"act:end", "cue:question"} <= labels
    if ends_asking and not is_drill and len(outside) >= SEVERAL:
        # "Answers about fractions end with a question" says which ones do.
        inside, outside, kinds, ways = outside, frozenset(), ways, {}
    groups = _groups(told)
    is_childs = groups == {CHILD} and not words.glyphs and names_a_child_alone(reading, start, end, inside)
    if CHILD in groups:
        inside, kinds = _grown(told, inside, kinds)
    spans = list(either(reading, start, end))
    beside = groups - {CHILD} if len(spans) > 1 else frozenset[str]()
    parts = (
        (told.occasion(low, high)[0] & inside, _beside(reading, low, high, inside, beside))
        for low, high in spans
    )
    return Duty(
        active,
        is_always=end <= start and "cue:every" in labels,
        occasion=inside,
        either=tuple(part | other for part, other in parts if part and not part <= daily),
        common=inside & (usual | words.light),
        light=inside & words.light,
        dealt=inside & often,
        kinds=kinds,
        groups=groups,
        told=_told(reading, inside, groups),
        soft=_told(reading, inside, groups & SOFT),
        stems=outside,
        ways=ways,
        concepts=_concepts(told),
        is_vague=bool(outside) and outside <= words.light | {words.stem(one) for one in words.numbers},
        anchors=told.anchors(),
        glyphs=told.glyphs(),
        ends_asking=ends_asking,
        is_drill=is_drill,
        asks_back=end <= start and labels >= {"act:ask", "cue:question", "cue:every"},
        may_end_otherwise="cue:nor" in labels,
        is_childs=is_childs,
        is_doing=reading.has(start, end, "cue:before"),
        is_own=reading.has(start, end, "cue:own"),
        is_advised=reading.has(start, end, "cue:advising"),
    )


def _is_manner(reading: Marked) -> bool:
    """Tell whether it only says how the persona speaks."""
    labels = reading.labels.keys()
    speaks = any(one.startswith(("cue:manner-", "cue:address-")) or one == "cue:style" for one in labels)
    # To speak so is no deed of its own, nor is what only says when or shows how.
    when = {mark.start for mark in reading.labels.get("cue:condition", ())}
    deeds = [
        mark
        for mark in reading.marks
        if mark.label.startswith(("act:", "@"))
        and mark.label != "act:mention"
        and mark.start not in when
        and not any(low <= mark.start < high for low, high in reading.quotes)
    ]
    return speaks and not deeds and "cue:ask" not in labels


def _groups(told: Wording) -> frozenset[str]:
    """Give the groups of words of the condition."""
    reading, start, end = told.reading, told.start, told.end
    groups = {
        mark.label
        for mark in reading.marks
        if mark.label.startswith("@") and start <= mark.start < end and not _is_role(reading, mark)
    }
    # Whoever comes with children, or asks for what there is for them, is none of them.
    companions = reading.within(WITH, start, end)
    if any(one.end <= child.start for one in companions for child in reading.within(CHILD, start, end)):
        groups.discard(CHILD)
    return frozenset(groups)


def _concepts(told: Wording) -> frozenset[str]:
    """Give the groups of words of what is to be done."""
    return frozenset(
        mark.label
        for mark in told.reading.marks
        if mark.label.startswith("@")
        and not told.start <= mark.start < told.end
        # "Tell them" says that it is to be said, and not whom one tells of it.
        and not any(one.start <= mark.start < one.end for one in told.spent)
    )


def _grown(told: Wording, words: frozenset[str], kinds: Kinds) -> tuple[frozenset[str], Kinds]:
    """Leave out the child who speaks: the other words say when."""
    reading = told.reading
    children = reading.within(CHILD, told.start, told.end)
    young = {name for name, labels in kinds.items() if labels & CHILDREN}
    young |= {stem for stem in words if _is_within(reading, stem, children)}
    return words - young or words, {name: labels for name, labels in kinds.items() if name not in young}


def _beside(
    reading: Marked, low: int, high: int, words: frozenset[str], groups: frozenset[str]
) -> frozenset[str]:
    """Give the groups of words of a part that are none of its other words: `a call` from the bank."""
    taken = [place for stem in words for place in reading.stems.get(stem, ()) if low <= place[0] < high]
    return frozenset(
        mark.label
        for mark in reading.all_within(low, high)
        if mark.label in groups and not any(mark.start < b and a < mark.end for a, b in taken)
    )


def _told(reading: Marked, words: frozenset[str], groups: frozenset[str]) -> frozenset[str]:
    """Give those of the words that belong to one of the groups."""
    return frozenset(
        stem
        for stem in words
        for a, b in reading.stems.get(stem, ())
        if any(one.label in groups and one.start <= a and b <= one.end for one in reading.around(a, b))
    )


def _is_role(reading: Marked, mark: Mark) -> bool:
    """Tell whether a word for a child only names whom the persona speaks to: a pupil of any age."""
    book = reading.phrasebook
    word = fold(reading.text[mark.start : mark.end])
    return mark.label == CHILD and (word in book.stop or word in book.light_words)


def _is_within(reading: Marked, stem: str, marks: list[Mark]) -> bool:
    return any(mark.start <= a and b <= mark.end for a, b in reading.stems.get(stem, ()) for mark in marks)
