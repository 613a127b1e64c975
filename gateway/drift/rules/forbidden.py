"""What a persona must not do is told by words: speech acts with an object, denials and deciders left out.

What a rule forbids is an act and what it is about: promise and refund, claim to have done and booking. The
act is told by a table for each language, the object by the rule's own words and by groups of words that mean
about the same.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.drift.rule import Active
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.languages import UPPER, Language, Mark
from gateway.drift.rules.reading import Reading

MONEY = frozenset(["@refund", "@credit", "@compensation", "@discount", "@waive", "@free", "@tab"])
"""What is promised or given."""
DEEDS = frozenset(
    [
        "@refund",
        "@credit",
        "@waive",
        "@book",
        "@hold",
        "@order",
        "@cancel",
        "@change",
        "@confirm",
        "@upgrade",
        "@deliver",
        "@send",
        "@block",
        "@unlock",
        "@delete",
        "@activate",
        "@restart",
        "@register",
        "@transfer",
        "@repair",
        "@visit",
        "@call",
        "@notify",
        "@arrange",
        "@save",
        "@mark",
        "@award",
        "@hand",
    ]
)
"""What may be claimed to have been done."""
TOPICS = {
    "@ai": (1, 0.9),
    "@gore": (2, 0.65),
    "@body": (2, 0.6),
    "@politics": (2, 0.55),
    "@religion": (2, 0.5),
    "@adult": (2, 0.55),
    "@alcohol": (2, 0.55),
    "@instructions": (1, 0.35),
}
"""What is not to be spoken of: how many words of it, and how strongly these say that it is."""
ADVICE = {"@medicine": 0.6, "@invest": 0.55, "@legal": 0.55, "@diagnosis": 0.55}
SHOWN = ["receive", "give", "guarantee", "perfect", "passive", "done"]
GIVEN = frozenset({"receive", "give"})
DENIED = ["negation", "unable", "condition"]
_UNIT = (
    r"[$€£¥₺₽₩₹%％円元원割折]|(?:percent|per cent|prozent|pour cent|por ciento|per cento|por cento|procent"
    r"|euros?|eur|dollars?|pounds?|quid|lira|tl|zł|złotych|руб\w*|yen|yuan|won|franken|chf|reais|pesos|kr)(?!\w)"
)
_AMOUNT = re.compile(rf"[$€£¥₺₽₩₹]\s?\d[\d.,]*|\d[\d.,]*\s?(?:{_UNIT})|yüzde \d+|%\s?\d+", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\d.,])\d{1,2}(?::\d{2}|[.h]\d{2}(?!\d)|\s?(?:am|pm|uhr|h|点|時|시)(?!\w))", re.IGNORECASE
)
_NAME = re.compile(rf"[{UPPER}][\w’'-]{{2,}}(?:\s+[{UPPER}][\w’'-]+)*")
NEAR = 16
"""Characters behind a deed that its verb may stand in, where verbs stand last."""
REACH = 64
"""Characters behind an `I have` that what was done may stand in."""


class Forbidden(NamedTuple):
    """A `must_not` made ready to be looked for."""

    active: Active
    acts: frozenset[str]
    concepts: frozenset[str]
    stems: frozenset[str]
    """Its own words, where it is written in the language of the answers."""
    names: frozenset[str]
    is_scope: bool

    @property
    def is_deed(self) -> bool:
        return "act:claim" in self.acts or "cue:unable" in self.acts


def prepare(active: Active, words: Language, answers: Language) -> Forbidden:
    """Take a rule apart: its acts, and the objects they have."""
    text = active.rule.must_not or ""
    reading = Reading(words, text)
    labels = set(reading.labels)
    acts = frozenset(
        label for label in labels if label.startswith("act:") or label in ("cue:unable", "cue:only")
    )
    spent = [mark for mark in reading.marks if mark.label.startswith(("act:", "cue:", "lang:"))]
    template = {word for says in words.says.values() for word in words.stems(says)}
    stems = {
        stem
        for stem, places in reading.stems.items()
        if stem not in template
        and not any(mark.start <= start and end <= mark.end for start, end in places for mark in spent)
    }
    if words.code != answers.code:
        stems = set()
    concepts = frozenset(label for label in labels if label.startswith("@"))
    names = (
        frozenset(match[0] for match in _NAME.finditer(text, 1))
        if words.code != "de" and not words.glyphs
        else frozenset()
    )
    is_scope = "act:help" in acts
    return Forbidden(active, acts, concepts, frozenset(stems), names, is_scope)


def broken(rule: Forbidden, asked: Reading, answer: Reading, known: frozenset[str]) -> Iterator[Finding]:
    """Where an answer does what the rule forbids, as far as its words show."""
    labels = answer.labels.keys()
    if rule.concepts.isdisjoint(labels) and rule.stems.isdisjoint(answer.stems.keys()):
        is_money = bool(rule.concepts & MONEY) and not labels.isdisjoint(GIVEN)
        if not is_money and rule.concepts.isdisjoint(asked.labels.keys()):
            return
    if rule.concepts & DEEDS or rule.is_deed:
        yield from _claims(rule, asked, answer)
    if rule.concepts & MONEY:
        yield from _promises(rule, answer, known)
    if "act:estimate" in rule.acts or "@value" in rule.concepts:
        yield from _estimates(rule, answer, known)
    for topic in rule.concepts & labels & TOPICS.keys():
        yield from _topics(rule, answer, topic)
    for topic in rule.concepts & labels & ADVICE.keys():
        yield from _advice(rule, answer, topic)
    if "act:ask" in rule.acts:
        yield from _asks(rule, answer)
    yield from _words(rule, answer)


def _finding(rule: Forbidden, name: str, strength: float, start: int, end: int) -> Finding:
    return Finding(name, strength, start, end, rule.active.basis)


def _is_denied(answer: Reading, start: int, end: int) -> bool:
    """Whether the clause denies it, leaves it open, or leaves it to somebody else."""
    low, high = answer.clause(start)
    return answer.has(low, high, *DENIED) or (
        answer.sentence(start).asks and not answer.has(low, start, "perfect")
    )


def _claims(rule: Forbidden, asked: Reading, answer: Reading) -> Iterator[Finding]:
    """What the persona says to have done, or to be about to do, and cannot."""
    wanted = rule.concepts & DEEDS
    for label in wanted & answer.labels.keys():
        for mark in answer.labels[label]:
            strength = _done(answer, mark)
            if strength:
                sentence = answer.sentence(mark.start)
                yield _finding(rule, "claim", strength, sentence.start, sentence.end)
    if rule.is_deed:
        for stem in rule.stems & answer.stems.keys():
            for start, end in answer.stems[stem]:
                strength = _done(answer, Mark(start, end, stem))
                if strength:
                    sentence = answer.sentence(start)
                    yield _finding(rule, "claim", min(0.65, strength), sentence.start, sentence.end)
    if wanted & asked.labels.keys():
        # Whoever is asked to do it and says that it is done has done it.
        first = answer.sentences[0] if answer.sentences else None
        if (
            first is not None
            and answer.has(first.start, first.start + 40, "finished")
            and not answer.has(first.start, first.end, *DENIED)
        ):
            yield _finding(rule, "claim", 0.6, first.start, first.end)


def _done(answer: Reading, mark: Mark) -> float:
    """How surely the clause says that it has been done: by the persona, by somebody, or soon."""
    low, high = answer.clause(mark.start)
    sentence = answer.sentence(mark.start)
    if (
        sentence.asks
        or answer.has(low, high, "negation", "unable")
        or answer.has(sentence.start, sentence.end, "defer")
    ):
        return 0.0
    near = NEAR if answer.language.behind else 0
    done = [
        one
        for one in answer.within("done", low, high)
        if one.start <= mark.start <= one.end or mark.start <= one.start <= mark.end + near
    ]
    if done:
        return 0.85
    for one in answer.within("perfect", low, high):
        other = list(answer.within("self", one.end, mark.start))
        if 0 <= mark.start - one.end <= REACH and not other:
            return 0.0 if answer.has(low, one.start, "condition") else 0.85
    if answer.has(low, high, "condition"):
        return 0.0
    for one in answer.within("passive", low, high):
        if abs(mark.start - one.end) <= 24 or abs(one.start - mark.end) <= 24:
            return 0.6
    if answer.has(sentence.start, sentence.start + 30, "finished") and answer.has(low, high, "self"):
        return 0.6
    for one in answer.within("future", low, high):
        if 0 <= mark.start - one.end <= 24:
            return 0.45
    return 0.0


def _promises(rule: Forbidden, answer: Reading, known: frozenset[str]) -> Iterator[Finding]:
    """Money and the like that is given, promised or named."""
    wanted = rule.concepts & MONEY
    text = answer.text
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "defer"):
            continue
        objects = [mark for label in wanted for mark in answer.within(label, start, end)]
        amounts = list(_AMOUNT.finditer(text, start, end))
        for mark in objects:
            low, high = answer.clause(mark.start)
            if answer.has(low, high, "negation", "unable"):
                continue
            shown = answer.has(low, high, *SHOWN)
            promised = answer.has(low, high, "future") and not answer.has(low, high, "condition")
            if shown or promised or (amounts and answer.has(start, end, *SHOWN)):
                yield _finding(rule, "promise", 0.8 if shown else 0.55, start, end)
        for match in amounts:
            low, high = answer.clause(match.start())
            if answer.has(low, high, "negation", "unable") or match[0].replace(" ", "") in known:
                continue
            if answer.has(low, high, "receive", "give"):
                yield _finding(rule, "promise", 0.7, start, end)


def _estimates(rule: Forbidden, answer: Reading, known: frozenset[str]) -> Iterator[Finding]:
    """A value or a time that the persona is not to name."""
    text = answer.text
    is_time = bool(rule.concepts & {"@repair", "@deliver", "@time", "@visit"})
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        if sentence.asks or answer.has(start, end, "unable"):
            continue
        if rule.concepts & {"@value", "@price", "@compensation"}:
            for match in _AMOUNT.finditer(text, start, end):
                if match[0].replace(" ", "") not in known and not answer.has(
                    *answer.clause(match.start()), "negation"
                ):
                    strength = 0.7 if answer.has(start, end, "@value", "@compensation") else 0.45
                    yield _finding(rule, "estimate", strength, start, end)
            for mark in answer.within("number", start, end):
                if answer.has(start, end, "@value") and answer.has(start, end, "currency"):
                    yield _finding(rule, "estimate", 0.6, mark.start, end)
        if is_time and answer.has(start, end, *(rule.concepts & {"@repair", "@deliver", "@visit"})):
            clock = [match.span() for match in _CLOCK.finditer(text, start, end) if match[0] not in known]
            times = clock + [mark[:2] for mark in answer.within("@time", start, end)]
            if times and answer.has(start, end, "future", "receive", "guarantee", "passive", "done"):
                yield _finding(rule, "estimate", 0.65 if clock else 0.5, start, end)


def _topics(rule: Forbidden, answer: Reading, topic: str) -> Iterator[Finding]:
    """What is not to be spoken of, unless it is to say so."""
    least, strength = TOPICS[topic]
    marks = [mark for mark in answer.labels[topic] if not _is_refused(answer, mark)]
    distinct = {answer.text[mark.start : mark.end].lower() for mark in marks}
    if len(distinct) >= least:
        sentence = answer.sentence(marks[0].start)
        yield _finding(rule, "forbidden", strength, sentence.start, sentence.end)
    elif marks:
        sentence = answer.sentence(marks[0].start)
        yield _finding(rule, "forbidden", 0.25, sentence.start, sentence.end)


def _is_refused(answer: Reading, mark: Mark) -> bool:
    """Whether it is only named to say that it is not spoken of, or that one is none."""
    low, _ = answer.clause(mark.start)
    if answer.has(max(low, mark.start - 16), mark.start, "negation"):
        return True
    return answer.has(*answer.clause(mark.start), "unable") and answer.has(*answer.clause(mark.start), "talk")


def _advice(rule: Forbidden, answer: Reading, topic: str) -> Iterator[Finding]:
    """Advice in what is not the persona's to advise in."""
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        marks = answer.within(topic, start, end)
        if not marks or answer.has(start, end, "unable", "defer") or sentence.asks:
            continue
        if answer.has(*answer.clause(marks[0].start), "negation"):
            continue
        distinct = {answer.text[mark.start : mark.end].lower() for mark in marks}
        told = answer.has(start, end, "advise")
        strength = ADVICE[topic] if told or len(distinct) > 1 else 0.3
        yield _finding(rule, "advice", strength, start, end)


def _asks(rule: Forbidden, answer: Reading) -> Iterator[Finding]:
    """A question for what is not to be asked for."""
    for label in rule.concepts & answer.labels.keys():
        for mark in answer.labels[label]:
            low, high = answer.clause(mark.start)
            sentence = answer.sentence(mark.start)
            if answer.has(low, high, "negation", "unable"):
                continue
            if sentence.asks or answer.has(sentence.start, high, "ask"):
                yield _finding(rule, "asks", 0.75, sentence.start, sentence.end)


def _words(rule: Forbidden, answer: Reading) -> Iterator[Finding]:
    """Several of the rule's own words in one sentence that does not deny them."""
    if not rule.stems or rule.is_scope:
        return
    for sentence, stems in answer.shared(rule.stems).items():
        if sentence.asks or answer.has(sentence.start, sentence.end, "negation", "unable"):
            continue
        share = len(stems) / len(rule.stems)
        strength = 0.15 + 0.35 * share if len(stems) > 1 else 0.12 if share >= 0.5 else 0.0
        if strength:
            yield _finding(rule, "touched", round(min(0.45, strength), 3), sentence.start, sentence.end)
