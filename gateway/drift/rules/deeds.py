"""Sentences of a prompt say what is forbidden, cannot be done, or has to be done; here they become rules."""

from gateway.drift.rule import TEXT, Rule
from gateway.drift.rules.beyond import is_beyond, is_cue
from gateway.drift.rules.claims import DEEDS
from gateway.drift.rules.limits import Segment, form_of, is_most, is_void
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.occasions import headings
from gateway.drift.rules.only import (
    excepted,
    is_answer,
    is_heading,
    is_said_elsewhere,
    is_short,
    names_who,
    says_only,
    speaks_of,
    tells_unit,
)
from gateway.drift.rules.segments import occasions_of

NEAR, FAR = 4, 18
"""Characters between a verb and a denial that is not the verb's: behind what says when, and anywhere."""
PARTED = 8
"""Characters between a comma and a denial in which a joint of the two stands."""
_LEADS = ("cue:condition", "cue:never", "cue:behind")
"""Labels of what a ban may not be parted from."""
_MANNERS = ("cue:style", "cue:manner", "cue:speak", "cue:lead")
"""Labels of what says how the persona speaks."""


def deed(reading: Marked, segment: Segment) -> Rule | None:
    """Read what is forbidden, cannot be done, or has to be done."""
    start, end = segment
    text, says = _plain(reading, segment), reading.phrasebook.says
    if is_answer(reading, segment):
        return Rule(must=text)
    if is_beyond(reading, segment):
        return Rule(must_not=says.get("claim", "{}").format(text))
    occasions = occasions_of(reading, segment)
    never = [
        mark.start
        for mark in reading.within("cue:never", start, end)
        if not is_most(reading, mark) and not any(low <= mark.start < high for low, high in occasions)
    ]
    behind = _denies_behind(reading, segment)
    if says_only(reading, segment) and tells_unit(reading, segment):
        return None
    if says_only(reading, segment) and names_who(reading, segment):
        is_deed = any(one.label in DEEDS for one in reading.all_within(start, end))
        return Rule(must_not=says.get("claim", "{}").format(text)) if is_deed else None
    if says_only(reading, segment) and _is_scope(reading, segment, text):
        if (until := excepted(reading, segment, never)) > start:
            return Rule(must_not=_plain(reading, Segment(start, until)))
        is_scope = not is_said_elsewhere(reading, segment)
        return Rule(must_not=says.get("scope", "{}").format(text)) if is_scope else None
    # "Whenever you are asked" does not say who the persona is.
    leads = [] if reading.has(start, end, "cue:every") else reading.within("cue:lead", start, end)
    if not never and any(not any(low <= one.start < high for low, high in occasions) for one in leads):
        return None
    if behind and _asks_last(reading, start, end):
        return Rule(must=text)
    denied = never or [mark.start for mark in reading.within("cue:behind", start, end)]
    if (behind or never) and not _tells_first(reading, start, end, denied):
        if _is_fact(reading, start, end):
            return None
        since = _since(reading, segment, never)
        if since > start and _is_dressing(reading, Segment(since, end)):
            return None
        return Rule(must_not=text if since == start else _plain(reading, Segment(since, end)))
    always = [one for one in reading.within("cue:always", start, end) if not is_void(reading, one)]
    return Rule(must=text) if always or _is_asked(reading, segment) else None


def _is_scope(reading: Marked, segment: Segment, text: str) -> bool:
    """Tell whether an `only` says what the persona speaks of or helps with, and not how things are."""
    if reading.has(*segment, "cue:whole"):
        return True
    if reading.phrasebook.glyphs:
        return False
    return speaks_of(reading, segment) or (is_short(text) and is_heading(reading, segment))


def _plain(reading: Marked, segment: Segment) -> str:
    """Give the words of a part, without what parts it from others."""
    text = " ".join(reading.text[slice(*segment)].split())
    return text.strip(" ,;:.、，。；").removeprefix("- ")[:TEXT]


def _has_letters(reading: Marked, start: int, end: int) -> bool:
    return any(map(str.isalnum, reading.text[start:end]))


def _is_asked(reading: Marked, segment: Segment) -> bool:
    """Tell whether something is to be done on an occasion; `it is taken off if you begin` only says when."""
    start, end = segment
    occasions = reading.within("cue:condition", start, end)
    # "Once it is begun, 20 euros are taken off" says when, and not that something is to be begun.
    spans = {one[:2] for one in occasions} if reading.has(start, end, "currency") else ()
    told = [
        one
        for one in reading.within("cue:ask", start, end)
        if not is_void(reading, one) and one[:2] not in spans
    ]
    if not told or not occasions:
        return bool(told and headings(reading, start, end))
    if headings(reading, start, end):
        return True
    if reading.phrasebook.behind or reading.phrasebook.glyphs:
        return True
    first = occasions[0]
    if not _has_letters(reading, start, first.start):
        return True
    high = reading.clause(first.start)[1]
    return any(one.start < first.start or one.start >= high for one in told)


def _since(reading: Marked, segment: Segment, never: list[int]) -> int:
    """Find where a ban begins behind how the persona speaks: `formal, dry, never a contraction`."""
    start, end = segment
    told = _behind_figures(reading, segment)
    if told > start or not never or reading.phrasebook.behind or reading.phrasebook.glyphs:
        return told
    comma = reading.text.rfind(",", start, never[0])
    joint = [one.start for one in reading.within("cue:and", start, never[0]) if never[0] - one.end <= PARTED]
    cut = joint[-1] if joint and comma < joint[-1] else comma + 1
    is_near = comma >= 0 and not reading.words_within(comma, never[0])
    if not (is_near or joint) or cut <= start:
        return start
    if any(
        not _has_letters(reading, start, one.start) for one in reading.within("cue:condition", start, cut)
    ):
        return start
    manners = any(one.label.startswith(_MANNERS) for one in reading.all_within(start, cut))
    own = [one for one in reading.words_within(never[0], end) if not is_cue(reading, one)]
    return cut if manners and own else start


def _is_dressing(reading: Marked, segment: Segment) -> bool:
    """Tell whether a ban says no more than what answers are not dressed in, which is a rule of its own."""
    own = [one for one in reading.words_within(*segment) if not is_cue(reading, one)]
    return len(own) <= 1 and form_of(reading, segment) is not None


def _behind_figures(reading: Marked, segment: Segment) -> int:
    """Find where a ban begins behind a fact with a figure: `he comes within 3 days, name no earlier hour`."""
    start, end = segment
    cues = [*reading.within("cue:never", start, end), *reading.within("cue:behind", start, end)]
    if not cues:
        return start
    cut = max(reading.text.rfind(sign, start, max(cues).start) for sign in ",，、") + 1
    has_figure = any(map(str.isdigit, reading.text[start:cut])) or reading.has(
        start, max(start, cut), "number"
    )
    if cut <= start or not has_figure:
        return start
    if not any(one.label.startswith("act:") for one in reading.all_within(cut, end)):
        return start
    before = [one for one in reading.all_within(start, cut) if one.label in _LEADS]
    if not all(is_void(reading, one) for one in before):
        return start
    own = [one for one in reading.words_within(cut, end) if not is_cue(reading, one)]
    return cut if own or reading.phrasebook.glyphs else start


def _denies_behind(reading: Marked, segment: Segment) -> bool:
    """Tell whether it is denied at its end; `when a card is away` only says when."""
    occasions = occasions_of(reading, segment)
    behind = [
        mark
        for mark in reading.within("cue:behind", *segment)
        if not is_void(reading, mark) and not any(low <= mark.start < high for low, high in occasions)
    ]
    if reading.phrasebook.behind:
        return bool(behind)
    denied = {mark.start for mark in reading.within("cue:never", *segment)}
    return any(
        mark.start in denied or not reading.has(reading.clause(mark.start)[0], mark.start, "cue:condition")
        for mark in behind
        # "More not" is a limit, and "not over others" a ban.
        if not is_void(reading, mark)
        and not any(
            one.start < mark.start and one.end == mark.end for one in reading.labels.get("cue:most", ())
        )
    )


def _is_fact(reading: Marked, start: int, end: int) -> bool:
    """Tell whether it says how things are here, of nothing that one might do: `we don't do leather`."""
    told = {mark.label for mark in reading.all_within(start, end)}
    return "self" in told and not any(label.startswith(("act:", "@")) for label in told)


def _tells_first(reading: Marked, start: int, end: int, never: list[int]) -> bool:
    """Tell whether what is to be done comes first, and the denial belongs to what is to be said."""
    if reading.phrasebook.behind or not never:
        return False
    if any(mark.start < never[0] for mark in reading.within("cue:always", start, end)):
        return True
    told = [mark.end for mark in reading.within("cue:ask", start, end)]
    if not reading.has(start, never[0], "cue:condition"):
        return False
    # What is to be said may follow behind a comma: "warn them, that we do not…".
    since = reading.text.find(",", reading.within("cue:condition", start, never[0])[0].end)
    return any(
        never[0] - at > FAR
        or (0 <= since < at and ("," in reading.text[at : never[0]] or never[0] - at > NEAR))
        for at in told
        if at < never[0]
    )


def _asks_last(reading: Marked, start: int, end: int) -> bool:
    """Tell whether what is to be said on an occasion comes last, where verbs do."""
    if not reading.phrasebook.behind or not reading.has(start, end, "cue:condition"):
        return False
    denied = max(mark.end for mark in reading.within("cue:behind", start, end))
    return any(mark.start >= denied for mark in reading.within("cue:ask", start, end))
