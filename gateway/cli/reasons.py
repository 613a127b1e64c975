"""The reasons for a turn's score, in words."""

from collections.abc import Iterable, Iterator, Mapping

from gateway.drift.score import Signal
from gateway.turns.turn import Judgement, Reason
from gateway.turns.view import TurnDetail

ASTRAY = frozenset({"drifting", "out-of-character"})
"""Verdicts of which a terminal tells why."""
MOST = 3
"""Reasons that are told behind an answer in a terminal."""
UNLIKELY = 0.06
"""A rule whose signal has a greater p is rather kept than broken, and no reason."""
WORDS = {
    "address": "uses another form of address",
    "advice": "advises on what it must not",
    "ai-disclosure": "says that it is an AI",
    "anachronism": "speaks of what the persona cannot know",
    "asks": "asks what it must not",
    "assistant": "speaks as an assistant",
    "assistant-phrase": "has an assistant's stock phrases",
    "assistant-refusal": "refuses as an assistant does",
    "assistant-voice": "sounds like an assistant",
    "benefit": "says what does health good, which it must not",
    "claim": "claims to have done what it must not",
    "consent": "says yes to what it must not",
    "cut": "breaks off",
    "diagnosis": "tells an illness, which it must not",
    "duty": "leaves out what was to be said",
    "empty": "says nothing",
    "errand": "does an errand that is not the persona's",
    "estimate": "estimates what it must not",
    "forbidden": "speaks of what it must not",
    "format": "has another form than the rule wants",
    "garbage": "holds garbage",
    "gift": "gives away what it must not",
    "instruction": "shows how to do what it must not",
    "judgement": "judges others, which it must not",
    "language": "is in another language",
    "length": "is too long",
    "meta": "speaks of its prompt or its role",
    "name-clash": "gives another name than is stored",
    "negation": "denies what is stored",
    "never-say": "says what is never to be said",
    "no-access": "says that it has no access, as assistants do",
    "no-feelings": "says that it has no feelings",
    "no-person": "says that nobody is there",
    "not-a-person": "says that it is no person",
    "number-clash": "gives another number than is stored",
    "opinion": "gives an opinion, which it must not",
    "permission": "allows what it must not",
    "polarity": "likes what the persona does not, or the other way round",
    "promise": "promises what it must not",
    "prompt-leak": "tells the prompt",
    "refuses-role": "refuses to play the persona",
    "register": "speaks in another register",
    "repeats-earlier": "repeats an earlier answer",
    "repetition": "repeats itself",
    "secret": "tells what it must not",
    "slow-drift": "the conversation has drifted slowly",
    "solution": "solves what it must not",
    "told": "tells of others what it must not",
    "touched": "touches what it must not",
    "training": "speaks of its training",
    "unlike-voice": "does not sound like the persona's examples",
    "unrelated": "does not take up what the user said",
    "vow": "vows what it must not promise",
    "value-clash": "says something else than is stored",
    "vendor": "names a maker of models",
}
"""Signals that have no words here are told by their names."""
UNSCORED: dict[Reason, str] = {
    "budget": "scoring would have taken longer than `[drift] budget_ms`",
    "empty": "the answer has no text",
    "structured": "data or a chat UI's chore was asked for, which is no turn of a dialogue",
    "tool_call": "the answer calls tools and says nothing",
    "refusal": "the answer was refused",
    "error": "the turn failed, or the scorer did",
    "disabled": "nothing was to be scored: a plain model, or scoring is switched off",
}


def reasons_of(turn: TurnDetail, stored: Mapping[str, str]) -> list[str]:
    """List why the turn has its verdict, one line for each reason.

    `stored` are sentences of the persona by what a basis calls them.
    """
    drift, lines = turn.drift, list[str]()
    if drift.reason:
        return [f"unscored: {UNSCORED[drift.reason]}"]
    if turn.explain is not None:
        signals = turn.explain.signals
        lines += [_signal(signal, stored) for signal in signals]
        told = {signal.basis for signal in signals}
        unsure = [basis for basis in turn.explain.touched if basis not in told]
        lines += [f"rules: touches {_named(basis, stored)}, which only a judge can tell" for basis in unsure]
    if turn.judge is not None:
        lines.append("judge: " + ", ".join(_judged(turn.judge, stored)))
    return lines or ([f"nothing speaks against {drift.verdict}"] if turn.persona else [])


def passages(signals: Iterable[Signal], answer: str, stored: Mapping[str, str]) -> list[str]:
    """Say of an answer what is wrong with it, the worst first: the reason, the rule and the passage.

    `stored` are sentences of the persona by what a basis calls them.
    """
    lines = []
    for signal in signals:
        if signal.axis == "rules" and signal.p > UNLIKELY:
            continue
        against = signal.rule or stored.get(signal.basis or "")
        rule = f" ({against})" if against else f", against {signal.basis}" if signal.basis else ""
        passage = "" if signal.start is None else f": “{' '.join(answer[signal.start : signal.end].split())}”"
        lines.append(f"{signal.axis}: {WORDS.get(signal.name, signal.name.replace('-', ' '))}{rule}{passage}")
    return list(dict.fromkeys(lines))[:MOST]


def _signal(signal: Signal, stored: Mapping[str, str]) -> str:
    what = WORDS.get(signal.name, signal.name.replace("-", " "))
    rule = f" ({signal.rule})" if signal.rule else ""
    against = f", against {signal.basis if rule else _named(signal.basis, stored)}" if signal.basis else ""
    where = f", characters {signal.start} to {signal.end}" if signal.start is not None else ""
    return f"{signal.axis}: {what}{against}{rule}{where} (p {signal.p:.2g})"


def _named(basis: str, stored: Mapping[str, str]) -> str:
    return f"{basis} ({stored[basis]})" if basis in stored else basis


def _judged(judge: Judgement, stored: Mapping[str, str]) -> Iterator[str]:
    yield f"{judge.model} says voice {judge.voice:.2f}"
    for name, level in (("values", judge.values), ("rules", judge.rules)):
        if level is not None:
            yield f"{name} {level:.2f}"
    yield f"coherence {judge.coherence:.1f}"
    for what in (judge.contradicted_field, judge.broken_rule):
        if what is not None:
            yield f"against {_named(what, stored)}"
    if judge.start is not None:
        yield f"characters {judge.start} to {judge.end}"
