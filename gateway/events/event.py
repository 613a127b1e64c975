"""An event is something that has happened, told in ids and numbers, never with a prompt or a text."""

from typing import Literal

import msgspec

Kind = Literal[
    "persona.created",
    "persona.updated",
    "persona.forked",
    "persona.archived",
    "run.completed",
    "run.failed",
    "conversation.drift_detected",
    "moderation.flagged",
    "audit.test_failed",
    "persona.drift_alert",
    "budget.threshold",
    "model.retiring",
    "webhook.test",
]
"""Whoever writes events of another kind adds it here."""
Value = str | int | float | None
NOBODY = ""
"""The owner of what is private and was made at a terminal, without a key."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `seq` is its place in the order of the table."""

    seq: int
    id: str
    type: Kind
    workspace_id: str
    owner: str | None
    """The owner of the keys that may be told of it; `None` means the whole workspace."""
    data: dict[str, Value]
    created_at: int
