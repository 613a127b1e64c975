"""An `only` of a prompt says what the persona is there for, what is excepted, or how things are."""

from gateway.drift.rules.beyond import is_cue
from gateway.drift.rules.limits import Segment, is_void
from gateway.drift.rules.marked import Marked

FEW = 4
"""Words of a part that only names a language: `common tongue (English) only`."""
NEAR, FAR = 4, 18
"""Letters of a verb of speaking that an `only` stands within, and characters behind a denial of an `only`."""


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
