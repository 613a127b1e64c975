"""Risky answers are judged first, within what may be spent, and with the rules that they touch."""

import asyncio
import json

import msgspec

from gateway.drift.rule import Rule
from gateway.judge.case import Counts
from gateway.turns.turn import Explain
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import Gate
from tests.judge.rig import (
    FINE,
    SLIPPED,
    Make,
    opinion,
)

CALM = opinion(quote=None, voice=0, values=None, contradicted_field=None)
TOUCHING = Explain(None, (), touched=("rules[0]",))


async def test_risky_answers_are_judged_before_suspicious_ones_and_these_before_a_sample(
    make: Make, upstream: ScriptedUpstream
) -> None:
    gate = Gate()
    upstream.always(CALM.hold(gate))
    rig = make("concurrency = 1", "sample = 1")
    rig.end(text="The first one.")
    await asyncio.to_thread(upstream.wait_for, 1)
    rig.end(FINE, text="A library is quiet.", explain=None)
    rig.end(SLIPPED, text="A slip of the tongue.", explain=None)
    rig.end(FINE, text="A long promise that may break a rule, and goes on.", explain=TOUCHING)
    rig.end(FINE, text="A promise.", explain=TOUCHING)
    await asyncio.to_thread(until, lambda: len(rig.judge._waiting) == 4)
    gate.open()
    assert await rig.settled(5) == Counts(judged=5)
    asked = [json.loads(seen.json["messages"][1]["content"])["answer"] for seen in upstream.seen]
    assert [text.split()[1] for text in asked] == ["first", "promise.", "long", "slip", "library"]


async def test_of_risky_answers_a_share_is_judged(make: Make, upstream: ScriptedUpstream) -> None:
    upstream.always(CALM)
    rig = make("risk = 0", "sample = 0")
    rig.end(FINE, explain=TOUCHING)
    rig.end(SLIPPED)
    assert await rig.settled(1) == Counts(judged=1)
    assert len(upstream.seen) == 1


async def test_the_judge_is_asked_so_often_in_an_hour_and_no_more(
    make: Make, upstream: ScriptedUpstream
) -> None:
    upstream.always(CALM)
    rig = make("calls_per_hour = 4")
    for _ in range(4):
        rig.end(explain=None, text="I am quiet.")
    assert await rig.settled(4) == Counts(judged=2, over_budget=2)
    for _ in range(3):
        rig.end(FINE, explain=TOUCHING)
    assert await rig.settled(7) == Counts(judged=4, over_budget=3)
    assert len(upstream.seen) == 4


async def test_the_judge_costs_no_more_than_it_may(make: Make, upstream: ScriptedUpstream) -> None:
    gate = Gate()
    upstream.always(CALM.hold(gate))
    table = "prices = { the-judge = { input = 1000, output = 0 } }"
    rig = make("usd_per_hour = 1.2", "concurrency = 2", table=table)
    turns = [rig.end(FINE, explain=TOUCHING) for _ in range(2)]
    # What a question of this length may cost fits into the budget once.
    assert await rig.settled(1) == Counts(over_budget=1)
    gate.open()
    assert await rig.settled(2) == Counts(judged=1, over_budget=1)
    # What it has cost is less, and leaves room again.
    rig.end(FINE, explain=TOUCHING)
    assert await rig.settled(3) == Counts(judged=2, over_budget=1)
    kept = [found.cost_usd for turn in turns if (found := await rig.stored(turn)) is not None]
    assert kept == [0.009]


async def test_a_judge_is_given_the_rules_that_are_touched_and_may_name_them(
    make: Make, upstream: ScriptedUpstream
) -> None:
    upstream.reply(opinion(rules=0.9, broken_rule="rules[1]", values=None, contradicted_field=None))
    rig = make()
    rules = (Rule(must_not="tell a secret", severity="warn"), Rule(must_not="smoke", severity="warn"))
    character = msgspec.structs.replace(rig.resolved.character, rules=rules)
    rig.resolved = msgspec.structs.replace(rig.resolved, character=character)
    turn = rig.end(FINE, explain=Explain(None, (), touched=("rules[1]",)))
    assert await rig.settled(1) == Counts(judged=1)
    shown = json.loads(upstream.seen[0].json["messages"][1]["content"])["rules"]
    assert next(iter(shown.items())) == ("rules[1]", "must_not: smoke")
    found = await rig.stored(turn)
    row = await rig.row(turn)
    assert found is not None
    assert row is not None
    assert (found.broken_rule, found.severity, row.drift.verdict) == ("rules[1]", "warn", "drifting")
