"""The reasons for a score are told in words."""

import ast
import re
from pathlib import Path

from msgspec.structs import replace

import gateway.drift
from gateway.cli.reasons import UNSCORED, WORDS, passages, reasons_of
from gateway.drift.language import packaged
from gateway.drift.score import Signal
from gateway.turns import view
from gateway.turns.turn import Drift, Explain, Judgement, Turn, unscored
from gateway.turns.usage import Usage
from tests.fakes.turn import new_turn

TURN = new_turn(
    model="persona/a",
    created_at=0,
    persona_id="psn_1",
    version=1,
    drift=Drift(voice=0.9, values=0.6, verdict="out-of-character"),
    explain=Explain(
        "fields",
        (
            Signal("ai-disclosure", "voice", 0.011, 3, 9),
            Signal("number-clash", "values", 0.04, 10, 12, "layers.soul.age"),
            Signal("brand-new", "rules", 0.2, basis="rules[0]", rule="Never swear"),
        ),
        touched=("rules[0]", "rules[1]"),
    ),
)


JUDGEMENT = Judgement(
    voice=0.75,
    values=None,
    rules=1.0,
    coherence=4,
    contradicted_field=None,
    broken_rule="rules[2]",
    start=1,
    end=5,
    choice=0,
    model="court/judge",
    usage=Usage(),
    at="2026-01-01T00:00:00.000Z",
)
STORED = {"fact:0a1b2c3d": "The dog is called Milo.", "facts[1]": "A night costs 80 EUR."}


def told(turn: Turn) -> list[str]:
    return reasons_of(view.detail(turn, veiled=False), STORED)


def test_each_signal_is_a_line_with_its_place_and_what_it_is_held_against() -> None:
    assert told(TURN) == [
        "voice: says that it is an AI, characters 3 to 9 (p 0.011)",
        "values: gives another number than is stored, against layers.soul.age, characters 10 to 12 (p 0.04)",
        "rules: brand new, against rules[0] (Never swear) (p 0.2)",
        "rules: touches rules[1], which only a judge can tell",
    ]


def test_a_fact_is_told_by_its_sentence() -> None:
    clash = Signal("name-clash", "values", 0.04, 0, 4, "fact:0a1b2c3d")
    judge = replace(JUDGEMENT, contradicted_field="facts[1]", broken_rule=None, start=None)
    first, judged = told(replace(TURN, explain=Explain("fields", (clash,)), judge=judge))
    assert "stored, against fact:0a1b2c3d (The dog is called Milo.), characters 0 to 4" in first
    assert judged.endswith("against facts[1] (A night costs 80 EUR.)")


def test_a_turn_without_a_score_says_why() -> None:
    for reason, words in UNSCORED.items():
        turn = replace(TURN, drift=unscored(reason), explain=None)
        assert told(turn) == [f"unscored: {words}"]


def test_a_turn_against_which_nothing_speaks_says_so() -> None:
    turn = replace(TURN, drift=Drift(voice=0.1, verdict="in-character"), explain=None)
    assert told(turn) == ["nothing speaks against in-character"]


def test_a_judge_s_opinion_is_a_line() -> None:
    *_, last = told(replace(TURN, judge=JUDGEMENT))
    assert last == (
        "judge: court/judge says voice 0.75, rules 1.00, coherence 4.0, against rules[2], characters 1 to 5"
    )


def test_every_break_of_the_tables_has_words() -> None:
    names = {pattern.name for language in packaged().values() for pattern in language.breaks.patterns}
    assert names
    assert names <= WORDS.keys()


def test_every_signal_that_the_scorer_gives_has_words() -> None:
    makers = {"finding": 1, "accuse": 1, "Finding": 0, "Break": 0, "Flaw": 0, "Signal": 0}
    names = {
        name.value
        for path in Path(gateway.drift.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        for place in [makers.get(re.split(r"\W", ast.unparse(call.func))[-1])]
        if place is not None and len(call.args) > place
        for name in [call.args[place]]
        if isinstance(name, ast.Constant)
    }
    assert {"consent", "duty", "name-clash", "cut"} <= names
    assert names <= WORDS.keys()


def test_a_passage_stands_beside_what_is_stored_instead() -> None:
    signals = [
        Signal("number-clash", "values", 0.01, 9, 15, "fact:1a2b3c4d"),
        Signal("number-clash", "values", 0.02, 9, 15, "layers.price"),
    ]
    assert passages(signals, "It costs 40 EUR.", {"fact:1a2b3c4d": "A repair costs 25 EUR."}) == [
        "values: gives another number than is stored (A repair costs 25 EUR.): “40 EUR”",
        "values: gives another number than is stored, against layers.price: “40 EUR”",
    ]


def test_a_rule_that_is_rather_kept_is_no_reason_behind_an_answer() -> None:
    signals = [
        Signal("duty", "rules", 0.05, 0, 2, "rules[0]", "Ask for a photo"),
        Signal("duty", "rules", 0.18, 0, 2, "rules[1]", "Greet everybody"),
    ]
    assert passages(signals, "No", {}) == ["rules: leaves out what was to be said (Ask for a photo): “No”"]
