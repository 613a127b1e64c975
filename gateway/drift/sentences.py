"""A text is cut into sentences at its full stops, but for those of abbreviations and numbers."""

import re
from itertools import accumulate
from typing import NamedTuple

from gateway.drift.scripts import UPPER

_STOPS = ".!?\n…。！？｡"
"""The end of a sentence begins with one of these."""
_END = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s|$)|[。！？｡]+[」』）”]*|\n+")
_NUMBERED = re.compile(rf"[{UPPER}][^\W\d_]+\s+$")
_ABBREVIATED = 16
"""Letters before a full stop that are looked at."""
_OPENING = "\"'“„«»「『‘"
_QUOTATION = re.compile(
    r"“[^“”\n]*”|„[^“”„\n]*[“”]|«[^«»\n]*»|»[^«»\n]*«|「[^「」\n]*」|『[^『』\n]*』|(?<!\w)\"[^\"\n]+\"(?!\w)"
    r"|(?<!\w)'[^'\n]{4,}'(?!\w)|(?<!\w)‘[^‘’\n]{4,}’(?!\w)"
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`|https?://\S+|\S+@\S+\.\w+", re.DOTALL)


class Stops(NamedTuple):
    """Full stops of a language that end no sentence."""

    abbreviations: frozenset[str]
    ordinals: bool
    """A number with a full stop counts something."""


class Sentence(NamedTuple):
    """A sentence; its end is behind its stop."""

    start: int
    end: int
    stop: str
    """It ends with this: a full stop, a question mark, nothing at all."""

    @property
    def asks(self) -> bool:
        return "?" in self.stop or "？" in self.stop or "؟" in self.stop


_sentence = tuple.__new__
"""Quicker than the class itself, which is what cutting a text spends its time with."""


def parts(text: str, signs: str) -> list[str]:
    """Cut a text at each of these signs, which is several times as quick as by a pattern."""
    for sign in signs[1:]:
        if sign in text:
            text = text.replace(sign, signs[0])
    return text.split(signs[0])


def where(text: str, signs: str) -> list[int]:
    """Find where one of these signs stands."""
    ends = accumulate(map(len, parts(text, signs)[:-1]))
    return [end + before for before, end in enumerate(ends)]


def split(text: str, stops: Stops) -> list[Sentence]:
    """Give the sentences of a text; what has neither letter nor digit is none."""
    found: list[Sentence] = []
    start = past = 0
    for at in where(text, _STOPS):
        if at < past:
            continue
        if text[at : at + 2] == ". ":
            # So most sentences end, and no pattern has to tell.
            past, stop = at + 1, "."
        elif match := _END.match(text, at):
            past, stop = match.end(), match[0]
        else:
            continue
        if (
            stop[0] == "."
            and (stop == "." or len(stop.rstrip("\"'”’»)]*_")) == 1)
            and _goes_on(stops, text, start, at, past)
        ):
            continue
        _add(found, text, start, past, stop.strip() or "\n")
        start = past
    _add(found, text, start, len(text), "")
    return found


def _add(found: list[Sentence], text: str, start: int, end: int, stop: str) -> None:
    while start < end and text[start].isspace():
        start += 1
    if start < end and (text[start].isalnum() or any(map(str.isalnum, text[start:end]))):
        found.append(_sentence(Sentence, (start, end, stop)))


def _goes_on(stops: Stops, text: str, start: int, end: int, past: int) -> bool:
    """Tell whether a full stop from `end` on belongs to an abbreviation, an initial or an ordinal number."""
    behind = text[past : past + 2].strip()
    if behind[:1].islower():
        return True
    first = end - _ABBREVIATED if end - _ABBREVIATED > start else start
    blank = text.rfind(" ", first, end)
    at = blank + 1 if blank >= first else first
    word = text[at:end]
    if word.isalpha() and len(word) > 1:
        return word.lower() in stops.abbreviations
    if not word.isalnum():
        at = end
        while at > first and text[at - 1].isalnum():
            at -= 1
        if at == end:
            return False
        word = text[at:end]
    if word.isdigit():
        # `am 2. April` goes on, `in Saal 2. Dort` does not: a number behind a noun counts nothing.
        noun = _NUMBERED.search(text, start, at)
        return (
            stops.ordinals
            and len(word) < 3
            and behind[:1].isalpha()
            and (noun is None or noun.start() == start)
            and not text[start:at].rstrip()[-1:].isdigit()
        )
    if len(word) == 1 and word.isupper():
        return True
    return word.lower() in stops.abbreviations


def quotations(text: str) -> list[tuple[int, int]]:
    """Find what stands in quotation marks, within one line and one behind the other."""
    found: list[tuple[int, int]] = []
    past = 0
    for at in where(text, _OPENING):
        if at >= past and (match := _QUOTATION.match(text, at)):
            past = match.end()
            found.append((at, past))
    return found


def quoted(text: str) -> list[tuple[int, int]]:
    """Find quotations and code; not what is most of the text, which then is how it is written."""
    most = 0.6 * len(text.strip())
    found = [(start, end) for start, end in quotations(text) if end - start < most]
    if "`" in text or "@" in text or "//" in text:
        found += [match.span() for match in _CODE.finditer(text)]
    return found
