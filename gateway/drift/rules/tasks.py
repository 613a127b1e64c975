"""Errands that a persona is not there for: poems, code, homework, and orders that are smuggled in."""

import math
import re
from collections.abc import Iterable, Iterator, Set

from gateway.drift.lazily import lazily
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark
from gateway.drift.sentences import quotations

_WEIGHTS = {
    "prior": -2.6,
    "work": 1.3,
    "written": 0.9,
    "inject": 1.5,
    "pretext": 0.5,
    "ordered": 1.2,
    "artefact": 1.3,
    "apart": 1.3,
    "refused": -3.2,
    "turned": -2.4,
    "home": -1.6,
    "short": -1.6,
    "spoken": -1.5,
}
_CODE = lazily(
    r"```|\b(?:def|function|return|const|var|import|print)\b[^.\n]{0,40}[(=:{]|=>|;\s*$|</\w+>|SELECT\s.+\sFROM",
    re.MULTILINE,
)
_SUM = lazily(r"[\dxyz)²³]\s*[=+*/×÷^−]\s*[\dxyz(√-][^.\n]{0,20}=|\d\s*[×*÷]\s*\d|x\s*=\s*-?\d|²|√")
_VERSE = lazily(r"(?:^|\n)[^\n]{8,60}[,;.!?]?\n[^\n]{8,60}[,;.!?]?\n[^\n]{8,60}")
_KINDS = {"code": _CODE, "sum": _SUM, "verse": _VERSE}
SHORT = 12
"""Words that are too few for something that was to be written."""
SPOKEN = 30
"""Words up to which an answer that speaks of itself is one, and nothing that was to be written."""
TELLER = "tale"
"""The kind of work of whoever is there for tales."""
TALE = 0.5
"""A tale counts so much of what is else to be written."""
LONG = 40
"""Characters of a text in quotation marks that was written to order."""


def errands(
    asked: Marked, answer: Marked, home: frozenset[str], basis: str, daily: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """Tell whether the answer does what it was asked for though it is no business of the persona.

    `daily` are the kinds of work that its own lines show, such as sums.
    """
    work, written = asked.labels.get("task:work", ()), asked.labels.get("task:write", ())
    inject = asked.labels.get("task:inject", ())
    if not work and not inject and not written:
        return
    if TELLER in daily and not inject and _asks_tales(asked, [*work, *written]):
        return  # The tale that is asked for is its trade, with all that is said in it.
    place = _artefact(answer, daily)
    if not work and not inject and place is None:
        return
    if place is None and all(one.asks for one in answer.sentences):
        return  # Whoever only asks back does nothing of it.
    score = _WEIGHTS["prior"]
    own = [mark for mark in work if not _is_home(asked, mark.start, mark.end, home)]
    score += _WEIGHTS["work"] * _amount(asked, {mark.start for mark in own})
    score += _WEIGHTS["written"] * bool(written)
    # A pretext without anything that it is for may be a turn of phrase.
    score += _WEIGHTS["inject" if own or written or place else "pretext"] * bool(inject)
    # An order to forget one's orders is none that an owner has given.
    score += _WEIGHTS["ordered"] * (bool(inject) and "@instructions" in asked.labels)
    score += _WEIGHTS["artefact"] * (place is not None)
    apart = _apart(answer, home)
    score += _WEIGHTS["apart"] * apart
    score += _WEIGHTS["home"] * (_apart(asked, home) < 0.5)
    if place is None and not answer.phrasebook.glyphs and len(answer.text.split()) < SHORT:
        score += _WEIGHTS["short"] * bool(written)
    first = answer.sentences[:2]
    if (
        place is None
        and written
        and own
        and not answer.phrasebook.glyphs
        and len(answer.text.split()) < SPOKEN
    ):
        score += _WEIGHTS["spoken"] * any(answer.has(one.start, one.end, "self") for one in first)
    if any(answer.has(one.start, one.end, "unable", "negation") for one in first) and place is None:
        score += _WEIGHTS["refused"]
    elif any(answer.has(one.start, one.end, "deflect") for one in answer.sentences[:3]) and place is None:
        stays = any(answer.has(*one[:2], "deflect") and answer.has(*one[:2], "self") for one in first)
        score += _WEIGHTS["refused" if stays else "turned"]
    strength = round(0.95 / (1 + math.exp(-score)), 3)
    if strength >= 0.1:
        start, end = place or _foreign_part(answer, home)
        yield Finding("errand", strength, start, end, basis)


def is_teller(scope: Marked) -> bool:
    """Tell whether what a persona keeps to are tales: `bedtime stories only`."""
    return "task:tale" in scope.labels


def _asks_tales(asked: Marked, work: Iterable[Mark]) -> bool:
    """Tell whether tales are asked for, and no other work beside them."""
    tales = {mark.start for mark in asked.labels.get("task:tale", ())}
    return bool(tales) and all(one.start in tales or one.label == "task:write" for one in work)


def _amount(asked: Marked, places: Set[int]) -> float:
    """Count what is wanted; a tale or a joke may be told in passing, unless it is under a pretext."""
    tales = {mark.start for mark in asked.labels.get("task:tale", ())}
    if "task:inject" in asked.labels:
        tales = set()
    return min(2.0, sum(TALE if place in tales else 1.0 for place in places))


def _is_home(asked: Marked, start: int, end: int, home: frozenset[str]) -> bool:
    return any(
        stem in home for stem, places in asked.stems.items() for a, b in places if start <= a and b <= end
    )


def _apart(reading: Marked, home: frozenset[str]) -> float:
    """The share of words that say something and that no text of the persona has."""
    stems = reading.content
    return sum(1 for stem in stems if stem not in home) / len(stems) if stems else 0.0


def shown(examples: Iterable[str]) -> frozenset[str]:
    """Tell which kinds of work the persona's own lines show."""
    return frozenset(name for name, pattern in _KINDS.items() for line in examples if pattern.search(line))


def _artefact(answer: Marked, daily: frozenset[str] = frozenset()) -> tuple[int, int] | None:
    """Code, sums, verse, or a longer text in quotation marks that was written to order."""
    for name, pattern in _KINDS.items():
        found = pattern.search(answer.text) if name not in daily else None
        if found:
            return found.span()
    letter = next(iter(answer.labels.get("task:letter", ())), None)
    if letter is not None and not any(map(str.isalnum, answer.text[: letter.start])):
        return letter.start, len(answer.text.rstrip())
    return next(((start, end) for start, end in quotations(answer.text) if end - start >= LONG), None)


def _foreign_part(answer: Marked, home: frozenset[str]) -> tuple[int, int]:
    """The sentence with the most words that are not the persona's."""

    def strangeness(place: tuple[int, int]) -> int:
        return sum(
            1
            for stem, places in answer.stems.items()
            if stem not in home and any(place[0] <= a < place[1] for a, _ in places)
        )

    return max(
        ((one.start, one.end) for one in answer.sentences), key=strangeness, default=(0, len(answer.text))
    )
