"""A scorer that the test leads, and scoring at work around it."""

import asyncio
import json
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from gateway.config import Config, Turns
from gateway.config import Drift as Settings
from gateway.drift.character import Character
from gateway.drift.profile import Profile
from gateway.drift.score import Score, Signal
from gateway.drift.scorer import BEGINNING, Course
from gateway.personas.model import Content, Persona, Version
from gateway.personas.model import Profile as Card
from gateway.personas.resolved import Resolved, resolved
from gateway.scoring.conversations import Courses, Scored
from gateway.scoring.job import Job
from gateway.scoring.schedule import Scoring
from gateway.scoring.transcript import Said
from gateway.storage.database import Database
from gateway.turns.amendment import News
from gateway.turns.recorder import Recorder
from gateway.turns.turn import Turn
from tests.fakes.turn import new_turn

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

    def score(
        self, _: Profile, course: Course, user: str, answer: str, opinion: str | None = None
    ) -> tuple[Score, Course]:
        self.threads.add(threading.get_ident())
        self.on_score()
        if "long" in answer:
            self.reached.set()
            assert self.gate.wait(25)
        self.scored.append((user, answer[:10]))
        if "boom" in answer:
            raise ValueError(answer)
        slips = "AI" in answer
        verdict = opinion or ("out-of-character" if slips else "in-character")
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
        # Nobody writes: what is to be written is looked at in the queue.
        self.recorder = Recorder(Database("sqlite:////nowhere/at-all.db"), Turns())
        self.scoring = Scoring(Settings(**settings), self.recorder, Courses(scorer.make, scorer.score))
        self.persona = persona()
        self._numbers = count(1)

    def job(self, *said: str | Said, asked: list[Any] | None = None) -> Job:
        messages = [msgspec.Raw(json.dumps(each).encode()) for each in asked or turns(1)[:1]]
        choices = [Said(at, each) if isinstance(each, str) else each for at, each in enumerate(said)]
        return self.scoring.score(self.persona, messages, sum(map(len, messages)), choices)

    def begin(self, *said: str | Said, asked: list[Any] | None = None) -> Scored | asyncio.Future[Scored]:
        job = self.job(*said, asked=asked)
        if job.future is not None:
            return job.future
        assert job.told is not None
        return job.told

    async def score(self, *said: str | Said, asked: list[Any] | None = None) -> Scored:
        found = self.begin(*said, asked=asked)
        return await found if isinstance(found, asyncio.Future) else found

    async def end(self, *said: str | Said, asked: list[Any] | None = None) -> Turn:
        """Answer, and record the turn as an exchange does."""
        job = self.job(*said, asked=asked)
        if job.future is not None:
            await job.future
        assert job.told is not None
        turn = new_turn(
            id=f"msg_{next(self._numbers)}",
            workspace_id="",
            key_id="",
            model="",
            stream=True,
            created_at=0,
            persona_id="psn_1",
            status="completed",
        )
        turn.drift, turn.coherence, turn.explain = job.told.drift, job.told.coherence, job.told.explain
        self.scoring.recorded(turn, job)
        return turn

    def news(self) -> list[tuple[str, News]]:
        """What has become known of recorded turns so far."""
        return list(self.recorder._news)

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
        status="completed",
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
