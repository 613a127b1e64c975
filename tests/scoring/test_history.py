"""A conversation is scored once, remembered, and known in whatever way it is written."""

import asyncio
import logging
from typing import Any

import pytest

from gateway.scoring import conversations
from gateway.scoring.conversations import Scored
from gateway.scoring.transcript import Said
from gateway.turns.turn import Drift, unscored
from tests.fakes.turn import new_turn
from tests.scoring.rig import LONG, Rig, Scorer, asked, passes, persona, turns

pytestmark = pytest.mark.serial


async def test_turn_40_costs_no_more_than_turn_4(rig: Rig) -> None:
    costs = []
    for count in range(41):
        await rig.score(f"assistant {count}", asked=asked(count))
        await passes(2)
        costs.append(rig.scorer.calls())
    assert costs == [1] * 41


async def test_history_is_scored_once(rig: Rig) -> None:
    await rig.score("Hello.", asked=asked(12))
    assert rig.scorer.calls() == 13
    await passes(2)
    await rig.score("Good evening.", asked=asked(12))
    assert rig.scorer.calls() == 1
    await passes(2)
    other = [*turns(6), {"role": "user", "content": "another question"}]
    await rig.score("Hello.", asked=other)
    assert rig.scorer.scored == [("another question", "Hello.")]


async def test_a_conversation_is_made_again_once_where_it_is_not_known(rig: Rig) -> None:
    """As after a restart: its first turn brings all that was said, from the store or from the app."""
    costs = []
    for count in range(12, 16):
        await rig.score(f"assistant {count}", asked=asked(count))
        await passes(2)
        costs.append(rig.scorer.calls())
    assert costs == [13, 1, 1, 1]


async def test_tool_calls_and_their_results_are_no_turns(rig: Rig) -> None:
    await rig.score("I slip, says the AI.", asked=asked(2))
    await passes(2)
    rig.scorer.calls()
    before = [*asked(2), {"role": "assistant", "content": "I slip, says the AI."}, *turns(1)[:1]]
    await rig.score(Said(0, "", called_tools=True), asked=before)
    called = [{"role": "assistant", "content": None, "tool_calls": [{}]}, {"role": "tool", "content": "42"}]
    found = await rig.score("It is 42.", asked=[*before, *called])
    assert found.before == "out-of-character"
    await passes(2)
    once_more = [*before, *called, *called]
    assert (await rig.score("It is 42 indeed.", asked=once_more)).before == "out-of-character"
    assert [user for user, _ in rig.scorer.scored] == ["user 0", "user 0"]


async def test_a_conversation_may_be_written_in_another_way(rig: Rig) -> None:
    await rig.score("assistant 2", asked=asked(2))
    rig.scorer.calls()
    await passes(2)
    parts = [{**each, "content": [{"type": "text", "text": each["content"]}]} for each in asked(3)]
    await rig.score("Hello.", asked=[{"role": "system", "content": "x"}, *parts])
    assert rig.scorer.calls() == 1


async def test_history_is_that_of_one_version(rig: Rig) -> None:
    await rig.score("Hello.", asked=asked(3))
    rig.persona = persona(number=2)
    rig.scorer.calls()
    await rig.score("Hello.", asked=asked(3))
    assert rig.scorer.calls() == 4


async def test_an_answer_knows_the_verdict_before_it(rig: Rig) -> None:
    slipped = [*turns(2)[:3], {"role": "assistant", "content": "As an AI"}, turns(1)[0]]
    assert (await rig.score("Hello.", asked=slipped)).before == "out-of-character"


async def test_history_that_was_given_up_half_way_is_remembered_so_far(scorer: Scorer) -> None:
    rig = await Rig(scorer, budget_ms=20).ready()
    rig.scorer.gate.clear()
    before = [*turns(3), {"role": "user", "content": "C?"}, {"role": "assistant", "content": LONG}]
    waits = [rig.begin(f"{at}", asked=[*before, *asked(at + 1)]) for at in range(2)]
    for wait in waits:
        assert isinstance(wait, asyncio.Future)
        assert (await wait).drift == unscored("budget")
    scorer.gate.set()
    done = await rig.score("Hello.", asked=[*before, turns(1)[0]])
    assert done.before == "in-character"
    assert [user for user, _ in scorer.scored].count("user 1") == 1
    await rig.scoring.close()


async def test_a_change_of_the_verdict_is_counted_and_logged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    turn = new_turn(workspace_id="", key_id="", model="", stream=True, created_at=0)
    for before, now in [
        (None, "in-character"),
        ("in-character", "in-character"),
        ("in-character", "unscored"),
        ("in-character", "drifting"),
        ("drifting", "in-character"),
        ("warming-up", "drifting"),
    ]:
        drift: Any = Drift(voice=0.5, verdict=now)  # type: ignore[arg-type]
        rig.scoring.note(turn, "muse@v1", Scored(drift, before=before))
    assert rig.scoring.changes == {"drifting": 2, "in-character": 1}
    facts: list[Any] = [record.__dict__["facts"] for record in caplog.records]
    assert facts[0] == {
        "turn": "msg_1",
        "request": "req_1",
        "persona": "muse@v1",
        "from": "in-character",
        "to": "drifting",
    }
    assert len(facts) == 3


async def test_as_many_courses_are_remembered_as_there_is_room_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "COURSES", 4)
    small = await Rig(rig.scorer, budget_ms=1000).ready()
    await small.score("Hello.", asked=asked(10))
    small.scorer.calls()
    await small.score("Hello.", asked=asked(5))
    assert small.scorer.calls() == 6
    await small.scoring.close()
