"""A run is performed as work: steps are asked, audited and told of, and end in a persona or in nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.budgets.ledger import Ledger, Spender
from gateway.config import Config
from gateway.drift.rules.check import Rules
from gateway.errors import Detail, Fault, Refusal
from gateway.moderation.moderation import Item
from gateway.moderation.moderator import Moderator
from gateway.personas import template
from gateway.personas.acceptance import DraftError, check
from gateway.personas.model import Content, Draft, Profile
from gateway.personas.resolved import Resolved
from gateway.personas.slug import LENGTH
from gateway.personas.store import personas
from gateway.personas.view import slug_from
from gateway.runs import lines, store
from gateway.runs.asking import Answer, Asker, Spent, failed
from gateway.runs.audit import Finding, audit, stated_age
from gateway.runs.pipeline import Pipeline, Stage, packaged
from gateway.runs.run import Run
from gateway.runs.store import Told
from gateway.storage.audit import Actor
from gateway.storage.connection import AsyncConnection
from gateway.storage.database import Database
from gateway.upstreams.prices import Prices
from gateway.upstreams.routing import Routing
from gateway.work.work import Course, Kind, Work, Write

EXAMPLES = 6
PART = 1000
"""The numbers that the events of one step may take."""
SUFFIXES = 100
"""Slugs that are tried where nobody has chosen one: `edith`, `edith-2` and so on."""

BLOCKED = frozenset({"sexual/minors", "self-harm/instructions"})
"""Categories of which no persona is made, whatever its pipeline asks."""

State = dict[str, Any]


class Generation:
    """Performs runs in one work process."""

    def __init__(self, config: Config, database: Database) -> None:
        self._database = database
        prices = Prices(config)
        self._ledger = Ledger(database, config, prices)
        self._asker = Asker(config, self._ledger, prices)
        routing = Routing(config) if config.moderation.upstream is not None else None
        self._moderator = Moderator(config, routing, self._ledger, _no_rules)
        self._prices = prices
        self._tasks: list[asyncio.Task[None]] = []

    def kind(self) -> Kind:
        """Describe runs to those who do work."""
        return Kind(name=store.KIND, perform=self.perform, give_up=give_up, take_up=take_up)

    async def perform(self, work: Work, course: Course) -> Write:
        """Take the steps of a run; raises FailedError."""
        run = msgspec.convert(await course.step("read", lambda: self._begin(work.id)), Run)
        pipeline, spent = packaged(), Spent()
        state: State = {"layers": {}, "intent": run.inputs.intent, "language": run.inputs.language}
        for number, stage in enumerate(pipeline.steps, 1):
            take = self._stage(run, pipeline, stage, number, state, spent)
            taken = await course.step(stage.name, take)
            state = {**state, **taken["state"]}
            spent = spent.plus(taken["tokens"], taken["cost_usd"])

        async def write(connection: AsyncConnection) -> None:
            await _keep(connection, run, state, spent)

        return write

    async def _begin(self, run_id: str) -> Any:
        if not self._tasks:
            # Budgets are kept to only if what calls took is entered, and what has changed is noticed.
            position = await self._database.position()
            if not self._tasks:
                watching = self._database.watch(position, self._ledger.known.forget)
                self._tasks = [asyncio.create_task(self._ledger.run()), asyncio.create_task(watching)]
                self._prices.start()
        await self._prices.looked()
        async with self._database.write() as connection:
            run = await store.find(connection, run_id)
            if run is None:
                raise failed(Fault.RUN_UNKNOWN)
            await store.spend(connection, run_id, 0, 0.0)
            await store.tell(
                connection, run_id, 1, [("run.started", {"run_id": run_id, "step": packaged().steps[0].name})]
            )
        return msgspec.to_builtins(run)

    def _stage(
        self, run: Run, pipeline: Pipeline, stage: Stage, number: int, state: State, spent: Spent
    ) -> Callable[[], Awaitable[Any]]:
        paid: tuple[Answer, State, list[Told]] | None = None
        began = time.monotonic()

        async def take() -> Any:
            # A step is taken again where the store was away; what its call has cost is not spent twice.
            nonlocal paid
            if paid is None:
                paid = await self._taken(run, pipeline, stage, state, spent)
            answer, change, told = paid
            latency = round((time.monotonic() - began) * 1000, 1)
            done = {
                "run_id": run.id,
                "step": stage.name,
                "tokens": answer.tokens,
                "cost_usd": answer.cost_usd,
                "latency_ms": latency,
            }
            after = spent.plus(answer.tokens, answer.cost_usd)
            async with self._database.write() as connection:
                events: list[Told] = [*told, ("step.completed", done)]
                await store.tell(connection, run.id, number * PART, events)
                await store.spend(connection, run.id, after.tokens, after.cost_usd)
            return {"state": change, "tokens": answer.tokens, "cost_usd": answer.cost_usd}

        return take

    async def _taken(
        self, run: Run, pipeline: Pipeline, stage: Stage, state: State, spent: Spent
    ) -> tuple[Answer, State, list[Told]]:
        """Take one step, and return what it took, what it adds to the state, and what to tell of it."""
        if stage.name == "audit":
            return await self._audited(run, pipeline, state, spent)
        if stage.name == "prompt":
            prompt = template.render(state["name"], run.inputs.language, state["layers"])
            return Answer(None, 0, 0.0, 0), {"prompt": prompt}, []
        if stage.name == "examples":
            return await self._exemplified(run, pipeline, stage, state, spent)
        if stage.name == "moderation":
            await self._admit(run)
        answer = await self._asker.ask(run, pipeline, stage, _known(state), spent, run.inputs.seed)
        if stage.name == "moderation" and answer.value["blocked"]:
            raise failed(Fault.INTENT_BLOCKED)
        if stage.layer is None:
            parsed = {**answer.value, **({"name": run.inputs.name} if run.inputs.name else {})}
            if (age := stated_age(run.inputs.intent)) is not None:
                parsed["age"] = age
            return answer, (parsed if stage.name == "intent_parse" else {}), []
        layer = dict(answer.value)
        if stage.layer == "surface":
            # What was settled in the first step is not for a later one to change.
            layer |= {key: state[key] for key in ("name", "age", "occupation") if key in layer}
        return answer, {"layers": {**state["layers"], stage.layer: layer}}, _deltas(stage.layer, layer)

    async def _admit(self, run: Run) -> None:
        """Look at the intent as at any text, before it is asked what only the pipeline wants to know.

        A story may have violence in it, so that few categories count. Raises FailedError.
        """
        spender = Spender(run.workspace_id, run.owner)
        try:
            [found] = await self._moderator.moderate([Item(run.inputs.intent)], spender)
        except Refusal as refusal:
            raise failed(refusal.fault, refusal.message) from None
        if not BLOCKED.isdisjoint(found.flagged):
            raise failed(Fault.INTENT_BLOCKED)

    async def _audited(
        self, run: Run, pipeline: Pipeline, state: State, spent: Spent
    ) -> tuple[Answer, State, list[Told]]:
        """Have blamed layers drafted anew, as often as the pipeline allows."""
        layers, told, taken = dict(state["layers"]), list[Told](), Spent()
        found = audit(layers, run.inputs.intent, state["name"])
        for turn in range(pipeline.rounds):
            for layer in dict.fromkeys(finding.layer for finding in found):
                stage = next(stage for stage in pipeline.steps if stage.layer == layer)
                mended = msgspec.structs.replace(stage, ask=f"{stage.ask}\n{_blame(found, layer)}")
                so_far = spent.plus(*taken)
                answer = await self._asker.ask(
                    run, pipeline, mended, _known(state), so_far, run.inputs.seed + turn + 1
                )
                taken = taken.plus(answer.tokens, answer.cost_usd)
                layers[layer] = answer.value
                told += _deltas(layer, answer.value)
            found = audit(layers, run.inputs.intent, state["name"])
        if found:
            details = [
                Detail([*one.place.strip("/").split("/")], one.message, "value_error") for one in found
            ]
            message = f"`{found[0].place}`: {found[0].message}; ask again, perhaps with a clearer intent."
            raise failed(Fault.PERSONA_INVALID, message, details=details)
        return Answer(None, taken.tokens, taken.cost_usd, 0), {"layers": layers}, told

    async def _exemplified(
        self, run: Run, pipeline: Pipeline, stage: Stage, state: State, spent: Spent
    ) -> tuple[Answer, State, list[Told]]:
        """Ask for example lines, and once more for those that the scorer does not find in character."""
        kept, taken, written = list[str](), Spent(), 0
        for turn in range(2):
            if len(kept) >= EXAMPLES:
                break
            answer = await self._asker.ask(
                run, pipeline, stage, _known(state), spent.plus(*taken), run.inputs.seed + 10 * turn
            )
            taken = taken.plus(answer.tokens, answer.cost_usd)
            written += len(answer.value["lines"])
            lines_ = [*kept, *answer.value["lines"]]
            kept = await asyncio.to_thread(
                lines.fitting, state["name"], run.inputs.language, state["prompt"], state["layers"], lines_
            )
        kept = kept[:EXAMPLES]
        change = {"examples": kept, "left_out": written - len(kept)}
        return Answer(None, taken.tokens, taken.cost_usd, 0), change, []


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


async def _keep(connection: AsyncConnection, run: Run, state: State, spent: Spent) -> None:
    """Make the persona, and end the run; raises FailedError."""
    inputs, name = run.inputs, state["name"]
    slug = inputs.slug or await _free_slug(connection, run.workspace_id, slug_from(name) or "persona")
    content = Content(
        prompt=state["prompt"], language=inputs.language, layers=state["layers"], examples=state["examples"]
    )
    draft = Draft(Profile(slug=slug, name=name, visibility=inputs.visibility), content)
    try:
        check(draft)
        made = await personas.create(connection, draft, Actor(run.workspace_id, run.key_id, run.owner))
    except DraftError as error:
        raise failed(Fault.PERSONA_INVALID, details=error.details) from None
    except personas.SlugTakenError:
        raise failed(Fault.SLUG_TAKEN, f"The slug `{slug}` is taken; choose another one.") from None
    told: Told = (
        "run.completed",
        {
            "run_id": run.id,
            "persona_id": made.persona.id,
            "total_cost_usd": spent.cost_usd,
            "tokens": spent.tokens,
            "examples_left_out": state["left_out"],
        },
    )
    await store.end(connection, run.id, "completed", told, persona_id=made.persona.id)


async def _free_slug(connection: AsyncConnection, workspace_id: str, slug: str) -> str:
    for number in range(1, SUFFIXES + 1):
        suffix = "" if number == 1 else f"-{number}"
        wanted = slug[: LENGTH - len(suffix)].strip("-") + suffix
        if await personas.by_slug(connection, workspace_id, wanted) is None:
            return wanted
    return slug


def _known(state: State) -> Mapping[str, Any]:
    """Give the texts that a question may name; what a caller wrote cannot end its own quotation."""
    layers = {name: _plain(value) for name, value in state["layers"].items()}
    parsed = {key: state.get(key, "") for key in ("name", "age", "occupation", "summary", "language")}
    blank = dict.fromkeys(template.LAYERS, "")
    return {**blank, **layers, **parsed, "intent": state["intent"].replace("<", "‹").replace(">", "›")}


def _no_rules(persona: Resolved) -> Rules:
    """An intent is no persona's text, so that nobody asks for rules."""
    raise LookupError(persona.label)


def _plain(layer: Mapping[str, Any]) -> str:
    return msgspec.json.encode(layer).decode()


def _deltas(layer: str, value: Mapping[str, Any]) -> list[Told]:
    """Tell of a layer as operations of a JSON patch, which apply one after the other."""
    first: list[Told] = [("layer.delta", {"op": "add", "path": f"/{layer}", "value": {}})]
    return first + [
        ("layer.delta", {"op": "add", "path": f"/{layer}/{key}", "value": inner})
        for key, inner in value.items()
    ]


def _blame(found: list[Finding], layer: str) -> str:
    told = "; ".join(f"{one.place}: {one.message}" for one in found if one.layer == layer)
    return f"An earlier draft was refused: {told}."
