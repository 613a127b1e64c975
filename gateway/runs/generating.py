"""A run is performed as work: steps are asked, audited and told of, and end in a persona or in nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from gateway.budgets.ledger import Ledger
from gateway.budgets.upkeep import Upkeep
from gateway.config import Config
from gateway.errors import Fault
from gateway.runs import keeping, store
from gateway.runs.admitting import Admission
from gateway.runs.asking import Asker, Meter, Spent, failed
from gateway.runs.draft import State, deltas
from gateway.runs.pipeline import Pipeline, Stage, packaged
from gateway.runs.run import Run
from gateway.runs.steps import Change, Steps, Taking
from gateway.runs.store import Told
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable
from gateway.upstreams.prices import Prices
from gateway.work.work import Course, FailedError, Kind, Work, Write

PART = 1000
"""The numbers that the events of one step may take."""


class Beginning(msgspec.Struct, frozen=True):
    """A run begins with this, as it was then."""

    run: Run
    pipeline: Pipeline
    state: State
    taken: dict[str, State]
    """Steps have added this in the run that this one repeats, as far as they are not taken again."""


class Generation:
    """Performs runs in one work process."""

    def __init__(self, config: Config, database: Database) -> None:
        self._database = database
        prices = Prices(config)
        ledger = Ledger(database, config, prices)
        self._steps = Steps(Asker(config, ledger, prices), Admission(config, ledger))
        self._upkeep = Upkeep(database, ledger, prices)

    def kind(self) -> Kind:
        """Describe runs to those who do work."""
        return Kind(name=store.KIND, perform=self.perform, give_up=give_up, take_up=take_up)

    async def perform(self, work: Work, course: Course) -> Write:
        """Take the steps of a run; raises FailedError."""
        read = await course.step("read", lambda: self._begin(work.id))
        beginning = msgspec.convert(read, Beginning)
        run, pipeline, state, spent = beginning.run, beginning.pipeline, beginning.state, Spent()
        is_demonstration = False
        plan = pipeline.plan(run.task, has_fields=bool(run.inputs.fields))
        for number, stage in enumerate(plan, 1):
            take = self._stage(beginning, stage, number, state, spent)
            taken = await course.step(stage.name, take)
            state = {**state, **taken["state"]}
            spent = spent.plus(taken["tokens"], taken["cost_usd"])
            is_demonstration |= taken["demonstration"]
        patch = None
        if run.task == "refine" or run.origin is not None:
            patch = await course.step("compare", lambda: keeping.compared(self._database, run, state))

        async def write(connection: AsyncConnection) -> None:
            await keeping.keep(connection, run, state, spent, patch, is_demonstration)

        return write

    async def _begin(self, run_id: str) -> Any:
        await self._upkeep.begin()
        async with self._database.write() as connection:
            run = await store.find(connection, run_id)
            if run is None:
                raise failed(Fault.RUN_UNKNOWN)
            pipeline = await store.pipeline(connection, run.fingerprint) or packaged()
            state = await keeping.beginning(connection, run)
            taken = await _taken_before(connection, run, pipeline)
            first = pipeline.plan(run.task)[0].name
            await store.spend(connection, run_id, 0, 0.0)
            await store.tell(connection, run_id, 1, [("run.started", {"run_id": run_id, "step": first})])
        return msgspec.to_builtins(Beginning(run, pipeline, state, taken))

    def _stage(
        self, beginning: Beginning, stage: Stage, number: int, state: State, spent: Spent
    ) -> Callable[[], Awaitable[Any]]:
        run, meter, change = beginning.run, Meter(spent), list[Change]()
        began = time.monotonic()
        taking = Taking(run, beginning.pipeline, state, meter, partial(self._blame, run))

        async def take() -> Any:
            # A step is taken again where the store was away; what its call has cost is not spent twice.
            if not change:
                try:
                    change.append(await self._change(beginning, taking, stage))
                except (FailedError, asyncio.CancelledError):
                    # What came to nothing has been paid for all the same.
                    await self._spend(run, meter.total)
                    raise
            added, told = change[0]
            tokens, cost = meter.taken
            latency = round((time.monotonic() - began) * 1000, 1)
            done = {"run_id": run.id, "step": stage.name, "tokens": tokens, "cost_usd": cost}
            async with self._database.write() as connection:
                events: list[Told] = [*told, ("step.completed", {**done, "latency_ms": latency})]
                await store.tell(connection, run.id, number * PART, events[-PART:])
                await store.keep_step(connection, run.id, number, stage.name, added)
                await store.spend(connection, run.id, *meter.total)
            return {
                "state": added,
                "tokens": tokens,
                "cost_usd": cost,
                "demonstration": meter.is_demonstration,
            }

        return take

    async def _change(self, beginning: Beginning, taking: Taking, stage: Stage) -> Change:
        if stage.name not in beginning.taken:
            return await self._steps.take(taking, stage)
        added, before = beginning.taken[stage.name], taking.state["layers"]
        layers = added.get("layers", {})
        changed = [layer for layer in layers if layers[layer] != before.get(layer)]
        return added, [told for layer in changed for told in deltas(layer, layers[layer])]

    async def _spend(self, run: Run, spent: Spent) -> None:
        with suppress(StoreUnavailable):
            async with self._database.write() as connection:
                await store.spend(connection, run.id, *spent)

    async def _blame(self, run: Run) -> None:
        """Tell that the audit has found something, once for each run."""
        async with self._database.write() as connection:
            await store.blame(connection, run)


async def _taken_before(connection: AsyncConnection, run: Run, pipeline: Pipeline) -> dict[str, State]:
    """Read what the steps in front of the first that is taken again have added. Raises FailedError."""
    if run.origin is None or run.inputs.from_step is None:
        return {}
    kept = dict(await store.steps(connection, run.origin))
    names = [stage.name for stage in pipeline.plan(run.task, has_fields=bool(run.inputs.fields))]
    before = names[: names.index(run.inputs.from_step)]
    if not kept.keys() >= set(before):
        # It was there when the replay was asked for; its persona has been purged since.
        raise failed(Fault.RUN_UNKNOWN)
    return {name: kept[name] for name in before}


async def give_up(connection: AsyncConnection, work: Work) -> None:
    """Let a run end with its work, without a persona."""
    if work.state == "cancelled":
        await store.end(connection, work.id, "cancelled", ("run.cancelled", {"run_id": work.id}))
    elif work.state == "failed":
        error = {**(work.error or {}), "run_id": work.id}
        told: Told = ("run.failed", {"run_id": work.id, "error": error})
        await store.end(connection, work.id, "failed", told, error=error)


async def take_up(connection: AsyncConnection, work: Work) -> None:
    """Let a run go on with its work."""
    await store.begin_again(connection, work.id)
