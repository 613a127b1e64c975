"""The occasion of a duty is found in its text: the part that says when, and what of it is enough."""

import re
from collections.abc import Iterator
from functools import lru_cache

from gateway.drift.rules.limits import is_void
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark

BESIDE = 2
"""Characters between an `every answer` and what it is about."""
ACROSS = 8
"""Characters between the two where the answer is named after what it is to: 練習問題への返答は毎回."""
DRILL = "cue:drill"
"""What is answered is an exercise: `every answer to an exercise`."""
TELLING = ("cue:ask", "cue:always", "act:end", "act:begin", "act:give", "act:name", "on:with")
"""Behind what it is about one of these says what is to be done."""


def condition(reading: Marked) -> tuple[int, int]:
    """The part of a duty that says when."""
    text = reading.text
    marks = [one for one in reading.labels.get("cue:condition", ()) if not is_void(reading, one)]
    marks = marks or headings(reading, 0, len(text))
    if not marks:
        return _subject(reading)
    if reading.phrasebook.behind:
        last = marks[0]
        start = max((text.rfind(mark, 0, last.start) for mark in ",，、;；"), default=-1) + 1
        return start, last.end
    first = marks[0]
    ends = [match.start() for match in re.finditer(r"[,，;:]", text) if match.start() > first.end]
    told = [
        mark.start
        for kind in ("cue:always", "cue:ask")
        for mark in reading.labels.get(kind, ())
        if ends and mark.start > ends[0]
    ]
    if told:
        # The commas before what is to be done part the occasions.
        first_told = min(told)
        comma = max(end for end in ends if end < first_told)
        # What follows an "or" still is an occasion, up to the verb: "bei Rauch, Feuer oder Gas rufst du".
        goes_on = _parting(reading.phrasebook.ors).search(text, comma + 1, first_told)
        ends = [first_told if goes_on else comma]
    ends += [mark.start for mark in reading.labels.get("cue:always", ()) if mark.start > first.end]
    lead = text[: first.start]
    if not told and not any(map(str.isalnum, lead)):
        ends += [mark.start for mark in reading.labels.get("cue:ask", ()) if mark.start > first.end + 8]
    return first.start, min(ends, default=len(text))


def _subject(reading: Marked) -> tuple[int, int]:
    """Find what answers are about in which something is to be done: `every answer about boats ends …`."""
    text = reading.text
    for every in reading.labels.get("cue:every", ()):
        drill = _drill(reading, every)
        if drill:
            return drill.start, drill.end
        if reading.phrasebook.behind:
            before = reading.within("cue:about", 0, every.start)
            if before and every.start - before[-1].end <= BESIDE:
                last = before[-1]
                return max((text.rfind(mark, 0, last.start) for mark in ",，、;；"), default=-1) + 1, last.end
            continue
        for about in reading.within("cue:about", every.end, len(text)):
            if about.start - every.end > BESIDE:
                break
            ends = [match.start() for match in re.finditer(r"[,，;:]", text) if match.start() > about.end]
            ends += [one.start for label in TELLING for one in reading.within(label, about.end, len(text))]
            return about.start, min(ends, default=len(text))
    return 0, 0


def _drill(reading: Marked, every: Mark) -> Mark | None:
    """Find the exercise beside an `every answer` that is one to it."""
    low = every.start - ACROSS if reading.phrasebook.behind else every.end
    some = reading.within(DRILL, max(0, low), len(reading.text))
    return next((one for one in some if one.start - every.end <= BESIDE), None)


def headings(reading: Marked, start: int, end: int) -> list[Mark]:
    """Find what leads an occasion where it comes first: `for a broken parcel ask for a photo`."""
    first = reading.within("cue:for", start, end)[:1]
    if not first or any(map(str.isalnum, reading.text[start : first[0].start])):
        return []
    return first if reading.has(first[0].end, end, "cue:ask", "cue:always") else []


def either(reading: Marked, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a condition of which each is an occasion by itself."""
    low = start
    for match in _parting(reading.phrasebook.ors).finditer(reading.text, start, end):
        yield low, match.start()
        low = match.end()
    yield low, end


@lru_cache(maxsize=64)
def _parting(ors: tuple[str, ...]) -> re.Pattern[str]:
    """Part at commas and words for `or`; between characters a short one parts only what goes on in them."""
    spaced = "|".join(re.escape(one) for one in ors if one[0] < "\u3040")
    glyphs = [
        re.escape(one) + (r"(?=[\u3041-\u9fff])" if len(one) == 1 else "")
        for one in ors
        if one[0] >= "\u3040"
    ]
    return re.compile("|".join([r"[,，、/]", *([rf"\s(?:{spaced})\s"] if spaced else []), *glyphs]))


def names_a_child_alone(reading: Marked, start: int, end: int, occasion: frozenset[str]) -> bool:
    """Tell whether nothing but the child is named: `if a child is speaking`."""
    children = reading.within("@child", start, end)
    places = [place for stem in occasion for place in reading.stems.get(stem, ()) if start <= place[0] < end]
    return all(any(mark.start <= low and high <= mark.end for mark in children) for low, high in places)
