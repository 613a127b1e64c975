"""What goes out without its score gets it later: in order, within bounds, and behind all answers."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.scoring import later
from gateway.scoring.job import Job
from gateway.scoring.later import Counts
from gateway.turns.amendment import LateScore
from gateway.turns.turn import Drift, Explain, Judgement, Turn, Verdict, unscored
from gateway.turns.usage import Usage
from tests.fakes.until import until
from tests.scoring.rig import LONG, SIGNAL, Rig, Scorer, asked, turns

pytestmark = pytest.mark.serial

FINE = LateScore(Drift(voice=0.01, verdict="in-character"), 4.5, Explain("fields", ()))
OUT = LateScore(Drift(voice=0.9, verdict="out-of-character"), 4.5, Explain("fields", (SIGNAL,)))


@pytest.fixture
async def patient(scorer: Scorer) -> AsyncIterator[Rig]:
    """Nothing waits for its score."""
    made = await Rig(scorer, deliver="later").ready()
    made.scoring._courses.learn(made.persona)
    yield made
    scorer.gate.set()
    await made.scoring.close()


async def worked(rig: Rig, count: int) -> None:
    """Work until so many scores were found or dropped."""
    running = asyncio.create_task(rig.scoring.run())
    counts = rig.scoring.late
    await asyncio.to_thread(until, lambda: counts.scored + counts.dropped >= count and not counts.waiting)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def judged(turn: Turn, verdict: Verdict) -> Judgement:
    return Judgement(
        voice=0.9 if verdict == "out-of-character" else 0.1,
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


async def test_an_answer_waits_for_nothing_where_scores_come_later(patient: Rig) -> None:
    ended = [await patient.end(said) for said in ("Hello.", "As an AI", "Hello.")]
    assert {turn.drift.reason for turn in ended} == {"later"}
    assert patient.scorer.calls() == 0
    await worked(patient, 3)
    assert patient.news() == [(turn.id, found) for turn, found in zip(ended, (FINE, OUT, FINE), strict=True)]
    assert patient.scoring.late == Counts(scored=3)
    assert patient.scorer.threads == {threading.get_ident()}


@pytest.mark.parametrize("length", [1, 1000], ids=["quick", "long"])
async def test_what_missed_its_budget_is_scored_afterwards(scorer: Scorer, length: int) -> None:
    rig = await Rig(scorer, budget_ms=1).ready()
    scorer.gate.clear()
    turn = await rig.end("long " * length)
    assert turn.drift == unscored("budget")
    scorer.gate.set()
    await worked(rig, 1)
    assert rig.news() == [(turn.id, FINE)]
    assert scorer.calls() == 1
    await rig.scoring.close()


async def test_an_answer_without_text_is_not_looked_at_again(patient: Rig) -> None:
    assert (await patient.end("")).drift == unscored("empty")
    assert patient.scoring.late == Counts()


async def test_a_late_score_is_known_to_the_next_turn(patient: Rig) -> None:
    await patient.end("As an AI", asked=asked(2))
    await worked(patient, 1)
    assert patient.scorer.calls() == 3
    after = [*asked(2), {"role": "assistant", "content": "As an AI"}, turns(1)[0]]
    await patient.end("Hello.", asked=after)
    await worked(patient, 2)
    assert patient.scorer.scored == [("user 0", "Hello.")]
    assert patient.scoring.changes == {"out-of-character": 1, "in-character": 1}


async def test_what_has_no_room_is_dropped_and_counted(patient: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(later, "HELD_BYTES", 20_000)
    ended = [await patient.end(f"Hello {at}.") for at in range(5)]
    assert patient.scoring.late == Counts(dropped=2, waiting=3)
    await worked(patient, 5)
    assert [turn_id for turn_id, _ in patient.news()] == [turn.id for turn in ended[:3]]
    await patient.end("Hello again.")
    assert patient.scoring.late == Counts(scored=3, dropped=2, waiting=1)


async def test_long_ones_leave_the_thread_between_steps_when_there_is_an_answer(patient: Rig) -> None:
    patient.scorer.gate.clear()
    history = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": LONG}]
    await patient.end(LONG, asked=[*history, *asked(6)])
    running = asyncio.create_task(patient.scoring.run())
    await asyncio.to_thread(patient.scorer.reached.wait, 5)
    scored = patient.scoring._thread.pool.submit(lambda: len(patient.scorer.scored))
    patient.scoring.warm(patient.persona)
    patient.scorer.gate.set()
    # Had it gone on, all eight would have come before.
    assert await asyncio.wrap_future(scored) == 1
    await asyncio.to_thread(until, lambda: patient.scoring.late.scored)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert patient.scorer.calls() == 8


async def test_a_score_that_fails_says_so_and_holds_up_no_other(
    patient: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    ended = [await patient.end(said) for said in ("boom secret", f"boom secret {LONG}", "Hello.")]
    await worked(patient, 3)
    failed = LateScore(unscored("error"), None, None)
    assert [news for _, news in patient.news()] == [failed, failed, FINE]
    assert [turn_id for turn_id, _ in patient.news()] == [turn.id for turn in ended]
    assert "secret" not in caplog.text


async def test_a_turn_that_was_scored_late_is_offered_as_it_is_then(patient: Rig) -> None:
    offered: list[Turn] = []

    def take(turn: Turn, job: Job) -> None:
        offered.append(turn)

    patient.scoring.on_late = take
    turn = await patient.end("As an AI")
    await worked(patient, 1)
    assert offered == [replace(turn, drift=OUT.drift, coherence=4.5, explain=OUT.explain, late=True)]
    assert turn.drift == unscored("later")


async def test_what_still_waits_at_the_end_is_scored(scorer: Scorer) -> None:
    rig = await Rig(scorer, deliver="later").ready()
    ended = [await rig.end(said) for said in ("Hello.", LONG)]
    await rig.scoring.close()
    assert rig.news() == [(turn.id, FINE) for turn in ended]


async def test_the_end_is_not_put_off_for_long(
    scorer: Scorer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.scoring.schedule.FAREWELL_SECONDS", 0.02)
    rig = await Rig(scorer, deliver="later").ready()
    scorer.gate.clear()
    for _ in range(2):
        await rig.end(LONG)
    await rig.scoring.close()
    assert rig.scoring.late.dropped == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    scorer.gate.set()


@pytest.mark.parametrize(("said", "verdict"), [("Hello.", "out-of-character"), ("As an AI", "in-character")])
async def test_a_judgement_reaches_the_conversation(rig: Rig, said: str, verdict: Any) -> None:
    job = rig.job(said, asked=asked(1))
    assert job.told is not None
    turn = await rig.end(said, asked=asked(1))
    # The conversation has gone on meanwhile, from what the judge contradicts.
    after = [*asked(1), {"role": "assistant", "content": said}, turns(1)[0]]
    await rig.score("And then?", asked=after)
    job.turn = turn
    opinion = judged(turn, verdict)
    assert rig.scoring.amend(job, opinion)
    assert rig.news() == [(turn.id, opinion)]
    running = asyncio.create_task(rig.scoring.run())
    await asyncio.to_thread(until, lambda: not rig.scoring.late.waiting)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    rig.scorer.calls()
    assert (await rig.score("Once more.", asked=after)).before == verdict
    assert rig.scorer.calls() == 1
    further = [*after, {"role": "assistant", "content": "And then?"}, turns(1)[0]]
    await rig.score("Hello.", asked=further)
    # What was made of the answer behind it was forgotten.
    assert rig.scorer.scored[0] == ("user 0", "And then?")


async def test_a_judgement_that_agrees_changes_no_conversation(rig: Rig) -> None:
    job = rig.job("Hello.")
    job.turn = await rig.end("Hello.")
    assert rig.scoring.amend(job, judged(job.turn, "in-character"))
    assert rig.scoring.late.waiting == 0
    assert len(rig.news()) == 1
