"""A sentence of a prompt is cut into segments, each of which may be a rule of its own."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from gateway.drift.rules.limits import Segment
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.names import denies_names
from gateway.drift.rules.topics import TOPICS
from gateway.drift.sentences import Sentence

_COMMA = re.compile(r"[,，、]\s*")
VERB = 1
"""Words that may stand between an `and` and the denial that follows it."""
FIRST = 16
"""Characters behind a denial in which the act that it denies stands: `no promises`, `do not promise`."""
CARRIED = frozenset({"act:promise", "act:name", "act:mention", "act:give", "act:estimate", "act:advise"})
"""Acts that several things may be denied of, one behind the other."""
PARTING = tuple(
    ["act:", "lang:", "cue:manner-", "cue:address-", *TOPICS]
    + [f"cue:{one}" for one in ("ask", "always", "only", "unable", "style", "boilerplate")]
    + [f"cue:{one}" for one in ("emoji", "lists", "exclamation", "markdown", "sentences", "words")]
)
"""What begins so is a rule of its own, or says how the persona speaks."""
LEADING = 8
"""Characters between what is to be done and a colon that leads to what is to be said."""
_BRACKETS = re.compile(r"\([^()]{2,300}\)|（[^（）]{2,300}）")
"""Words in brackets belong to what stands before them."""
_SEGMENT = re.compile(r"[;；]\s*|:\s+|：|\s[–—]\s|\n")


def segments(reading: Marked, sentence: Sentence) -> list[Segment]:
    """A sentence cut at semicolons and the like, and before each new cue behind a comma or an `and`."""
    cuts = [sentence.start, sentence.end]
    cuts += [mark.start for mark in reading.within("cue:but", sentence.start, sentence.end)]
    signs = list(_SEGMENT.finditer(reading.text, sentence.start, sentence.end))
    leading = [sign.end() for sign in signs if _leads_on(reading, sentence, sign)]
    cuts += [sign.end() for sign in signs if sign.end() not in leading]
    # What a colon leads to is said or done as a whole: `who smells gas does this first: no light, then out`.
    led = [(at, min(cut for cut in cuts[1:] if cut >= at)) for at in leading]
    occasions = [*occasions_of(reading, sentence), *led]
    cues = sorted(
        mark
        for kind in ("never", "unable", "always", *(("behind",) if reading.phrasebook.behind else ()))
        for mark in reading.within(f"cue:{kind}", sentence.start, sentence.end)
        if not any(start <= mark.start < end for start, end in occasions)
        and not _tells_when(reading, mark, sentence)
    )
    commas = [match.end() for match in _COMMA.finditer(reading.text, sentence.start, sentence.end)]
    for before, cue in pairwise(cues):
        last = cue.end if reading.phrasebook.behind else cue.start
        between = commas[bisect_left(commas, before.end) : bisect_right(commas, last)]
        if reading.phrasebook.behind:
            between = between[:1]
        if not between:
            between = _joint(reading, before, cue)
        goes_on = _goes_on(reading, cue) or denies_names(reading, cue, sentence.end)
        if goes_on or not between or not _says(reading, before, cue):
            continue
        behind = (one.start for one in cues if one.start > cue.start and _says(reading, cue, one))
        later = next(behind, sentence.end)
        end = min(later, *(cut for cut in cuts if cut > cue.start))
        if not _shares_act(reading, before, cue, between[-1], end):
            cuts.append(between[-1])
    brackets = [match.span() for match in _BRACKETS.finditer(reading.text, sentence.start, sentence.end)]
    edges = sorted({cut for cut in cuts if not any(low < cut < high for low, high in brackets)})
    return [
        Segment(start, end)
        for start, end in pairwise(edges)
        if any(map(str.isalnum, reading.text[start:end]))
    ]


def _leads_on(reading: Marked, sentence: Sentence, sign: re.Match[str]) -> bool:
    """Tell whether a colon leads to what is to be said on an occasion: `who buys one is warned: the …`."""
    if sign[0][0] not in ":：":
        return False
    told = reading.within("cue:ask", sentence.start, sign.start())
    told += reading.within("cue:always", sentence.start, sign.start())
    return bool(
        told
        and sign.start() - max(one.end for one in told) <= LEADING
        and reading.has(sentence.start, told[-1].start, "cue:condition")
    )


def _joint(reading: Marked, before: Mark, cue: Mark) -> list[int]:
    """Find an `and` before a cue that begins another rule: `never promise a date and give no discount`."""
    if reading.phrasebook.behind or reading.phrasebook.glyphs:
        return []
    joints = reading.within("cue:and", before.end, cue.start)
    if not joints or before.label == "cue:unable":
        return []
    # A denial of a noun goes on with what was denied before: "no lists and no emoji".
    between = len(reading.text[joints[-1].end : cue.start].split())
    begins = between == VERB or (not between and any(one.start == cue.start for one in _denials(reading)))
    return [joints[-1].start] if begins else []


def _shares_act(reading: Marked, before: Mark, cue: Mark, since: int, end: int) -> bool:
    """Tell whether a denial is of one more thing that is not to be promised, named or given.

    "Promise no certain day, no place in a class" says of the place, too, that it is not to be promised.
    """
    if (
        reading.phrasebook.behind
        or reading.phrasebook.glyphs
        or before.label != "cue:never"
        or cue.label != "cue:never"
    ):
        return False
    # A word before it, "buys nothing of children", is a verb of its own.
    if any(one.start == cue.start for one in _denials(reading)) or reading.words_within(since, cue.start):
        return False
    low = max((reading.text.rfind(sign, 0, before.start) for sign in ";:.\n"), default=-1) + 1
    acts = [one for one in reading.all_within(low, since) if one.label in CARRIED]
    if not acts or min(one.start for one in acts) > before.end + FIRST:
        return False
    return not any(one.label.startswith(PARTING) for one in reading.all_within(since, end))


def _denials(reading: Marked) -> Sequence[Mark]:
    return reading.labels.get("cue:denies", ())


def occasions_of(reading: Marked, place: Sentence | Segment) -> list[tuple[int, int]]:
    """The parts that only say when: what they deny is no rule."""
    found = []
    for mark in reading.within("cue:condition", place.start, place.end):
        told = [
            one.start
            for kind in ("cue:always", "cue:ask")
            for one in reading.within(kind, mark.end, place.end)
        ]
        # "Somebody tells of a cut that won't heal, …" still says when, up to the comma.
        comma = reading.text.find(",", mark.end, place.end)
        told = [at for at in told if at > comma] or told
        lead = reading.text[place.start : mark.start]
        if told and not any(map(str.isalnum, lead)) and not reading.phrasebook.behind:
            found.append((mark.start, min(told)))
    return found


def _tells_when(reading: Marked, cue: Mark, sentence: Sentence) -> bool:
    """Tell whether a denial is part of what says when behind it: 食べられない物の話が出たら."""
    if not reading.phrasebook.glyphs or cue.label == "cue:always":
        return False
    comma = _COMMA.search(reading.text, cue.end, sentence.end)
    until = comma.start() if comma is not None else sentence.end
    when = reading.within("cue:condition", cue.end, until)
    return bool(when) and when[-1].end >= until - 1 and reading.has(until, sentence.end, "cue:ask")


def _says(reading: Marked, before: Mark, cue: Mark) -> bool:
    """Tell whether there is enough between two cues for each to be a rule."""
    return len(reading.text[before.end : cue.start].split()) > 1 or reading.phrasebook.glyphs


def _goes_on(reading: Marked, cue: Mark) -> bool:
    """Tell whether a cue only adds to what the one before it has begun, as `nor` does."""
    return any(mark.start == cue.start for mark in reading.labels.get("cue:nor", ()))


def marks_of(reading: Marked, place: Sentence | Segment, prefix: str) -> list[Mark]:
    return [mark for mark in reading.all_within(place.start, place.end) if mark.label.startswith(prefix)]
