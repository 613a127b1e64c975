"""An answer is scored at once or in a thread, and scoring neither breaks nor delays it."""

import asyncio
import logging
import threading
import time
from collections import Counter
from typing import Any

import msgspec
import pytest

from gateway.drift.character import Character
from gateway.drift.scorer import BEGINNING
from gateway.scoring import schedule, thread
from gateway.scoring.conversations import Scored
from gateway.scoring.job import OVER_BUDGET
from gateway.scoring.transcript import Said
from gateway.turns.turn import ChoiceScore, Drift, Explain, unscored
from tests.fakes.until import until
from tests.scoring.rig import LONG, SIGNAL, Rig, Scorer, passes, persona, turns

pytestmark = pytest.mark.serial


async def test_a_quick_answer_is_scored_at_once(rig: Rig) -> None:
    found = rig.begin("Hello.")
    assert found == Scored(
        Drift(voice=0.01, verdict="in-character"), 4.5, Explain("fields", ()), before=BEGINNING.verdict
    )
    assert rig.scorer.threads == {threading.get_ident()}


async def test_a_version_that_is_not_ready_is_made_so_in_the_thread(scorer: Scorer) -> None:
    rig = Rig(scorer)
    rig.scoring.warm(rig.persona)
    rig.scoring.warm(rig.persona)
    assert (await rig.score("Hello.")).drift.voice == 0.01
    assert threading.get_ident() not in scorer.makers
    (made,) = scorer.made
    assert made == Character(
        name="Muse",
        language="en",
        prompt="You are a muse.",
        examples=("Hark.",),
        fields={"soul": {"age": 3}},
    )
    await rig.scoring.close()


async def test_a_long_answer_is_scored_in_the_thread(rig: Rig) -> None:
    assert isinstance(rig.begin(LONG), asyncio.Future)
    assert (await rig.score(LONG)).drift.verdict == "in-character"
    assert threading.get_ident() not in rig.scorer.threads


async def test_of_several_answers_the_worst_counts(rig: Rig) -> None:
    found = await rig.score("Hello.", "As an AI", Said(2, "", called_tools=True))
    assert found.drift == Drift(voice=0.9, verdict="out-of-character")
    assert found.explain == Explain(
        "fields",
        (SIGNAL,),
        (
            ChoiceScore(0, Drift(voice=0.01, verdict="in-character"), 4.5, "fields", ()),
            ChoiceScore(1, Drift(voice=0.9, verdict="out-of-character"), 4.5, "fields", (SIGNAL,)),
            ChoiceScore(2, unscored("tool_call"), None, None, ()),
        ),
    )
    assert rig.scorer.calls() == 2


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(0, ""), "empty"),
        (Said(0, "", called_tools=True), "tool_call"),
        (Said(0, "", refused=True), "refusal"),
    ],
)
async def test_an_answer_without_text_says_why_it_has_no_score(rig: Rig, said: Said, reason: Any) -> None:
    assert rig.begin(said) == Scored(unscored(reason))
    several = await rig.score(said, msgspec.structs.replace(said, index=1))
    assert (several.drift, several.coherence) == (unscored(reason), None)
    assert rig.scorer.calls() == 0


async def test_the_budget_is_kept_and_what_was_begun_is_finished(scorer: Scorer) -> None:
    rig = await Rig(scorer, budget_ms=20).ready()
    scorer.gate.clear()
    assert (await rig.score(LONG)).drift == unscored("budget")
    scorer.gate.set()
    await asyncio.to_thread(until, lambda: scorer.scored)
    scorer.calls()
    after = [*turns(1)[:1], {"role": "assistant", "content": LONG}, {"role": "user", "content": "B?"}]
    assert (await rig.score("Hello.", asked=after)).before == "in-character"
    assert scorer.scored == [("B?", "Hello.")]
    await rig.scoring.close()


async def test_so_many_wait_and_no_more(rig: Rig) -> None:
    rig.scorer.gate.clear()
    waiting = [rig.begin(LONG) for _ in range(thread.WAITING)]
    assert all(isinstance(one, asyncio.Future) for one in waiting)
    over = rig.begin(LONG)
    assert isinstance(over, asyncio.Future)
    assert over.done()
    assert over.result() == Scored(unscored("budget"))
    await passes(2)
    assert isinstance(rig.begin("Hello."), Scored)
    rig.scorer.gate.set()
    for one in waiting:
        assert isinstance(one, asyncio.Future)
        assert (await one).drift.verdict == "in-character"


async def test_nothing_is_left_of_a_caller_who_has_gone(rig: Rig) -> None:
    rig.scorer.gate.clear()
    tasks = [asyncio.create_task(rig.score(LONG)) for _ in range(3)]
    await asyncio.to_thread(rig.scorer.reached.wait, 5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    rig.scorer.gate.set()
    assert (await rig.score(f"{LONG}!")).drift.verdict == "in-character"
    # Only the one that was begun is scored, and the last.
    assert rig.scorer.calls() == 2


@pytest.mark.parametrize(("share", "most"), [(2.0, 1), (0.5, 2)])
async def test_those_who_end_together_hold_up_no_pass_of_the_loop_for_long(
    rig: Rig, share: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "PASS_SECONDS", 0.0015)
    takes = share * schedule.PASS_SECONDS
    assert max((await passes_of_scores(rig, takes)).values()) <= most


async def test_quick_ones_who_end_together_share_passes_of_the_loop(rig: Rig) -> None:
    assert len(await passes_of_scores(rig, 0.0)) < 50
    assert rig.scorer.threads == {threading.get_ident()}


def busy(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


async def passes_of_scores(rig: Rig, takes: float) -> Counter[int]:
    """Return how many of fifty answers that end together each pass scores, if one takes this many seconds."""
    passed = 0
    seen: Counter[int] = Counter()

    def tick() -> None:
        nonlocal passed
        passed += 1
        ticking[0] = asyncio.get_running_loop().call_soon(tick)

    def work() -> None:
        seen[passed] += 1
        busy(takes)

    ticking = [asyncio.get_running_loop().call_soon(tick)]
    rig.scorer.on_score = work
    found = await asyncio.gather(*(rig.score(f"Hello {at}.") for at in range(50)))
    ticking[0].cancel()
    assert {one.drift.verdict for one in found} <= {"in-character", "unscored"}
    assert seen.total() >= 10
    return seen


async def test_those_who_wait_no_more_are_left_out(scorer: Scorer) -> None:
    rig = await Rig(scorer, budget_ms=1000).ready()
    scorer.on_score = lambda: busy(schedule.PASS_SECONDS)
    tasks = [asyncio.create_task(rig.score(f"Hello {at}.")) for at in range(4)]
    await passes(1)
    for job in list(rig.scoring._queue)[:2]:
        job.settle(OVER_BUDGET)
    found = await asyncio.gather(*tasks)
    assert [one.drift.verdict for one in found] == ["in-character", "unscored", "unscored", "in-character"]
    await passes(3)
    assert [answer for _, answer in scorer.scored] == ["Hello 0.", "Hello 3."]
    await rig.scoring.close()


@pytest.mark.parametrize("said", ["boom secret", f"boom secret {LONG}"])
async def test_a_scorer_that_fails_breaks_no_answer(
    rig: Rig, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await rig.score(said) == Scored(unscored("error"))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "muse@v1" in record.getMessage()
    assert "ValueError in Scorer.score" in record.getMessage()
    assert "secret" not in caplog.text
    assert (await rig.score("Hello.")).drift.verdict == "in-character"


async def test_a_version_that_cannot_be_made_ready_is_tried_once(
    scorer: Scorer, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(scorer)
    rig.persona = persona("unmakeable secret")
    rig.scoring.warm(rig.persona)
    for _ in range(3):
        assert await rig.score("Hello.") == Scored(unscored("error"))
    rig.scoring.warm(rig.persona)
    assert len(scorer.made) == 1
    assert "secret" not in caplog.text
    await rig.scoring.close()


async def test_nothing_is_scored_where_that_is_switched_off(scorer: Scorer) -> None:
    rig = Rig(scorer, enabled=False)
    rig.scoring.warm(rig.persona)
    assert rig.begin("Hello.") == Scored(unscored("disabled"))
    assert rig.scoring.initial == unscored("disabled")
    assert not scorer.made
    assert not scorer.scored


async def test_at_the_end_nobody_waits_for_the_thread(scorer: Scorer) -> None:
    rig = await Rig(scorer, budget_ms=20).ready()
    scorer.gate.clear()
    waiting = [rig.begin(LONG) for _ in range(3)]
    await rig.scoring.close()
    for one in waiting:
        assert isinstance(one, asyncio.Future)
        assert (await one).drift == unscored("budget")
    assert (await rig.score(LONG)).drift == unscored("budget")
    rig.scoring.warm(persona(number=2))
    scorer.gate.set()
