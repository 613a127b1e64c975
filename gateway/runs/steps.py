"""The steps of a run: each gives what it adds to the draft, and what is told of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from gateway.errors import Detail, Fault
from gateway.personas import template
from gateway.runs import lines, opinions, revision
from gateway.runs.admitting import Admission
from gateway.runs.asking import CHARACTERS, Asker, Meter, failed
from gateway.runs.audit import Finding, audit, stated_age
from gateway.runs.draft import State, blame_of, deltas, known, settled
from gateway.runs.pipeline import FIELDS, Pipeline, Stage
from gateway.runs.run import Run
from gateway.runs.store import Told

EXAMPLES = 6
MANY = 50
"""Example lines from which on those of a refined persona are kept without being held against it."""
Change = tuple[State, list[Told]]


class Taking(NamedTuple):
    """A step works with this."""

    run: Run
    pipeline: Pipeline
    state: State
    meter: Meter
    blamed: Callable[[], Awaitable[None]]
    """Is called where the audit finds something at first."""


class Steps:
    """Takes steps one by one; each of them raises FailedError."""

    def __init__(self, asker: Asker, admission: Admission) -> None:
        self._asker = asker
        self._admission = admission

    async def take(self, taking: Taking, stage: Stage) -> Change:
        own = {
            "audit": self._audit,
            "prompt": self._render,
            "examples": self._exemplify,
            "revision": self._revise,
            FIELDS: self._fill,
        }
        return await own.get(stage.name, self._draft)(taking, stage)

    async def _draft(self, taking: Taking, stage: Stage) -> Change:
        run, state = taking.run, taking.state
        if stage.name == "moderation":
            await self._admission.admit(run)
        answer = await self._ask(taking, stage, state)
        if stage.name == "moderation" and answer["blocked"]:
            raise failed(Fault.INTENT_BLOCKED)
        if stage.name == "intent_parse":
            parsed = {**answer, **({"name": run.inputs.name} if run.inputs.name else {})}
            if (age := stated_age(run.inputs.intent)) is not None:
                parsed["age"] = age
            return parsed, []
        if stage.layer is None:
            return {}, []
        layer = settled(stage.layer, answer, state)
        return {"layers": {**state["layers"], stage.layer: layer}}, deltas(stage.layer, layer)

    async def _fill(self, taking: Taking, stage: Stage) -> Change:
        """Write the fields of the workspace's own that were asked for, beside those that were given."""
        fields, values = taking.run.inputs.fields, dict[str, Any]()
        missing = {field.name: field.schema for field in fields if field.value is None}
        if missing:
            form = {"type": "object", "properties": missing}
            told = "; ".join(f"{each.name}: {each.description}" for each in fields if each.value is None)
            asked = msgspec.structs.replace(stage, schema=form)
            values = await self._ask(taking, asked, {**taking.state, "fields": told})
        custom: dict[str, State] = {}
        for field in fields:
            value = values.get(field.name) if field.value is None else field.value
            custom.setdefault(field.layer, {})[field.name] = value
        layers, told_ = dict(taking.state["layers"]), list[Told]()
        for layer, added in custom.items():
            layers[layer] = {**layers.get(layer, {}), **added}
            told_ += deltas(layer, layers[layer])
        return {"layers": layers, "custom": custom}, told_

    async def _revise(self, taking: Taking, stage: Stage, blame: str = "") -> Change:
        """Have a persona's texts edited; a name that changes is its new one."""
        state = taking.state
        own = state["prompt"] if state["has_own_prompt"] else None
        form = revision.schema(state["layers"], own)
        more = len(own) // CHARACTERS * 2 if own else 0
        room = (stage.max_tokens or taking.pipeline.max_tokens) + more
        asked = msgspec.structs.replace(stage, schema=form, max_tokens=room, ask=stage.ask + blame)

        def check(answer: Mapping[str, Any]) -> str:
            return revision.revised(state["layers"], answer.get("edits", ()))[1]

        answer = await self._ask(taking, asked, state, check=check)
        layers, _ = revision.revised(state["layers"], answer.get("edits", ()))
        change: State = {"layers": layers}
        if own is not None:
            change["prompt"] = answer["prompt"]
        before, after = (each.get("surface", {}).get("name") for each in (state["layers"], layers))
        if isinstance(after, str) and after != before and before == state["name"]:
            change["name"] = after
        changed = [layer for layer in layers if layers[layer] != state["layers"][layer]]
        return change, [told for layer in changed for told in deltas(layer, layers[layer])]

    async def _audit(self, taking: Taking, stage: Stage) -> Change:
        """Have what is blamed drafted anew, as often as the pipeline allows."""
        state, told = dict(taking.state), list[Told]()
        for turn in range(taking.pipeline.rounds + 1):
            certain = _contradictions(taking.run, state)
            if certain and not turn:
                await taking.blamed()
            if turn == taking.pipeline.rounds:
                break
            found = certain
            if stage.ask and (not turn or certain):
                found = [*certain, *await self._opinions(taking, stage, state)]
            if not found:
                break
            change, more = await self._mended(taking._replace(state=state), found, turn)
            state |= change
            told += more
        if certain:
            details = [
                Detail([*each.place.strip("/").split("/")], each.message, "value_error") for each in certain
            ]
            message = f"`{certain[0].place}`: {certain[0].message}; ask again, perhaps with a clearer intent."
            raise failed(Fault.PERSONA_INVALID, message, details=details)
        kept = ("layers", "name", "prompt")
        return {key: state[key] for key in kept if key in state}, told

    async def _opinions(self, taking: Taking, stage: Stage, state: State) -> list[Finding]:
        """Ask for a second opinion: it may blame more, and clears nothing."""
        form = opinions.schema(state["layers"])
        asked = msgspec.structs.replace(stage, schema=form)
        return opinions.read(await self._ask(taking, asked, state))

    async def _mended(self, taking: Taking, found: Sequence[Finding], turn: int) -> Change:
        pipeline, state = taking.pipeline, dict(taking.state)
        if taking.run.task == "refine":
            stage = next(stage for stage in pipeline.refine if stage.name == "revision")
            return await self._revise(taking, stage, blame_of(found))
        told = list[Told]()
        stages = {stage.layer: stage for stage in pipeline.steps if stage.layer is not None}
        for layer in dict.fromkeys(finding.layer for finding in found if finding.layer in stages):
            stage = stages[layer]
            blame = blame_of([finding for finding in found if finding.layer == layer])
            mended = msgspec.structs.replace(stage, ask=stage.ask + blame)
            answer = await self._ask(taking, mended, state, turn + 1)
            drafted = settled(layer, answer, state)
            state["layers"] = {**state["layers"], layer: drafted}
            told += deltas(layer, drafted)
        return {"layers": state["layers"]}, told

    async def _render(self, taking: Taking, stage: Stage) -> Change:
        state = taking.state
        if state.get("has_own_prompt"):
            return {"prompt": state["prompt"]}, []
        return {"prompt": template.render(state["name"], taking.run.inputs.language, state["layers"])}, []

    async def _exemplify(self, taking: Taking, stage: Stage) -> Change:
        """Ask for example lines, and once more for those that the scorer does not find in character."""
        state, written = taking.state, 0
        kept = _spoken(taking.run, state)
        if len(kept) > MANY:
            return {"examples": kept, "left_out": 0}, []
        before = len(kept)
        if kept:
            kept = await self._fitting(taking, kept)
        for turn in range(2):
            if len(kept) >= EXAMPLES:
                break
            answer = await self._ask(taking, stage, state, 10 * turn)
            written += len(answer["lines"])
            kept = await self._fitting(taking, [*kept, *answer["lines"]])
        kept = kept[: max(EXAMPLES, before)]
        return {"examples": kept, "left_out": before + written - len(kept)}, []

    async def _fitting(self, taking: Taking, lines_: Sequence[str]) -> list[str]:
        state, language = taking.state, taking.run.inputs.language
        return await asyncio.to_thread(
            lines.fitting, state["name"], language, state["prompt"], state["layers"], lines_
        )

    async def _ask(
        self,
        taking: Taking,
        stage: Stage,
        state: State,
        more: int = 0,
        check: Callable[[Any], str] = lambda _: "",
    ) -> Any:
        run = taking.run
        seed = run.inputs.seed + more
        return await self._asker.ask(run, taking.pipeline, stage, known(state), taking.meter, seed, check)


def _contradictions(run: Run, state: State) -> list[Finding]:
    """List what contradicts itself; what a persona has had before it is refined is its author's affair."""
    found = audit(state["layers"], run.inputs.intent, state["name"])
    return [each for each in found if [each.place, each.message] not in state.get("accepted", ())]


def _spoken(run: Run, state: State) -> list[str]:
    """Give the lines that a refined persona has already, unless it now speaks in another voice."""
    if run.task == "create" or len(state["examples"]) > MANY:
        return list(state.get("examples", ()))
    is_same = state["layers"].get("mask") == state["before"].get("mask")
    return list(state["examples"]) if is_same else []
