"""Runs are shown and asked for like this."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from gateway import clock
from gateway.personas.body import PersonaBody
from gateway.runs.pipelines import Known, Source
from gateway.runs.run import Event, Result, Run, Status, Task


class CreateBody(PersonaBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new persona: from an `intent`, by a run; or `name` or `slug`, and `prompt` or a layer."""

    intent: str | UnsetType = UNSET
    seed: int | UnsetType = UNSET
    budget_usd: float | UnsetType = UNSET
    from_enhancement: str | UnsetType = UNSET
    pipeline: str | UnsetType = UNSET
    custom_fields: dict[str, Any] | UnsetType = UNSET


class RefineBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A few sentences say what is to become otherwise with a persona."""

    instruction: str
    seed: int | UnsetType = UNSET
    budget_usd: float | UnsetType = UNSET
    pipeline: str | UnsetType = UNSET


class StepView(msgspec.Struct, frozen=True):
    """Shows a step that is done."""

    step: str
    tokens: int
    cost_usd: float | None
    latency_ms: float


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One run that makes a persona, or refines one."""

    id: str
    status: Status
    task: Task
    replay_of: str | None
    from_step: str | None
    intent: str
    language: str
    visibility: str
    seed: int
    budget_usd: float | None
    pipeline: str
    fingerprint: str
    persona: str | None
    result: Result | None
    tokens: int
    cost_usd: float | None
    error: dict[str, Any] | None
    created_at: str
    ended_at: str | None


class RunDetail(RunView, frozen=True, kw_only=True):
    """One run, with the steps that are done."""

    steps: list[StepView]


def show(run: Run) -> RunView:
    return RunView(**_shown(run))


def detail(run: Run, events: list[Event]) -> RunDetail:
    done = [event for event in events if event.type == "step.completed"]
    return RunDetail(**_shown(run), steps=[msgspec.json.decode(event.data, type=StepView) for event in done])


def _shown(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "status": run.status,
        "task": run.task,
        "replay_of": run.origin,
        "from_step": run.inputs.from_step,
        "intent": run.inputs.intent,
        "language": run.inputs.language,
        "visibility": run.inputs.visibility,
        "seed": run.inputs.seed,
        "budget_usd": run.inputs.budget_usd,
        "pipeline": run.pipeline,
        "fingerprint": run.fingerprint,
        "persona": run.persona_id,
        "result": run.result,
        "tokens": run.tokens,
        "cost_usd": run.cost_usd,
        "error": run.error,
        "created_at": clock.iso(run.created_at),
        "ended_at": clock.iso_or_none(run.ended_at),
    }


class PipelineView(msgspec.Struct, frozen=True, kw_only=True):
    """Shows a pipeline that runs may follow."""

    name: str
    active: bool
    source: Source
    fingerprint: str
    steps: list[str]
    refines: bool
    rounds: int


def show_pipeline(known: Known, active: str) -> PipelineView:
    pipeline = known.pipeline
    return PipelineView(
        name=pipeline.name,
        active=pipeline.name == active,
        source=known.source,
        fingerprint=pipeline.fingerprint,
        steps=[stage.name for stage in pipeline.steps],
        refines=bool(pipeline.refine),
        rounds=pipeline.rounds,
    )
