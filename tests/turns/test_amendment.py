"""A turn changes when more is known of it: axes, verdict, and what no opinion can take back."""

from typing import Any

import pytest
from msgspec.structs import replace

from gateway.drift.score import Signal
from gateway.turns.amendment import LateScore, amended
from gateway.turns.turn import ChoiceScore, Drift, Explain, Judgement, Turn, Verdict, unscored
from gateway.turns.usage import Usage
from tests.fakes.turn import new_turn

FINE = Drift(voice=0.02, values=0.1, verdict="in-character")
OUT = Drift(voice=0.1, rules=0.95, verdict="out-of-character")


def turn(drift: Drift = FINE, *signals: Signal, **more: Any) -> Turn:
    made = new_turn(
        model="persona/a@v1", status="completed", drift=drift, coherence=5.0, explain=Explain(None, signals)
    )
    return replace(made, **more)


def judgement(**more: Any) -> Judgement:
    made = Judgement(
        voice=0.1,
        values=None,
        coherence=5.0,
        contradicted_field=None,
        start=None,
        end=None,
        choice=0,
        model="main/judge",
        usage=Usage(),
        at="2030-01-01T00:00:00Z",
    )
    return replace(made, **more)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({}, "in-character"),
        ({"voice": 0.5}, "out-of-character"),
        ({"values": 0.5, "contradicted_field": "layers.age"}, "out-of-character"),
        ({"rules": 0.5, "broken_rule": "rules[0]", "severity": "break"}, "out-of-character"),
        ({"rules": 0.9, "broken_rule": "rules[0]", "severity": "warn"}, "drifting"),
        ({"voice": 0.6, "rules": 0.9, "severity": "warn"}, "out-of-character"),
        ({"coherence": 3.0}, "drifting"),
        ({"voice": 0.49, "values": 0.49, "rules": 0.49, "coherence": 3.1}, "in-character"),
    ],
)
@pytest.mark.parametrize("before", [FINE, OUT, Drift(voice=0.3, verdict="warming-up")])
def test_a_judge_has_the_last_word(before: Drift, said: dict[str, Any], verdict: Verdict) -> None:
    opinion = judgement(**said)
    found = amended(turn(before), opinion)
    levels: dict[str, Any] = {"voice": opinion.voice, "values": opinion.values, "rules": opinion.rules}
    assert found.drift == Drift(verdict=verdict, **levels)
    assert (found.coherence, found.judged) == (opinion.coherence, True)
    assert found.judge == replace(opinion, scored=before)


@pytest.mark.parametrize("name", ["never-say", "language", "length", "format"])
def test_no_judge_acquits_of_what_was_counted(name: str) -> None:
    sure, weak = (Signal(name, "rules", p, basis="rules[0]") for p in (0.0028, 0.2))
    found = amended(turn(OUT, sure), judgement(rules=0.0))
    assert (found.drift.rules, found.drift.verdict) == (0.95, "out-of-character")
    warned = replace(OUT, verdict="drifting")
    assert amended(turn(warned, sure), judgement()).drift.verdict == "drifting"
    assert amended(turn(OUT, weak), judgement(rules=0.0)).drift.verdict == "in-character"


def test_a_conversation_that_has_drifted_slowly_is_not_acquitted_by_one_answer() -> None:
    slow = Signal("slow-drift", "voice", 0.01)
    drifting = Drift(voice=0.3, verdict="drifting")
    assert amended(turn(drifting, slow), judgement()).drift.verdict == "drifting"
    assert amended(turn(drifting), judgement()).drift.verdict == "in-character"


def test_the_furthest_of_several_answers_stands_for_the_turn() -> None:
    near, far = ChoiceScore(0, FINE, 5.0, None, ()), ChoiceScore(1, OUT, 4.0, None, ())
    several = turn(OUT, explain=Explain(None, (), (near, far)))
    acquitted = amended(several, judgement(choice=1))
    assert (acquitted.drift.voice, acquitted.drift.verdict) == (0.1, "in-character")
    other = amended(several, judgement(choice=0))
    assert (other.drift, other.coherence) == (OUT, 4.0)


def test_a_second_judgement_keeps_what_was_scored() -> None:
    first = amended(turn(), judgement(voice=0.9))
    second = amended(first, judgement(voice=0.2))
    assert (second.drift.voice, second.judge and second.judge.scored) == (0.2, FINE)
    assert amended(second, judgement(voice=0.2)) is second


def test_a_late_score_is_for_a_turn_without_one() -> None:
    late = LateScore(OUT, 4.0, Explain("fields", ()))
    found = amended(turn(unscored("budget"), coherence=None, explain=None), late)
    assert (found.drift, found.coherence, found.explain) == (OUT, 4.0, Explain("fields", ()))
    assert not found.judged
    scored = turn()
    assert amended(scored, late) is scored
