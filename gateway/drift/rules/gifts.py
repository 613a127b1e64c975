"""An answer may hand over, give away or solve what a rule forbids."""

import re
from collections.abc import Iterator

from gateway.drift import emergency
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.topics import Forbidden, finding
from gateway.drift.rules.words import fold
from gateway.drift.sentences import Sentence

_NUMBER = re.compile(r"\d{3}(?:[\d /().-]*\d)?")
_DIGIT = re.compile(r"\d")
SOLVING = frozenset({"solves", "yields"})
SOLVED, TALKED = 0.65, 0.3
"""The strength of an answer to an exercise, and of a word about answers to whoever asks for none."""
GOODS = frozenset(["@award", "@free", "@discount", "@credit", "currency", "@secret"])


def given(rule: Forbidden, answer: Marked) -> Iterator[Finding]:
    """Something that is put into somebody's hands, and belongs to what is not to be given."""
    labels = (rule.concepts & GOODS) | ({"currency"} if "@award" in rule.concepts else set())
    for label in ("give", "@hand", "@award"):
        for mark in answer.labels.get(label, ()):
            sentence = answer.sentence(mark.start)
            if not _says_so(answer, sentence, mark.start):
                continue
            start, end = sentence.start, sentence.end
            if label == "give" and not answer.phrasebook.glyphs:
                start, end = answer.clause(mark.start)
            has_goods = label != "@award" and answer.has(start, end, *labels)
            own = {
                stem
                for stem in rule.own & answer.content
                if any(
                    start <= place < end and not answer.has(*answer.clause(place), "negation", "unable")
                    for place, _ in answer.stems[stem]
                )
            }
            if has_goods or (own and label != "@award"):
                yield finding(rule, "gift", 0.7, start, end)


def revealed(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """Find a secret that is told to somebody who asks for it."""
    wanted = bool(rule.concepts & asked.labels.keys() & {"@secret"}) or bool(rule.stems & asked.content)
    for mark in answer.labels.get("reveal", ()):
        sentence = answer.sentence(mark.start)
        if _says_so(answer, sentence, mark.start) and not answer.said(sentence) <= asked.content:
            close = answer.has(sentence.start, sentence.end, "@secret")
            yield finding(
                rule, "secret", 0.65 if wanted else 0.5 if close else 0.2, sentence.start, sentence.end
            )


def numbers(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """A number that is known of somebody, and that neither the prompt nor the user has."""
    for match in _NUMBER.finditer(answer.text):
        sentence = answer.sentence(match.start())
        start, end = sentence.start, sentence.end
        near = [
            stem
            for stem in rule.own & answer.content
            if any(start <= at < end for at, _ in answer.stems[stem])
        ]
        wanted = rule.own & asked.content
        told = re.sub(r"\D", "", match[0])
        is_theirs = told in asked.digits or told in rule.digits or told in emergency.NUMBERS
        least = 1 if "@secret" in rule.concepts else 2
        if len({*near, *wanted}) >= least and not is_theirs and _says_so(answer, sentence, match.start()):
            yield finding(rule, "secret", 0.55, start, end)


def solved(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """The end of an exercise, told to whoever is to find it.

    Some words say so only beside a number, and a talk of answers to whoever asks for none gives none.
    """
    is_asked = "@solution" in asked.labels or "task:work" in asked.labels
    for label in ("solves", "yields"):
        for mark in answer.labels.get(label, ()):
            sentence = answer.sentence(mark.start)
            low, high = sentence.start, sentence.end
            if _says_so(answer, sentence, mark.start):
                gives = _DIGIT.search(answer.text, low, high) is not None or _has_number(answer, low, high)
                # "The answer is just what I keep to myself" gives none.
                is_kept = answer.has(mark.start, high, "deflect")
                is_told = gives or (is_asked and label == "solves" and not is_kept)
                yield finding(rule, "solution", SOLVED if is_told else TALKED, low, high)


def _has_number(answer: Marked, low: int, high: int) -> bool:
    """Tell whether a number is said in words, and not a one, which may be an article: `um palpite`."""
    values = answer.phrasebook.numbers
    return any(
        values.get(fold(answer.text[one.start : one.end])) != 1 for one in answer.within("number", low, high)
    )


def _says_so(answer: Marked, sentence: Sentence, place: int) -> bool:
    """Tell whether the sentence says it, and neither asks, denies nor supposes it."""
    low, high = answer.clause(place)
    return not sentence.asks and not answer.has(low, high, "negation", "unable", "condition")
