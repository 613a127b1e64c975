"""A break is a place where an answer says itself that a model and not the persona speaks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

import msgspec

from gateway.drift.breaks.patterns import Patterns, Wordings
from gateway.drift.glance import SERVED
from gateway.drift.phrases import Phrases
from gateway.drift.sentences import quotations
from gateway.drift.text import Stretch, Text
from gateway.drift.wordings import Pattern

EFFORT, MATCHES, MATCHES_OF_ONE = 2500, 24, 6
"""Characters tried, of all languages together; matches looked into, of all patterns and of one."""
_SERVED, _SERVED_OFTEN = 0.6, 0.8
"""The strength of two phrases of service, and of more."""
_SERVED_BY_CHANCE = 350
"""Characters in which one such phrase is chance: whoever talks at length comes upon one."""
_SERVED_ONCE, _UNLIKE = 0.55, -3.0
"""The strength of a single one, and the log odds for an assistant's manner from which on it counts."""

STOP = re.compile(r"[.!?。！？؟।\n]")
CLAUSE = re.compile(r"[.!?;,，、;；:：。！？؟।،\n—–]")
_REPORTED = re.compile(r"[^\W\d_][^.!?。！？\n]*[:：]\s*[\"'“„«‘「『]?\s*$")
_LEADS = re.compile(r"[^.!?\n]{0,80}(?:[:\n\"“«„]|$)")
_IDENTITY = frozenset({"ai-disclosure", "no-person", "no-feelings", "training", "no-access"})


class Break(msgspec.Struct, frozen=True):
    """One place where the answer steps out of its persona."""

    name: str
    start: int
    end: int
    strength: float


class Guards(msgspec.Struct, frozen=True):
    """The things that a persona may say of itself without stepping out."""

    machine: bool = False
    """It is an AI, a robot or the like by its own description."""
    model: bool = False
    """It is a language model or an assistant by its own description: only a foreign vendor is a break."""
    named: str = ""
    """Its own texts in lower case: vendors and models named there are its own."""
    is_virtual: bool = False
    """Its prompt calls it a virtual, digital or automatic assistant, which it may then say that it is."""
    no_person: bool = False
    """It is no person by its own description, automatic or virtual, and may say that nobody is there."""


def breaks(answer: Text, guards: Guards, patterns: Patterns) -> tuple[Break, ...]:
    """Find the places where the answer steps out of the persona, in order."""
    effort = EFFORT // len(answer.ends)
    return tuple(found for end in answer.ends for found in _looked_for(end, guards, patterns, effort))


class Service(NamedTuple):
    """Phrases of an assistant that serves anybody."""

    phrases: Phrases
    own: frozenset[str]
    """The persona's examples say these, too."""


def served(answer: Text, service: Service, assistant: float) -> tuple[Break, ...]:
    """Find the phrases of an assistant that serves anybody.

    A single one is chance where the log odds for an assistant say that the turn is in the persona's manner.
    """
    found = [
        (end.offset + at, end.offset + at + len(phrase))
        for end in answer.ends
        if end.notes & SERVED
        for lower in (end.lower.replace("’", "'"),)
        for phrase in service.phrases.likely(end)
        if (at := lower.find(phrase)) >= 0 and phrase not in service.own
    ]
    found.sort()
    apart = [one for before, one in pairwise([(0, 0), *found]) if one[0] >= before[1]]
    number = len(apart) - len(answer) // _SERVED_BY_CHANCE
    if number < 1 or (number == 1 and assistant < _UNLIKE):
        return ()
    sure = (_SERVED_ONCE, _SERVED, _SERVED_OFTEN)[min(number, 3) - 1]
    return tuple(Break("assistant-phrase", start, stop, sure) for start, stop in apart[:MATCHES_OF_ONE])


def strength(breaks: Sequence[Break]) -> float:
    """Weigh the breaks together: weak ones add up, each kind counted once."""
    if not breaks:
        return 0.0
    left = 1.0
    by_name: dict[str, float] = {}
    for found in breaks:
        by_name[found.name] = max(found.strength, by_name.get(found.name, 0.0))
    for one in by_name.values():
        left *= 1 - one
    return round(1 - left, 4)


def _looked_for(stretch: Stretch, guards: Guards, patterns: Patterns, effort: int) -> Iterator[Break]:
    likely = patterns.spoken(stretch)
    if not likely:
        return
    found = islice(_found(stretch, likely, patterns, effort), MATCHES)
    kept = (each for each in found if each and not _allowed(each, stretch.text, guards, patterns))
    for each in _distinct(kept):
        start, end = each.start + stretch.offset, each.end + stretch.offset
        yield Break(each.name, start, end, each.strength)


def _found(
    stretch: Stretch, likely: Iterable[Wordings], patterns: Patterns, effort: int
) -> Iterator[Break | None]:
    """Yield for each match of a pattern the break, or `None` where it is none."""
    answer, lowered = stretch.text, stretch.lower
    quotes = quotations(answer)
    for wordings in likely:
        patterns_here = wordings.likely(lowered)
        for start, end in wordings.windows(answer, lowered):
            end = min(end, start + effort)
            effort -= end - start
            if start == end:
                return
            for pattern, compiled in patterns_here:
                for match in islice(compiled.finditer(answer, start, end), MATCHES_OF_ONE):
                    is_break = _is_break(answer, match, pattern, wordings, patterns, quotes)
                    yield Break(pattern.name, *match.span(), pattern.strength) if is_break else None


def _is_break(
    answer: str,
    match: re.Match[str],
    pattern: Pattern,
    wordings: Wordings,
    patterns: Patterns,
    quotes: list[tuple[int, int]],
) -> bool:
    start, end = match.span()
    if not pattern.free and (
        _reported(answer, start, end, patterns, quotes) or _supposed(answer, start, end, wordings)
    ):
        return False
    leads = not pattern.leads or not wordings.has_whole_words or ":" in match[0]
    return leads or _LEADS.match(answer, end) is not None


def _reported(answer: str, start: int, end: int, patterns: Patterns, quotes: list[tuple[int, int]]) -> bool:
    """Tell whether it is quoted, unless the whole answer is, or stands behind a speaker and a colon."""
    for opened, closed in quotes:
        if opened < start and end < closed + 1:
            return closed - opened < 0.7 * len(answer.strip())
    lead = answer[max(0, start - 60) : start]
    if ":" not in lead and "：" not in lead:
        return False
    return bool(_REPORTED.search(lead)) and not patterns.aside.search(lead)


def _supposed(answer: str, start: int, end: int, wordings: Wordings) -> bool:
    """Tell whether it is a supposition, a denial, somebody's opinion or a question."""
    before, after = wordings.guard
    if after.match(answer, end):
        return True
    lead = answer[max(0, start - 70) : start]
    sentence = behind(STOP, lead)
    pause = len(sentence) - len(sentence.rstrip(" ,;:—–"))
    clause = behind(CLAUSE, sentence[: len(sentence) - pause]) + sentence[len(sentence) - pause :]
    if before.search(clause):
        return True
    stop = STOP.search(answer, end)
    if not stop or stop.group() not in "?？؟" or stop.start() - end > 60:
        return bool(wordings.question) and answer[end : end + 2].strip().startswith(wordings.question)
    left = answer[end : stop.start()]
    tag = len(left) - max(map(left.rfind, ",;:，、،"))
    return tag > len(left) or tag < (5 if max(left, default="") > "\u2e80" else 14)


def _allowed(found: Break, answer: str, guards: Guards, patterns: Patterns) -> bool:
    """A persona that is a machine may say so; a vendor's name is its own where its texts have it."""
    if guards.model and found.name in _IDENTITY:
        return True
    if guards.no_person and found.name == "no-person":
        return True
    text = answer[found.start : found.end]
    if guards.is_virtual and found.name == "ai-disclosure" and patterns.no_person.search(text):
        # Who is a virtual assistant says so, and no more: an AI or a model is another thing.
        return patterns.machine.search(text) is None and patterns.model.search(text) is None
    if guards.machine and found.name in _IDENTITY:
        return not patterns.only_a_model.search(text)
    if found.name == "vendor" and guards.named:
        words = re.findall(r"(?-i:[A-Z][\w-]{3,}|[\u3400-\u9fff]{2,})", text)
        return any(word.lower() in guards.named for word in words)
    return False


def _distinct(found: Iterable[Break]) -> Iterator[Break]:
    """Keep the strongest of overlapping ones with the same name, in the order of the answer."""
    kept: list[Break] = []
    for each in sorted(found, key=lambda one: (-one.strength, one.start, -one.end)):
        if all(
            each.name != other.name or each.end <= other.start or other.end <= each.start for other in kept
        ):
            kept.append(each)
    return iter(sorted(kept, key=lambda one: (one.start, one.end)))


def behind(stop: re.Pattern[str], lead: str) -> str:
    """Cut off everything up to the last stop."""
    ends = [found.end() for found in stop.finditer(lead)]
    return lead[ends[-1] :] if ends else lead
