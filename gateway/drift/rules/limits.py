"""Limits that a prompt sets to its answers: how long they are, and what they are dressed in."""

from typing import Any, NamedTuple

from gateway.drift.rule import Format, Length
from gateway.drift.rules.form import emoji
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.quantity import Number, number_before

CHARACTERS = "cue:characters"
_FORMATS = ("emoji", "lists", "exclamation", "markdown")
_LEAST = 4
"""Words of an answer that a limit leaves at least; a smaller number counts something else."""
_FAR = 24
"""Characters between a number and the words that it counts."""
_GRATIS = ("@free", "@waive")
"""These say that something costs nothing, and deny something only by their words."""
_LED = 4
"""Letters of a word that may lead a range."""
_BESIDE, _SOON = 4, 14
"""Characters between a number and a word that says at least, or between a limit and the number it sets."""
_OTHER = 12
"""Characters between a denial and a further one of what is denied: `no other emoji`."""


class Segment(NamedTuple):
    """A part of a sentence that may be a rule of its own."""

    start: int
    end: int


def is_forbidden(reading: Marked, segment: Segment, at: int, end: int) -> bool:
    """Tell whether what stands there is ruled out, by a cue before it or, in some languages, behind it."""
    before = [mark for mark in reading.within("cue:never", segment.start, at) if not is_most(reading, mark)]
    before += reading.within("cue:without", segment.start, at)
    if reading.within("cue:without", at, end):
        return True  # The word itself says that there is none: `listesiz`.
    if before and not reading.phrasebook.behind:
        return not _is_wanted(reading, max(mark.end for mark in before), at)
    behind = [mark for mark in reading.within("cue:behind", end, segment.end) if not is_most(reading, mark)]
    if behind and reading.phrasebook.behind:
        return not _is_told(reading, end, behind[0].start)
    return bool(behind)


def _is_wanted(reading: Marked, denied: int, at: int) -> bool:
    """Tell whether what is to be done begins between a denial and a place: `no lists, end with one emoji`."""
    told = (mark.start for label in ("act:end", "cue:every") for mark in reading.within(label, denied, at))
    return any(
        not reading.text[denied:start].isspace() and any(sign in reading.text[denied:start] for sign in ",;")
        for start in told
    )


def _is_told(reading: Marked, end: int, denied: int) -> bool:
    """Tell whether it is what is to be said, and something behind a comma is denied: 「…」とだけ答え、"""
    pause = next((at for at in range(end, denied) if reading.text[at] in ",，、;；"), -1)
    if pause < 0:
        return False
    said = (*reading.within("cue:speak", end, pause + 1), *reading.within("cue:ask", end, pause + 1))
    return any(mark.start - end <= _OTHER and mark.end >= pause - 1 for mark in said)


def is_most(reading: Marked, cue: Mark) -> bool:
    """Tell whether a denial is part of a limit, as in `no more than`, or of words that deny nothing."""
    return is_void(reading, cue) or _is_inside(reading, cue, "cue:most")


def is_void(reading: Marked, cue: Mark) -> bool:
    """Tell whether a cue is part of words that order nothing: `not only`, `costs nothing`, `as always`."""
    return _is_inside(reading, cue, "cue:void") or any(
        mark.end - mark.start > cue.end - cue.start
        for label in _GRATIS
        for mark in reading.labels.get(label, ())
        if mark.start <= cue.start and cue.end <= mark.end
    )


def _is_inside(reading: Marked, cue: Mark, label: str) -> bool:
    """Tell whether a cue is part of such words in its sentence; "you do not. Only …" is no `not only`."""
    return any(
        mark.start <= cue.start
        and cue.end <= mark.end
        and not any(sign in reading.text[mark.start : mark.end] for sign in ".!?;:\n")
        for mark in reading.labels.get(label, ())
    )


def length_of(reading: Marked, segment: Segment) -> Length | None:
    """A number of sentences or words at most."""
    found: dict[str, int] = {}
    for kind, name in (
        ("cue:sentences", "max_sentences"),
        ("cue:words", "max_words"),
        (CHARACTERS, "max_words"),
    ):
        for unit in reading.within(kind, segment.start, segment.end):
            if kind == CHARACTERS and not reading.phrasebook.glyphs:
                continue
            if any(
                one.start <= unit.start < unit.end < one.end for one in reading.labels.get(CHARACTERS, ())
            ):
                continue  # 文字 are letters, and 文 sentences.
            start, end = max(segment.start, unit.start - 48), min(segment.end, unit.end + 24)
            if any(other.start <= unit.start < unit.end <= other.end for other in _dressings(reading)):
                continue
            comma = max(reading.text.rfind(mark, start, unit.start) for mark in ",，、;(")
            number = number_before(reading, max(start, comma + 1, unit.start - _FAR), unit.start)
            if kind != "cue:sentences" and number is not None and number.value < _LEAST:
                continue
            if number is None or _is_least(reading, number, unit) or _is_sometimes(reading, segment, unit):
                continue
            if _is_limit(reading, segment, number, start, unit.end, end):
                most = max(number.value, _at_times(reading, segment, unit))
                found[name] = min(most, found.get(name, most))
    return Length(**found) if found else None


def _is_least(reading: Marked, number: Number, unit: Mark) -> bool:
    """Tell whether so many are the fewest: `from two sentences up to about 120 words`."""
    if number.is_range:
        return False
    least = reading.labels.get("cue:least", ())
    return any(
        0 <= number.start - mark.end <= _BESIDE or 0 <= mark.start - unit.end <= _BESIDE for mark in least
    )


def _is_sometimes(reading: Marked, segment: Segment, unit: Mark) -> bool:
    """Tell whether a limit is one for some answers only: `if they say goodbye, one sentence will do`."""
    text, around = reading.text, reading.sentence(unit.start)
    start, end = max(segment.start, around.start), min(segment.end, around.end)
    for mark in reading.within("cue:condition", start, unit.start):
        # Between letters that are not parted what says when ends with its cue, and there a pause follows.
        opens = reading.phrasebook.behind or reading.phrasebook.glyphs
        if not opens and any(map(str.isalnum, text[start : mark.start])):
            continue
        pause = min(
            (at for sign in ",，、" if (at := text.find(sign, mark.end, unit.start)) >= 0), default=-1
        )
        if pause >= 0 and not reading.has(start, pause, "cue:every", "cue:speak"):
            return True
    # "At most eight when …, else four" tells both, and the greater one holds for all.
    near = min(end, reading.clause(unit.start)[1], unit.end + _FAR)
    return reading.has(unit.end, near, "condition") and not _at_times(reading, segment, unit)


def _at_times(reading: Marked, segment: Segment, unit: Mark) -> int:
    """Give the higher number that holds at times: `four sentences, up to eight when you tell a story`."""
    found = 0
    for mark in reading.within("cue:most", unit.end, segment.end):
        last = min(segment.end, mark.end + _SOON)
        number = number_before(reading, mark.end, last)
        if number is None:
            continue
        pause = min(
            (at for sign in ",;.，。；" if (at := reading.text.find(sign, mark.end)) >= 0), default=last
        )
        behind = reading.within("cue:condition", number.start, min(segment.end, pause + _SOON))
        counts = reading.has(number.start, pause, "cue:sentences", "cue:words", CHARACTERS)
        if behind and behind[0].start - number.start <= _FAR and not counts:
            found = max(found, number.value)
    return found


def _is_limit(reading: Marked, segment: Segment, number: Number, start: int, unit: int, end: int) -> bool:
    """Tell whether a number of sentences is what an answer may have, not what something else has."""
    if reading.has(start, unit, "cue:most"):
        return True
    for mark in reading.within("cue:most", unit, end):
        # What follows with a number of its own limits that: "two sentences, up to 120 words".
        if number_before(reading, mark.end, min(segment.end, mark.end + _SOON)) is None:
            return True
    lead = sum(map(str.isalnum, reading.text[segment.start : number.start]))
    leads = lead <= _LED * number.is_range  # "Da una a quattro frasi" is led by a word that says from where.
    return leads or reading.has(segment.start, segment.end, "cue:speak", "cue:style")


def form_of(reading: Marked, segment: Segment) -> Format | None:
    """Read what an answer may not be dressed in."""
    found: dict[str, Any] = {}
    for name in _FORMATS:
        for mark in reading.within(f"cue:{name}", segment.start, segment.end):
            start = max(segment.start, mark.start - 32, *_breaks(reading, mark.start))
            number = number_before(reading, start, mark.start)
            if (
                name in ("emoji", "exclamation")
                and number
                and reading.has(start, min(segment.end, mark.end + 24), "cue:most")
            ):
                found[name] = number.value
            elif is_forbidden(reading, segment, mark.start, mark.end):
                if name == "emoji" and (shown := emoji(reading.text[slice(*segment)])):
                    # A prompt that shows which one to use rules out all others.
                    found[name] = max(1, number.value if number else len(shown))
                else:
                    found[name] = False
    return Format(**found) if found else None


def _breaks(reading: Marked, end: int) -> list[int]:
    """Places before which a number belongs to something else: behind commas, units and denials."""
    text = reading.text
    found = [text.rfind(mark, 0, end) + 1 for mark in ",，、;；.。"]
    for label in ("cue:sentences", "cue:words", "cue:never", "cue:without", "cue:nor"):
        found += [
            mark.end
            for mark in reading.labels.get(label, ())
            if mark.end <= end and not is_most(reading, mark)
        ]
    return found


def _dressings(reading: Marked) -> list[Mark]:
    return [mark for name in _FORMATS for mark in reading.labels.get(f"cue:{name}", ())]
