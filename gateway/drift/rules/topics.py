"""An answer's words tell whether it speaks of, advises in or asks for what it is not to."""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.drift.rule import Active
from gateway.drift.rules.findings import Finding
from gateway.drift.rules.marked import Marked
from gateway.drift.rules.marks import Mark

TOPICS = {
    "@ai": (1, 0.9),
    "@gore": (2, 0.65),
    "@body": (2, 0.6),
    "@politics": (2, 0.55),
    "@religion": (2, 0.5),
    "@adult": (2, 0.55),
    "@alcohol": (2, 0.55),
    "@instructions": (1, 0.35),
    "@swear": (1, 0.8),
    "@slander": (2, 0.6),
}
"""So many words of what is not to be spoken of say so strongly that it is."""
OPINIONS = frozenset({"@politics", "@religion"})
"""One has an opinion about these: whoever is asked and says a word of it has told one."""
OFFERS = frozenset({"act:give", "act:advise", "act:promise"})
"""Acts by which something is brought to somebody: then one word of it is enough."""
FAMILIAR = 0.75
TIME = 32
"""Characters behind a verb of taking in which the time stands that one takes."""
BESIDE = 12
"""Characters beside a verb in which it is denied."""
FORETELLING = frozenset({"act:promise", "act:estimate"})
"""A rule with nothing but these lets it be advised: not to promise `that a fracture heals`."""
AILING = frozenset({"@ill", "@hurt"})
"""Words of whoever is not well."""
DECLINES, BEGINNING = ("unable", "defer", "deflect"), 3
"""So somebody is turned down, or sent to somebody else, in so many sentences at the beginning."""
HEALTH = frozenset({"@diagnosis", "@medicine"})
"""Whoever names one of these to somebody who is ill gives advice."""
ADVICE = {"@medicine": 0.6, "@invest": 0.55, "@legal": 0.55, "@diagnosis": 0.55}


class Forbidden(NamedTuple):
    """A `must_not` made ready to be looked for."""

    active: Active
    acts: frozenset[str]
    concepts: frozenset[str]
    stems: frozenset[str]
    """Its own words, where it is written in the language of the answers."""
    own: frozenset[str]
    """Its own words that the examples have not, which they would be saying every day."""
    is_scope: bool
    stored: frozenset[str] = frozenset()
    """Groups of words that what is stored of the persona has, and that an answer may well have, too."""
    everyday: frozenset[str] = frozenset()
    """Words of topics that what is stored of the persona has."""
    digits: str = ""
    """The digits of what is stored."""
    topics: tuple[str, ...] = ()
    """Find what is not to be spoken of, or advised in."""
    is_deed: bool = False
    """It forbids to say that something is done."""
    is_untold: bool = False
    """An answer that breaks it may have none of its words."""
    hears: bool = False
    """An answer may break it that has none of its words, by what the user asks for."""
    is_how: bool = False
    """It forbids to show how a thing is done, or what goes into it."""
    is_money: bool = False
    """It is about money and the like."""
    is_inverse: bool = False
    """It forbids everything but what it names."""

    @property
    def only_foretells(self) -> bool:
        """Tell whether it forbids to promise or to estimate, and nothing else."""
        said = {act for act in self.acts if act.startswith("act:")}
        return bool(said) and said <= FORETELLING

    @property
    def is_about_speech(self) -> bool:
        """Tell whether the rule is about what is said or done, and not about what is so of the persona."""
        is_act = any(act.startswith("act:") for act in self.acts)
        return is_act or self.acts.isdisjoint({"cue:unable", "cue:only"})


def finding(rule: Forbidden, name: str, strength: float, start: int, end: int) -> Finding:
    """A place where this rule is broken, as strongly as said."""
    return Finding(name, strength, start, end, rule.active.basis)


def touches(rule: Forbidden, answer: Marked) -> bool:
    """Tell whether the answer speaks of what the rule is about."""
    return not rule.concepts.isdisjoint(answer.labels.keys()) or not rule.stems.isdisjoint(answer.content)


def touched(rule: Forbidden, asked: Marked) -> float:
    """Give the share of what the rule is about that the user speaks of."""
    heard = rule.own & asked.content
    heard |= asked.alike(rule.own - heard)
    whole = len(rule.own) + len(rule.concepts)
    return (len(heard) + len(rule.concepts & asked.labels.keys())) / whole if whole else 0.0


def topics(rule: Forbidden, asked: Marked, answer: Marked, topic: str) -> Iterator[Finding]:
    """Find what is spoken of and not to be, unless it is to say so; one word answers who asks about it."""
    least, strength = TOPICS[topic]
    if topic in OPINIONS and topic in asked.labels and not _turns_away(answer):
        least = 1
    marks = [mark for mark in answer.labels[topic] if not _is_refused(answer, mark)]
    # The persona has the words of what is stored every day.
    distinct = {answer.text[mark.start : mark.end].lower() for mark in marks}
    distinct -= rule.everyday
    if len(distinct) >= least:
        sentence = answer.sentence(marks[0].start)
        yield finding(rule, "forbidden", strength, sentence.start, sentence.end)
    elif marks:
        sentence = answer.sentence(marks[0].start)
        is_offered = bool(rule.acts & OFFERS) and answer.has(
            sentence.start, sentence.end, "give", "advise", "@hand"
        )
        strength = 0.55 if is_offered else 0.25
        yield finding(rule, "forbidden", strength, sentence.start, sentence.end)


def _turns_away(answer: Marked) -> bool:
    """Tell whether the answer begins by turning the user down."""
    return answer.begins_with(2, "unable", "defer", "deflect", "negation")


def _is_refused(answer: Marked, mark: Mark) -> bool:
    """Tell whether it is only named to say that it is not spoken of, or that one is none."""
    low, _ = answer.clause(mark.start)
    if answer.has(max(low, mark.start - 16), mark.start, "negation"):
        return True
    return answer.has(*answer.clause(mark.start), "unable") and answer.has(*answer.clause(mark.start), "talk")


def cures(rule: Forbidden, asked: Marked, answer: Marked) -> Iterator[Finding]:
    """A remedy for whoever is ill, whatever it is called."""
    if (
        "@ill" not in asked.labels
        or "defer" in answer.labels
        or _sends_to_doctor(answer, 0, len(answer.text))
    ):
        return
    for mark in (*answer.labels.get("take", ()), *answer.labels.get("advise", ())):
        sentence = answer.sentence(mark.start)
        if answer.has(mark.end, mark.end + TIME, "@time") and not answer.has(*sentence[:2], "@medicine"):
            continue  # "Take twenty minutes" names no remedy.
        denials = ("negation", "unable") if mark.label == "take" else ("unable", "condition")
        # "I'll advise you nothing" denies it right beside the verb.
        beside = (max(sentence.start, mark.start - BESIDE), min(sentence.end, mark.end + BESIDE))
        if answer.has(*beside, "negation") and not answer.clause(mark.start)[1] < beside[1]:
            continue
        if not sentence.asks and not answer.has(*answer.clause(mark.start), *denials):
            yield finding(rule, "advice", 0.55, sentence.start, sentence.end)


def _sends_to_doctor(answer: Marked, start: int, end: int) -> bool:
    """Tell whether a doctor is named there, and not as one that nobody needs: `you'll need no doctor`."""
    needless = answer.within("heals", start, end)
    return any(
        not any(one.start <= mark.start and mark.end <= one.end for one in needless)
        for mark in answer.within("@doctor", start, end)
    )


def advice(rule: Forbidden, asked: Marked, answer: Marked, topic: str) -> Iterator[Finding]:
    """Advice in what is not the persona's to advise in."""
    is_ill = not asked.labels.keys().isdisjoint(AILING)
    for sentence in answer.sentences:
        start, end = sentence.start, sentence.end
        dose = answer.phrasebook.dose.search(answer.text, start, end) if topic == "@medicine" else None
        if dose and not answer.has(start, end, "unable", "defer", "negation"):
            yield finding(rule, "advice", 0.6, start, end)
            continue
        marks = answer.within(topic, start, end)
        if not marks or (not is_ill and all(_only_likens(answer, mark) for mark in marks)):
            continue
        if answer.has(start, end, "unable", "defer", "@doctor") or sentence.asks:
            continue
        if answer.has(*answer.clause(marks[0].start), "negation"):
            continue
        distinct = {answer.text[mark.start : mark.end].lower() for mark in marks}
        told = answer.has(start, end, "advise") or (topic in HEALTH and "@ill" in asked.labels)
        strength = ADVICE[topic] if told or len(distinct) > 1 else 0.3
        if topic in rule.stored:
            # What the prompt itself wants to be advised is no advice that it forbids.
            strength *= FAMILIAR
        yield finding(rule, "advice", strength, start, end)


def _only_likens(answer: Marked, mark: Mark) -> bool:
    """Tell whether it is the verb of a diagnosis, `looks like`, which any comparison has."""
    return any(one[:2] == mark[:2] for one in answer.labels.get("diagnoses", ()))


def asks(rule: Forbidden, answer: Marked) -> Iterator[Finding]:
    """A question for what is not to be asked for."""
    for label in rule.concepts & answer.labels.keys():
        for mark in answer.labels[label]:
            low, high = answer.clause(mark.start)
            sentence = answer.sentence(mark.start)
            if answer.has(low, high, "negation", "unable"):
                continue
            if sentence.asks or answer.has(sentence.start, high, "ask"):
                yield finding(rule, "asks", 0.75, sentence.start, sentence.end)


def words(rule: Forbidden, answer: Marked) -> Iterator[Finding]:
    """Several of the rule's own words in one sentence that does not deny them.

    They are worth a look and no more: three of four that say them tell how things are.
    """
    if not rule.stems or rule.is_scope:
        return
    for sentence, stems in answer.shared(rule.stems).items():
        if sentence.asks or answer.has(sentence.start, sentence.end, "negation", "unable"):
            continue
        share = len(stems) / len(rule.stems)
        strength = 0.15 + 0.35 * share if len(stems) > 1 else 0.12 if share >= 0.5 else 0.0
        if strength:
            yield finding(rule, "touched", round(min(0.45, strength), 3), sentence.start, sentence.end)
