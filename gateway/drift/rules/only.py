"""An `only` of a prompt says what the persona is there for, what is excepted, or how things are."""

from gateway.drift.rules.beyond import is_cue
from gateway.drift.rules.claims import DEEDS
from gateway.drift.rules.limits import Segment, is_void
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.segments import occasions_of

FEW = 4
"""Words of a part that only names a language: `common tongue (English) only`."""
NEAR, FAR = 4, 18
"""Letters of a verb of speaking that an `only` stands within, and characters behind a denial of an `only`."""
BESIDE, LONG = 2, 8
"""Characters between an `only` and the word beside it, and of a word that says of what is spoken."""


def says_only(reading: Marked, segment: Segment) -> bool:
    """Tell whether an `only` says what there is, and not what is to be answered: 「…」とだけ答え."""
    spoken = [one for one in reading.within("cue:speak", *segment) if one.end - one.start > NEAR]
    return any(
        not is_void(reading, mark)
        and not any(one.start < mark.start and mark.end < one.end for one in spoken)
        for mark in reading.within("cue:only", *segment)
    )


def tells_unit(reading: Marked, segment: Segment) -> bool:
    """Tell whether an `only` says in what is measured, paid or spoken: `millimetres only`."""
    if reading.has(*segment, "cue:whole", "act:help", "cue:never"):
        return False
    text = reading.text[slice(*segment)]
    is_short = len(text.split()) <= FEW and not any(sign in text for sign in ",，、")
    marks = reading.all_within(*segment) if is_short else ()
    return reading.has(*segment, "cue:units") or any(one.label.startswith("lang:") for one in marks)


def excepted(reading: Marked, segment: Segment, never: list[int]) -> int:
    """Find where an exception begins of what is denied by name: `of wounds you say nothing but …`."""
    start, end = segment
    only = reading.within("cue:only", start, end)[0].start
    denied = [at for at in never if at < only <= at + FAR]
    if not denied or reading.phrasebook.behind:
        return start
    own = [one for one in reading.words_within(start, denied[-1]) if not is_cue(reading, one)]
    return only if own or reading.has(start, denied[-1], "number") else start


def is_said_elsewhere(reading: Marked, segment: Segment) -> bool:
    """Tell whether an `only` says who can, how else it is done, who the persona is, or what it answers."""
    start, end = segment
    text, before = reading.text, reading.sentence(start).start
    only = reading.within("cue:only", start, end)[0]
    if reading.has(before, start, "cue:unable"):
        return True
    whole = reading.has(start, end, "cue:whole", "act:help")
    if reading.has(before, start, "cue:never") and text[before:start].rstrip()[-1:] == ":" and not whole:
        return True
    if reading.has(start, only.start, "cue:lead") and not reading.has(start, end, "cue:whole", "act:help"):
        return True
    if reading.has(start, only.start, "cue:always") and any(
        one in text[start : only.start] for one in ",，、"
    ):
        return True
    if not whole and reading.has(start, only.start, "self"):
        return True
    # "One mark only the owner would know" is about somebody else.
    if reading.has(only.end, end, "condition"):
        return True
    said = reading.within("act:mention", only.end, end)
    is_line = bool(said) and said[0].start - only.end <= 1 and bool(reading.phrasebook.glyphs)
    return is_line and reading.has(said[0].end, end, "cue:never", "cue:behind")


def is_heading(reading: Marked, segment: Segment) -> bool:
    """Tell whether an `only` begins or ends a part, or it is about what is spoken of.

    "We only ship within the country" says how things are.
    """
    text = reading.text
    if any(map(str.isdigit, text[slice(*segment)])):
        return False
    if reading.has(*segment, "act:help", "act:mention", "cue:ask"):
        return True
    speaks = any(mark.end - mark.start > 2 for mark in reading.within("cue:speak", *segment))
    return speaks or any(
        not any(map(str.isalnum, text[segment.start : mark.start]))
        or not any(map(str.isalnum, text[mark.end : segment.end]))
        for mark in reading.within("cue:only", *segment)
    )


def is_short(text: str) -> bool:
    """Tell whether it is no sentence but a heading for what there is, as in `travel only`."""
    return len(text.split()) <= 8 and len(text) <= 60


def speaks_of(reading: Marked, segment: Segment) -> bool:
    """Tell whether an `only` stands beside a verb of speaking or helping: `you only talk about yarn`."""
    start, end = segment
    if reading.has(start, end, "condition", "cue:sentences", "cue:words"):
        return False
    marks = reading.all_within(start, end)
    if any(one.label.startswith("lang:") for one in marks):
        return False
    only = reading.within("cue:only", start, end)[0]
    verbs = [one for one in marks if one.label in ("cue:speak", "act:help") and one.end - one.start > BESIDE]
    return any(
        verb.label == "act:help"
        or reading.has(max(only.end, verb.end), max(only.end, verb.end) + BESIDE + LONG, "cue:about")
        or reading.has(start, only.start, "cue:denies")
        for verb in verbs
        if _is_beside(only, verb)
    )


def _is_beside(one: Mark, other: Mark) -> bool:
    return 0 <= other.start - one.end <= BESIDE or 0 <= one.start - other.end <= BESIDE


def names_who(reading: Marked, segment: Segment) -> bool:
    """Tell whether an `only` begins with who alone does something: `only Nessa can book a place`."""
    start, end = segment
    only = reading.within("cue:only", start, end)[0]
    name = reading.text[only.end + 1 : only.end + 2]
    if any(map(str.isalnum, reading.text[start : only.start])) or not name.isupper():
        return False
    if reading.has(start, end, "cue:whole", "act:help"):
        return False
    if any(one.start <= only.end + 1 < one.end for one in reading.all_within(only.end, end)):
        return False
    if not reading.phrasebook.capital_nouns:
        return True
    # Where every noun has a capital, what is done is told by a verb.
    return any(
        one.label in DEEDS and reading.text[one.start].islower() for one in reading.all_within(only.end, end)
    )


def is_answer(reading: Marked, segment: Segment) -> bool:
    """Tell whether an `only` is part of what is to be said on an occasion: `… say that we only take cash`."""
    since = [high for _, high in occasions_of(reading, segment)]
    only = reading.within("cue:only", *segment)
    if not since or not only or only[0].start < since[0]:
        return False
    said = Segment(since[0], segment.end)
    is_limit = reading.has(*said, "cue:whole", "act:help", "cue:unable", "cue:never", "cue:behind")
    verbs = reading.within("cue:speak", *said)
    return not is_limit and not any(
        one.end - one.start > BESIDE and _is_beside(only[0], one) for one in verbs
    )
