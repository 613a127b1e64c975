"""A webhook is a place that is told of some events; a delivery is one event on its way there."""

from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from gateway.events.event import Event, Kind

TYPES: tuple[Kind, ...] = get_args(Kind)
"""The events that a webhook may be told of."""
TEST: Kind = "webhook.test"
MOST = 100
"""Webhooks that a workspace may have."""
URL_LENGTH = 2048
DESCRIPTION_LENGTH = 500
GRACE_SECONDS = 86_400
"""Seconds that the old secret signs after a rotation, unless the caller says otherwise."""
LONGEST_GRACE = 30 * 86_400

OffReason = Literal["gone"]
State = Literal["waiting", "delivered", "failed"]


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as it is stored, which is never with its secret."""

    seq: int
    id: str
    workspace_id: str
    owner: str
    """The owner of the key that made it; empty where it was made at a terminal."""
    key_id: str | None
    url: str
    events: list[Kind]
    description: str
    enabled: bool
    off_reason: OffReason | None
    """Says why the gateway has switched it off; `None` where it has not."""
    standard: bool
    """Tells whether the headers of Standard Webhooks go out beside ours."""
    salt: str
    mark: str
    old_salt: str | None
    old_until: int | None
    behind: int
    created_at: int
    updated_at: int

    def wants(self, event: Event) -> bool:
        """Tell whether it is to be told of the event: what is private goes to its owner alone."""
        is_for = event.workspace_id == self.workspace_id and event.owner in (None, self.owner)
        return self.enabled and is_for and event.seq > self.behind and event.type in self.events

    def salts(self, now: int) -> Sequence[str]:
        """List the salts of the secrets that sign now; the older one comes first."""
        is_old_there = self.old_salt is not None and self.old_until is not None and now < self.old_until
        return [self.old_salt, self.salt] if is_old_there and self.old_salt is not None else [self.salt]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    id: str
    webhook_id: str
    workspace_id: str
    event_id: str
    type: Kind
    owner: str | None
    """The owner of the keys that may know of the event; `None` means the whole workspace."""
    body: str
    """The event as it goes out, as JSON."""
    state: State
    work_id: str
    attempts: int
    tries: int
    """Attempts since it was last put on its way."""
    status: int | None
    """The status of the last answer; `None` where there was none."""
    error: str | None
    """Says what was wrong with the last attempt."""
    latency_ms: float | None
    attempted_at: int | None
    next_at: int | None
    created_at: int
    ended_at: int | None

    def is_shown_to(self, owner: str | None) -> bool:
        """Tell whether a key of this owner may know of it; `None` may know of all."""
        return owner is None or self.owner in (None, owner)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt had this outcome."""

    at: int
    latency_ms: float
    status: int | None = None
    error: str | None = None
    """`None` where it was delivered."""

    @property
    def is_gone(self) -> bool:
        """Tell whether the receiver wants nothing any more."""
        return self.status == 410
