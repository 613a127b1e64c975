"""Readers who may not read a persona see of what kind a turn's basis is, and no rule's words."""

from gateway.drift.score import Signal
from gateway.turns import view
from gateway.turns.turn import Explain
from tests.turns.test_amendment import judgement, turn

SIGNAL = Signal("promise", "rules", 0.01, 0, 12, basis="rules[2]", rule="Never promise a refund")
READ = Signal("duty", "rules", 0.02, 0, 4, basis="prose:1a2b3c4d", rule="Always greet the guest")


def test_a_veiled_turn_names_kinds_and_neither_rules_nor_their_words() -> None:
    scored = turn(judge=judgement(broken_rule="rules[2]", contradicted_field="layers.age"))
    scored.explain = Explain(None, (SIGNAL, READ), touched=("rules[2]", "prose:1a2b3c4d"))
    shown = repr(view.detail(scored, veiled=True))
    assert "promise" in shown
    for secret in ("rules[2]", "1a2b3c4d", "refund", "greet", "layers.age"):
        assert secret not in shown


def test_who_may_read_the_persona_sees_the_rule() -> None:
    scored = turn()
    scored.explain = Explain(None, (SIGNAL,), touched=("rules[2]",))
    shown = repr(view.detail(scored, veiled=False))
    assert "rules[2]" in shown
    assert "Never promise a refund" in shown
