"""Limits that a prompt sets to its answers: how long they are, and what they are dressed in."""

import re
from typing import Any, NamedTuple

from gateway.drift.rule import Format, Length
from gateway.drift.rules.form import emoji
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.rules.words import fold

_NUMBER = re.compile(r"\d{1,4}")
_FORMATS = ("emoji", "lists", "exclamation", "markdown")
_LEAST = 4
"""Words of an answer that a limit leaves at least; a smaller number counts something else."""
_FAR = 24
"""Characters between a number and the words that it counts."""
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
    """Tell whether a denial is part of a limit, as in `no more than`."""
    return any(mark.start <= cue.start and cue.end <= mark.end for mark in reading.labels.get("cue:most", ()))


def length_of(reading: Marked, segment: Segment) -> Length | None:
    """A number of sentences or words at most."""
    found: dict[str, int] = {}
    for kind, name in (
        ("cue:sentences", "max_sentences"),
        ("cue:words", "max_words"),
        ("cue:characters", "max_words"),
    ):
        for unit in reading.within(kind, segment.start, segment.end):
            if kind == "cue:characters" and not reading.phrasebook.glyphs:
                continue
            start, end = max(segment.start, unit.start - 48), min(segment.end, unit.end + 24)
            if any(other.start <= unit.start < unit.end <= other.end for other in _dressings(reading)):
                continue
            comma = max(reading.text.rfind(mark, start, unit.start) for mark in ",，、;(")
            number = _number_before(reading, max(start, comma + 1, unit.start - _FAR), unit.start)
            if kind != "cue:sentences" and number is not None and number[0] < _LEAST:
                continue
            if number is not None and _is_limit(reading, segment, number[1], start, end):
                found[name] = min(number[0], found.get(name, number[0]))
    return Length(**found) if found else None


def _is_limit(reading: Marked, segment: Segment, number: int, start: int, end: int) -> bool:
    """Tell whether a number of sentences is what an answer may have, not what something else has."""
    if reading.has(start, end, "cue:most"):
        return True
    leads = not any(map(str.isalnum, reading.text[segment.start : number]))
    return leads or reading.has(segment.start, segment.end, "cue:speak", "cue:style")


def _number_before(reading: Marked, start: int, end: int) -> tuple[int, int] | None:
    """The last number there and where it stands; of a range, its higher end."""
    text = reading.text
    found = [(match.start(), match.end(), int(match[0])) for match in _NUMBER.finditer(text, start, end)]
    for mark in reading.within("number", start, end):
        value = reading.phrasebook.numbers.get(fold(text[mark.start : mark.end]))
        if value is not None:
            found.append((mark.start, mark.end, value))
    if reading.phrasebook.glyphs:
        found += _glyph_numbers(reading, start, end)
    if not found:
        return None
    found.sort()
    last = found[-1]
    first = found[-2] if len(found) > 1 and last[0] - found[-2][1] < 8 else last
    return max(last[2], first[2] if first[2] < last[2] or first is last else last[2]), first[0]


def _glyph_numbers(reading: Marked, start: int, end: int) -> list[tuple[int, int, int]]:
    numbers = reading.phrasebook.numbers
    return [
        (at, at + len(word), value)
        for word, value in numbers.items()
        for at in range(start, end)
        if reading.text.startswith(word, at) and at + len(word) <= end
    ]


def form_of(reading: Marked, segment: Segment) -> Format | None:
    """Read what an answer may not be dressed in."""
    found: dict[str, Any] = {}
    for name in _FORMATS:
        for mark in reading.within(f"cue:{name}", segment.start, segment.end):
            start = max(segment.start, mark.start - 32, *_breaks(reading, mark.start))
            number = _number_before(reading, start, mark.start)
            if (
                name in ("emoji", "exclamation")
                and number
                and reading.has(start, min(segment.end, mark.end + 24), "cue:most")
            ):
                found[name] = number[0]
            elif is_forbidden(reading, segment, mark.start, mark.end):
                if name == "emoji" and (shown := emoji(reading.text[slice(*segment)])):
                    # A prompt that shows which one to use rules out all others.
                    found[name] = max(1, number[0] if number else len(shown))
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
