"""A run makes a persona from an intent; its events tell what happened in it."""

from typing import Any, Literal

import msgspec

from gateway.personas.model import Visibility

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
OPEN: tuple[Status, ...] = ("queued", "running")
EventType = Literal[
    "run.started", "step.completed", "layer.delta", "run.completed", "run.failed", "run.cancelled"
]
LAST: tuple[EventType, ...] = ("run.completed", "run.failed", "run.cancelled")
"""No event follows one of these."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was asked for."""

    intent: str
    language: str
    visibility: Visibility
    name: str | None = None
    slug: str | None = None
    seed: int
    budget_usd: float | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    id: str
    workspace_id: str
    owner: str | None
    key_id: str | None
    is_private: bool
    status: Status
    inputs: Inputs
    pipeline: str
    fingerprint: str
    persona_id: str | None
    error: dict[str, Any] | None
    cost_usd: float | None
    tokens: int
    created_at: int
    ended_at: int | None

    def is_shown_to(self, workspace_id: str, owner: str) -> bool:
        """Tell whether keys of this owner may know of it; the run of a private persona is its owner's."""
        return self.workspace_id == workspace_id and (not self.is_private or self.owner == owner)


class Event(msgspec.Struct, frozen=True):
    """One event; `number` counts up within its run, with gaps."""

    number: int
    type: EventType
    data: msgspec.Raw
    at: int
