"""A ledger on a store of the test's own, and turns that end as a test says."""

from typing import Any

from gateway import clock, ids
from gateway.auth.keys import Workspace
from gateway.budgets import setting
from gateway.budgets.budget import Period, Standing, Unit
from gateway.budgets.estimate import Asked
from gateway.budgets.ledger import Ledger, Spender
from gateway.budgets.store import records
from gateway.budgets.store.records import Name
from gateway.config import Config, Price, Route, Turns, Upstream
from gateway.storage.audit import Actor
from gateway.storage.database import Database
from gateway.turns.recorder import Recorder
from gateway.turns.turn import Turn
from gateway.turns.usage import Usage
from gateway.upstreams.prices import Prices
from tests.fakes.turn import new_turn

PRICED, UNPRICED = Route("main", "priced"), Route("main", "unpriced")
CONFIG = Config(
    upstreams={
        "main": Upstream(
            base_url="http://127.0.0.1:1/v1",
            prices={"priced": Price(input=1_000_000, output=2_000_000)},
            output={"priced": 100},
        )
    },
    turns=Turns(flush_interval=0.01),
)
"""A token of a prompt costs one dollar, and one of an answer two."""


class Rig:
    def __init__(self, database: Database, workspace: Workspace) -> None:
        self.database = database
        self.workspace = workspace
        self.prices = Prices(CONFIG)
        self.ledger = Ledger(database, CONFIG, self.prices)
        self.recorder = Recorder(database, CONFIG.turns, None, self.ledger)
        self.spender = Spender(workspace.id)

    def name(self, subject: str = "workspace", unit: Unit = "usd", period: Period = "month") -> Name:
        return Name(self.workspace.id, subject, unit, period)

    async def set(self, limit: float, *name: Any) -> Standing:
        wanted = self.name(*name)
        async with self.database.write() as connection:
            most, actor = setting.amount(wanted.unit, limit), Actor(self.workspace.id)
            found = await setting.put(connection, wanted, most, actor, None)
        self.ledger.known.forget([])
        return found

    async def standing(self, *name: Any) -> Standing:
        async with self.database.read() as connection:
            wanted = await setting.named(connection, self.name(*name), None)
            found = await records.find(connection, wanted, None)
        assert found is not None
        return found

    async def reserve(self, asked: Asked, *routes: Route, **more: Any) -> str | None:
        purse = await self.ledger.purse(self.spender._replace(**more))
        return await purse.reserve(asked, routes or (PRICED,)) if purse else None

    def turn(self, hold: str | None, usage: Usage = Usage(), cost: float | None = None) -> Turn:  # noqa: B008
        """Record a turn that has ended."""
        made = new_turn(
            id=ids.new("msg"),
            workspace_id=self.workspace.id,
            model="priced",
            created_at=clock.now_ms(),
            status="completed",
            usage=usage,
            cost_usd=cost,
            hold=hold,
        )
        self.recorder.record(made)
        return made
