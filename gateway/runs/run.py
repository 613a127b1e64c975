"""A run makes a persona from an intent, or refines one; its events tell what happened in it."""

from typing import Any, Literal

import msgspec

from gateway.personas.model import Visibility

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
OPEN: tuple[Status, ...] = ("queued", "running")
Task = Literal["create", "refine"]
EventType = Literal[
    "run.started", "step.completed", "layer.delta", "run.completed", "run.failed", "run.cancelled"
]
LAST: tuple[EventType, ...] = ("run.completed", "run.failed", "run.cancelled")
"""No event follows one of these."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the workspace's own that a run is asked for, as it was registered then."""

    name: str
    layer: str
    description: str
    schema: dict[str, Any]
    value: Any = None
    """The value that was given; `None` where the run makes one."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """A run was asked for this."""

    intent: str
    """A run that refines has its instruction here."""
    language: str
    visibility: Visibility
    name: str | None = None
    slug: str | None = None
    seed: int
    budget_usd: float | None = None
    version: int | None = None
    """The version that a run refines."""
    from_step: str | None = None
    """The step with which a replay begins; it takes what was before from the run that it repeats."""
    fields: list[Wanted] = []


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A run has ended with this result."""

    version: int
    examples_left_out: int = 0
    demonstration: bool = False
    """Tells that the bundled model wrote of it."""
    patch: list[dict[str, Any]] | None = None
    """A JSON patch from what was before: the version that was refined, or the result that is repeated."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    id: str
    workspace_id: str
    owner: str | None
    key_id: str | None
    is_private: bool
    status: Status
    task: Task = "create"
    origin: str | None = None
    """The run that this one repeats."""
    inputs: Inputs
    pipeline: str
    fingerprint: str
    persona_id: str | None
    result: Result | None = None
    error: dict[str, Any] | None
    cost_usd: float | None
    tokens: int
    is_blamed: bool = False
    """Tells that the audit has found something at first."""
    created_at: int
    ended_at: int | None


class Event(msgspec.Struct, frozen=True):
    """One event; `number` counts up within its run, with gaps."""

    number: int
    type: EventType
    data: msgspec.Raw
    at: int
