"""A prompt bans words in quotation marks and names of others, which are then never to be said."""

from collections.abc import Iterator

from gateway.drift.rules.limits import Segment, is_forbidden
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.names import named
from gateway.drift.rules.segments import occasions_of
from gateway.drift.rules.words import fold
from gateway.drift.sentences import quoted

FAR = 12
"""Characters between a further denial and a name that it adds, in which an article stands."""
NEAR = 4
"""Characters between an `only` and what is said in place of something else."""
LONGEST = 80
"""Characters of a term."""


def terms(reading: Marked, segment: Segment) -> Iterator[str]:
    """Give the words in quotation marks, and the names of others, that are never to be said."""
    told = [
        (low + segment.start, high + segment.start) for low, high in quoted(reading.text[slice(*segment)])
    ]
    if not reading.has(*segment, "act:spoil"):  # What is quoted there is a title.
        yield from _words(reading, segment, told)
    yield from _names(reading, segment, told)


def _words(reading: Marked, segment: Segment, told: list[tuple[int, int]]) -> Iterator[str]:
    """Give what is quoted and banned."""
    text = reading.text
    for start, end in told:
        term = text[start + 1 : end - 1].strip(" .,…")
        is_said = any(map(str.isalnum, term)) and fold(term) not in reading.phrasebook.stop
        if (
            is_said
            and not _stands_in(reading, segment, start)
            and len(term) <= LONGEST
            and (is_forbidden(reading, segment, start, end) or _is_fronted(reading, segment, start, end))
        ):
            yield term


def _names(reading: Marked, segment: Segment, told: list[tuple[int, int]]) -> Iterator[str]:
    """Give the names of others outside of what is quoted."""
    text = reading.text
    # Of whom nothing bad is to be said may well be named.
    occasions = occasions_of(reading, segment)

    def tells(*labels: str) -> bool:
        """Tell whether the segment has one of these, outside of what only says when."""
        marks = (mark for label in labels for mark in reading.within(label, *segment))
        return any(not any(low <= mark.start < high for low, high in occasions) for mark in marks)

    is_named = tells("act:name", "act:compare") and not reading.has(*segment, "@slander")
    is_denied = tells("cue:never", "cue:behind")
    is_about = is_named or tells("act:mention", "act:others", "act:compare", "cue:behind")
    for start, end, terms in named(reading, segment.start, segment.end):
        if any(low <= start < high for low, high in told):
            continue
        # In brackets stand examples of what the sentence is about, whatever its verb.
        is_example = (
            text[end - 1] in ")）" or _is_led(reading, segment, start) or _is_one_of(reading, segment, start)
        )
        if not is_named and (not is_example or any(map(str.isdigit, text[start:end]))):
            continue
        if not is_about and not reading.has(segment.start, start, "cue:never"):
            # "The Turret (Room Seven) has no lift" denies something else behind it.
            continue
        before = [low for low, high in occasions if low < start and high <= start]
        if (not before and is_forbidden(reading, segment, start, end)) or is_denied:
            yield from terms


def _stands_in(reading: Marked, segment: Segment, start: int) -> bool:
    """Tell whether it is said in place of what is denied: `never his name, only 'that man'`.

    So is an exception: `nothing of today save the hours, 'chalked on the slate'`.
    """
    denied = reading.within("cue:never", segment.start, start)
    if denied and reading.has(denied[-1].end, start, "cue:except"):
        return True
    only = [mark for mark in reading.within("cue:only", segment.start, start) if start - mark.end <= NEAR]
    return bool(only) and reading.text[: only[-1].start].rstrip()[-1:] in (",", ";", ":")


def _is_fronted(reading: Marked, segment: Segment, start: int, end: int) -> bool:
    """Tell whether it is what a sentence begins with that says nothing of it: `Про «Мыс» ни слова`."""
    about = reading.within("cue:about", segment.start, start)
    if not about or any(map(str.isalnum, reading.text[segment.start : about[0].start])):
        return False
    return reading.has(end, segment.end, "cue:never") and reading.has(*segment, "act:mention", "act:name")


def _is_one_of(reading: Marked, segment: Segment, start: int) -> bool:
    """Tell whether a further denial adds a name to others: `speak of no other lines, nor of Bluequill`."""
    before = reading.within("cue:nor", segment.start, start)
    if not before or start - before[-1].end > FAR:
        return False
    # "Nor give Mrs Potts a key" has a verb of its own.
    if any(one.label == "act:give" for one in reading.all_within(before[-1].end, start)):
        return False
    return reading.has(segment.start, before[0].start, "act:others") and reading.has(*segment, "act:mention")


def _is_led(reading: Marked, segment: Segment, start: int) -> bool:
    """Tell whether names are examples of others, of whom it speaks: `other books like Captain Plum`."""
    leads = reading.within("name:leads", segment.start, start)
    return bool(leads) and reading.has(segment.start, leads[-1].start, "act:others")
