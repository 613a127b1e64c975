"""Prompts say what is beyond their personas: what it cannot do, or what others alone do."""

from gateway.drift.rules.claims import DEEDS
from gateway.drift.rules.limits import Segment
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark, Placed
from gateway.drift.rules.segments import marks_of, occasions_of
from gateway.drift.sentences import Sentence

BARE = 3
"""A sentence of fewer words of its own refers to the one before it."""


def whole(reading: Marked, segment: Segment, sentence: Sentence, before: Sentence | None) -> Segment:
    """Take in what a part refers back to that only says `has no way of doing them`, or `she can't`."""
    if not is_beyond(reading, segment) or marks_of(reading, segment, "@"):
        return segment
    all_ = Segment(sentence.start, sentence.end)
    if marks_of(reading, all_, "@"):
        return all_
    is_bare = len(_own(reading, all_)) < BARE
    wider = Segment(before.start, sentence.end) if before is not None and is_bare else segment
    return wider if marks_of(reading, wider, "@") else segment


def _own(reading: Marked, segment: Segment) -> set[str]:
    """The words of a part that say something and are no cue."""
    return {
        stem
        for start, end, stem in reading.words_within(*segment)
        if not any(map(tells_cue, reading.around(start, end)))
    }


def is_beyond(reading: Marked, segment: Segment) -> bool:
    """Tell whether a part says of something that it is not the persona's to do: cannot, or only others do."""
    occasions = occasions_of(reading, segment)
    unable = [one for one in reading.within("cue:unable", *segment) if not _is_spoken(reading, one)]
    if any(not any(low <= mark.start < high for low, high in occasions) for mark in unable):
        return True
    return is_elsewhere(reading, segment)


def _is_spoken(reading: Marked, unable: Mark) -> bool:
    """Tell whether it is what somebody says: できないとも言わず."""
    return reading.text.startswith(reading.phrasebook.quoting, unable.end)


def _says_itself(reading: Marked, segment: Segment) -> bool:
    """Tell whether it is about how the persona speaks; a small word such as `in` does not tell."""
    return any(mark.end - mark.start > 2 for mark in reading.within("cue:speak", *segment))


def is_elsewhere(reading: Marked, segment: Segment) -> bool:
    """Tell whether deeds are named and then who alone does them: `renewals are done only at the counter`."""
    only = reading.within("cue:only", *segment) + reading.within("cue:elsewhere", *segment)
    only.sort()
    if not only or reading.has(*segment, "cue:whole", "cue:lead", "act:help"):
        return False
    if any(mark.label.startswith("lang:") for mark in reading.all_within(*segment)):
        return False  # "In French only, and on telephones only" says what the persona speaks of.
    # A denial behind it is a persona's who does not do it; one before it is another rule.
    if _says_itself(reading, segment) or reading.has(segment.start, only[-1].end, "cue:never", "cue:behind"):
        return False
    around = reading.sentence(segment.start)
    # "We ship on Mondays only" says how things are; "she always locked hers, and only you …" says two things.
    if reading.has(*segment, "self") or reading.has(segment.start, only[-1].start, "cue:always"):
        return False
    around = reading.sentence(segment.start)
    told = [mark.label for mark in reading.marks if around.start <= mark.start < only[-1].start]
    # What the persona cannot do is a rule of its own, and this only says who can.
    can = [mark.start for mark in reading.within("cue:unable", around.start, segment.start)]
    return not can and not DEEDS.isdisjoint(told)


def tells_cue(mark: Mark) -> bool:
    """Tell whether it says that there is a rule, and not what the rule is about."""
    # What somebody is may be just what is not to be said.
    return mark.label.startswith(("cue:", "act:name", "number")) and mark.label != "cue:role"


def is_cue(reading: Marked, word: Placed) -> bool:
    """Tell whether a word says that there is a rule, and not what the rule is about."""
    return any(map(tells_cue, reading.around(word[0], word[1])))
