"""A judge at work on a store of its own, and what it is asked and answers."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from gateway import clock, ids
from gateway.budgets.ledger import Ledger
from gateway.config import Config
from gateway.drift.score import Signal
from gateway.judge.case import Counts
from gateway.judge.judge import Judge
from gateway.personas.model import Content, Draft
from gateway.personas.model import Profile as Card
from gateway.personas.resolved import resolved
from gateway.personas.store.personas import Pushed
from gateway.scoring.schedule import Scoring
from gateway.scoring.transcript import Said
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from gateway.turns.recorder import Recorder
from gateway.turns.store import turns
from gateway.turns.turn import Drift, Explain, Judgement, Turn
from gateway.upstreams.prices import Prices
from tests.fakes.judgement import JUDGEMENT
from tests.fakes.turn import new_turn
from tests.fakes.until import until
from tests.fakes.upstream_model import completion
from tests.fakes.upstream_scripts import Script, json_answer

TEXT = "I am forty, dear, and a secret smoker."
ASKED = [msgspec.Raw(b'{"role":"user","content":"My secret question"}')]
HONEST: dict[str, Any] = {
    "voice": 0.125,
    "values": 0.75,
    "coherence": 4,
    "contradicted_field": "layers.age",
    "quote": "I am forty,\ndear",
}
SIGNAL = Signal("number-clash", "values", 0.01, 5, 10, "layers.age")
SLIPPED = Drift(voice=0.25, values=0.5, verdict="drifting")
FINE = Drift(voice=0.02, verdict="in-character")
Make = Callable[..., "Rig"]


def opinion(**more: Any) -> Script:
    return json_answer(completion(json.dumps({**HONEST, **more})))


EDITH = Draft(
    Card(slug="edith", name="Edith"),
    Content(prompt="You are Edith, a night librarian.", layers={"age": 61, "job": "librarian"}),
)
ALMA = Draft(Card(slug="alma", name="Alma"), Content(prompt="You are Alma, a beekeeper."))
KEPT = msgspec.structs.replace(JUDGEMENT, scored=Drift(voice=0.02, verdict="in-character"))


class Rig:
    """A judge at work, on a store of its own."""

    def __init__(self, config: Config, database: Database, actor: Actor, pushed: Pushed) -> None:
        self.database = database
        self.actor = actor
        self.persona = pushed.persona
        self.resolved = resolved(config, pushed.persona, pushed.version)
        self.recorder = Recorder(database, config.turns)
        self.scoring = Scoring(config.drift, self.recorder)
        self.judge = Judge(config, self.scoring.amend, Ledger(database, config, Prices(config)))
        self.running = asyncio.create_task(self.judge.run())

    def end(self, drift: Drift = SLIPPED, *said: Said, text: str = TEXT, **more: Any) -> Turn:
        """A turn that ends so, and is offered to the judge as an exchange would."""
        turn = new_turn(
            id=ids.new("msg"),
            workspace_id=self.actor.workspace_id,
            model="persona/edith",
            created_at=clock.now_ms(),
            persona_id=self.persona.id,
            status="completed",
            drift=drift,
            explain=Explain("fields", (SIGNAL,)),
        )
        turn = msgspec.structs.replace(turn, **more)
        self.recorder.record(turn)
        if self.judge.wants(turn):
            self.judge.take(turn, self.resolved, ASKED, 100, said or (Said(0, text),))
        return turn

    async def settled(self, count: int) -> Counts:
        """The counts, once they come to so many."""
        counts = self.judge.counts
        await asyncio.to_thread(until, lambda: sum(msgspec.structs.astuple(counts)) >= count, 10)
        return self.judge.counts

    async def stored(self, turn: Turn) -> Judgement | None:
        await self.recorder.flush()
        found = await self.row(turn)
        assert found is not None
        return found.judge

    async def row(self, turn: Turn) -> Turn | None:
        async with self.database.read() as connection:
            found = await turns.find(connection, turn.workspace_id, turn.id)
        return found.turn if found else None

    async def close(self) -> None:
        self.running.cancel()
        with suppress(asyncio.CancelledError):
            await self.running
        await self.judge.close()
        await self.scoring.close()
