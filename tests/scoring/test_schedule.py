"""Scoring: when and where an answer is scored, what is remembered, and that nothing breaks or delays it."""

import asyncio
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from gateway.config import Config
from gateway.config import Drift as Settings
from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.score import Score, Signal
from gateway.drift.scorer import BEGINNING, Course
from gateway.personas.model import Content, Persona, Version
from gateway.personas.model import Profile as Card
from gateway.personas.resolved import Resolved, resolved
from gateway.scoring import conversations, schedule
from gateway.scoring.conversations import Courses, Scored
from gateway.scoring.schedule import Scoring
from gateway.scoring.transcript import Said
from gateway.turns.turn import ChoiceScore, Drift, Explain, Turn, unscored
from tests.fakes.until import until

pytestmark = pytest.mark.serial

LONG = "long " * 1000
SIGNAL = Signal("break", "voice", 0.01, 0, 2)


class Scorer:
    """Answers that hold `AI` are out of character; it waits at the gate before each that holds `long`."""

    def __init__(self) -> None:
        self.scored: list[tuple[str, str]] = []
        self.made: list[Character] = []
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Event()
        self.threads: set[int] = set()
        self.makers: set[int] = set()
        self.on_score: Callable[[], None] = lambda: None

    def make(self, character: Character) -> Profile:
        self.made.append(character)
        self.makers.add(threading.get_ident())
        if "unmakeable" in character.prompt:
            raise ValueError(character.prompt)
        return Profile(character)

    def score(self, _: Profile, course: Course, user: str, answer: str) -> tuple[Score, Course]:
        self.threads.add(threading.get_ident())
        self.on_score()
        if "long" in answer:
            self.reached.set()
            assert self.gate.wait(5)
        self.scored.append((user, answer[:10]))
        if "boom" in answer:
            raise ValueError(answer)
        slips = "AI" in answer
        verdict = "out-of-character" if slips else "in-character"
        signals = (SIGNAL,) if slips else ()
        score = Score(
            voice=0.9 if slips else 0.01,
            values_basis="fields",
            coherence=4.5,
            verdict=verdict,
            signals=signals,
        )
        return score, BEGINNING._replace(verdict=verdict)

    def calls(self) -> int:
        """Count the calls since the last time."""
        count = len(self.scored)
        self.scored.clear()
        return count


class Rig:
    def __init__(self, scorer: Scorer, **settings: Any) -> None:
        self.scorer = scorer
        self.scoring = Scoring(Settings(**settings), Courses(scorer.make, scorer.score))
        self.persona = persona()

    def begin(self, *said: str | Said, asked: list[Any] | None = None) -> Scored | asyncio.Future[Scored]:
        messages = [msgspec.Raw(json.dumps(each).encode()) for each in asked or turns(1)[:1]]
        choices = [Said(at, each) if isinstance(each, str) else each for at, each in enumerate(said)]
        return self.scoring.score(self.persona, messages, sum(map(len, messages)), choices)

    async def score(self, *said: str | Said, asked: list[Any] | None = None) -> Scored:
        found = self.begin(*said, asked=asked)
        return await found if isinstance(found, asyncio.Future) else found

    async def ready(self) -> "Rig":
        """Make one with a version that was made ready, and nothing else remembered."""
        await self.score("Hello.", asked=[{"role": "user", "content": "warm up"}])
        self.scorer.calls()
        self.scorer.threads.clear()
        await passes(2)
        return self


async def passes(count: int) -> None:
    """Let the event loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


def persona(prompt: str = "You are a muse.", number: int = 1) -> Resolved:
    card = Card(slug="muse", name="Muse")
    content = Content(prompt=prompt, examples=["Hark."], layers={"soul": {"age": 3}})
    times: Any = {"created_at": 0, "updated_at": 0}
    made = Persona(
        id="psn_1",
        workspace_id="ws_1",
        profile=card,
        status="active",
        owner=None,
        forked_from=None,
        forked_version=None,
        latest=number,
        revision=1,
        labels={},
        **times,
    )
    version = Version(
        id=f"ver_{number}",
        persona_id="psn_1",
        number=number,
        content=content,
        fingerprint="",
        created_at=0,
    )
    return resolved(Config(), made, version)


def turns(count: int) -> list[Any]:
    """Make this many questions and their answers."""
    roles = ("user", "assistant")
    return [{"role": role, "content": f"{role} {at}"} for at in range(count) for role in roles]


def asked(count: int) -> list[Any]:
    """Make a request for the answer after this many turns."""
    return [*turns(count), {"role": "user", "content": f"user {count}"}]


@pytest.fixture
def scorer() -> Scorer:
    return Scorer()


@pytest.fixture
async def rig(scorer: Scorer) -> AsyncIterator[Rig]:
    made = await Rig(scorer, budget_ms=1000).ready()
    yield made
    scorer.gate.set()
    made.scoring.close()


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
    rig.scoring.close()


async def test_a_long_answer_is_scored_in_the_thread(rig: Rig) -> None:
    assert isinstance(rig.begin(LONG), asyncio.Future)
    assert (await rig.score(LONG)).drift.verdict == "in-character"
    assert threading.get_ident() not in rig.scorer.threads


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
    rig.scoring.close()


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
    rig.scoring.close()


async def test_so_many_wait_and_no_more(rig: Rig) -> None:
    rig.scorer.gate.clear()
    waiting = [rig.begin(LONG) for _ in range(schedule.WAITING)]
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


@pytest.mark.parametrize(("takes", "most"), [(schedule.PASS_SECONDS * 2, 1), (schedule.PASS_SECONDS / 2, 2)])
async def test_those_who_end_together_hold_up_no_pass_of_the_loop_for_long(
    rig: Rig, takes: float, most: int
) -> None:
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


async def test_those_who_wait_no_more_come_last(scorer: Scorer) -> None:
    rig = await Rig(scorer, budget_ms=1000).ready()
    scorer.on_score = lambda: busy(schedule.PASS_SECONDS)
    tasks = [asyncio.create_task(rig.score(f"Hello {at}.")) for at in range(4)]
    await passes(1)
    for job in list(rig.scoring._queue)[:2]:
        job.settle(schedule.OVER_BUDGET)
    found = await asyncio.gather(*tasks)
    assert [one.drift.verdict for one in found] == ["in-character", "unscored", "unscored", "in-character"]
    await passes(3)
    assert [answer for _, answer in scorer.scored] == ["Hello 0.", "Hello 3.", "Hello 1.", "Hello 2."]
    rig.scoring.close()


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
    rig.scoring.close()


async def test_nothing_is_scored_where_that_is_switched_off(scorer: Scorer) -> None:
    rig = Rig(scorer, enabled=False)
    rig.scoring.warm(rig.persona)
    assert rig.begin("Hello.") == Scored(unscored("disabled"))
    assert rig.scoring.initial == unscored("disabled")
    assert not scorer.made
    assert not scorer.scored


async def test_a_change_of_the_verdict_is_counted_and_logged(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    turn = Turn(
        id="msg_1", request_id="req_1", workspace_id="", key_id="", model="", stream=True, created_at=0
    )
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


async def test_at_the_end_nobody_waits_for_the_thread(scorer: Scorer) -> None:
    rig = await Rig(scorer, budget_ms=20).ready()
    scorer.gate.clear()
    waiting = [rig.begin(LONG) for _ in range(3)]
    rig.scoring.close()
    for one in waiting:
        assert isinstance(one, asyncio.Future)
        assert (await one).drift == unscored("budget")
    assert (await rig.score(LONG)).drift == unscored("budget")
    rig.scoring.warm(persona(number=2))
    scorer.gate.set()


async def test_as_many_courses_are_remembered_as_there_is_room_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "COURSES", 4)
    small = await Rig(rig.scorer, budget_ms=1000).ready()
    await small.score("Hello.", asked=asked(10))
    small.scorer.calls()
    await small.score("Hello.", asked=asked(5))
    assert small.scorer.calls() == 6
    small.scoring.close()
