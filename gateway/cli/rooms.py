"""A target has rooms, such as its keys and its turns, and a group of commands works on each."""

from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple, Protocol

import msgspec

from gateway.auth.view import KeyView
from gateway.budgets.budget import Period, Unit
from gateway.budgets.view import BudgetView
from gateway.conversations.view import ConversationView, MessageView
from gateway.importing.formats import Format
from gateway.importing.view import Imported
from gateway.personas.model import Draft, Visibility
from gateway.personas.view import PersonaView, VersionView
from gateway.turns.drift_view import Bucket, DriftHistory
from gateway.turns.view import By, TurnDetail, TurnView, UsageView
from gateway.webhooks.view import (
    DeliveryView,
    ReplayBody,
    SecretBody,
    WebhookBody,
    WebhookPatch,
    WebhookView,
)
from gateway.webhooks.webhook import State


class Found(NamedTuple):
    """A persona, and the version that REF names: how it is shown, and the draft that it was made from."""

    persona: PersonaView
    version: VersionView
    draft: Draft


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is wanted; without scopes it gets the default ones."""

    name: str
    scopes: list[str] | None
    operator: bool
    expires_at: int | None
    """Milliseconds since the epoch."""


class MadeKey(NamedTuple):
    id: str
    key: str
    where: str


class Turns(msgspec.Struct, frozen=True, kw_only=True):
    """Says which turns are wanted; `since` is in milliseconds since the epoch."""

    persona: str | None = None
    status: str | None = None
    request_id: str | None = None
    since: int | None = None


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """Says which part of a persona's history is wanted; `since` is in milliseconds since the epoch."""

    persona_id: str
    bucket: Bucket
    version: int | None = None
    upstream: str | None = None
    since: int | None = None


class Conversations(Protocol):
    """The conversations of a target; every method raises Failure where it cannot do what is asked."""

    async def listed(self, persona: str | None, limit: int) -> list[ConversationView]:
        """List them, the newest first."""

    async def path(self, conversation_id: str, leaf: str | None, limit: int) -> list[MessageView]:
        """Read at most so many of the last messages of a path, the oldest of them first."""

    def exported(self, conversation_id: str) -> AsyncGenerator[bytes, None]:
        """Yield its messages as lines of JSON."""

    async def take_in(self, found: Found, title: str, lines: bytes) -> ConversationView:
        """Make a conversation of such lines with the version that was found."""

    async def delete(self, conversation_id: str) -> None: ...


class Document(NamedTuple):
    """A document of another product."""

    format: Format
    data: bytes
    name: str
    """The name of its file."""
    slug: str | None
    visibility: Visibility


class Imports(Protocol):
    """Documents of other products can be imported into a target."""

    async def take(self, document: Document) -> list[Imported]:
        """Make personas of the document: all of them, or none. Raises Failure."""


class Gateways(Protocol):
    """Stands for the gateways that run on a target."""

    def reload(self) -> AsyncGenerator[tuple[str, list[str]], None]:
        """Have each read its configuration again, and yield its address and the tables that have changed.

        It raises Failure where a new configuration is refused.
        """


class Keys(Protocol):
    """The keys of a target; every method raises Failure where it cannot do what is asked."""

    async def create(self, wanted: NewKey) -> MadeKey: ...

    async def listed(self) -> list[KeyView]: ...

    async def revoke(self, key_id: str) -> bool:
        """Revoke the key; tells whether it was valid until now, as far as that is known."""

    async def rotate(self, key_id: str, grace: int) -> MadeKey:
        """Make a successor with the same rights; the old key ends after `grace` seconds."""


class TurnRecord(Protocol):
    """The turns of a target; every method raises Failure where it cannot do what is asked."""

    async def listed(self, wanted: Turns, limit: int) -> list[TurnView]:
        """List turns; those that ended last come first."""

    async def find(self, turn_id: str) -> TurnDetail: ...

    async def usage(self, by: By, wanted: Turns) -> list[UsageView]:
        """Sum up requests, tokens and cost; days come in their order, else the largest group first."""

    async def history(self, wanted: Course) -> DriftHistory:
        """Tell how far the persona's answers were, for each version on each upstream."""

    def follow(self, wanted: Turns, ready: Callable[[], None]) -> AsyncGenerator[TurnView, None]:
        """Yield turns as they end, for ever; `ready` is called once no turn can be missed any more."""


class Budgets(Protocol):
    """The budgets of a target; a subject is an id, or `workspace`. Every method raises Failure."""

    async def listed(self, subject: str | None) -> list[BudgetView]:
        """List them as they stand now, the newest first."""

    async def set(self, subject: str, unit: Unit, period: Period, limit: float) -> BudgetView: ...

    async def remove(self, subject: str, unit: Unit, period: Period) -> None: ...


class Webhooks(Protocol):
    """The webhooks of a target; every method raises Failure where it cannot do what is asked."""

    async def create(self, wanted: WebhookBody) -> WebhookView:
        """Make a webhook, and show its secret."""

    async def listed(self) -> list[WebhookView]: ...

    async def change(self, webhook_id: str, wanted: WebhookPatch) -> WebhookView: ...

    async def rotate(self, webhook_id: str, wanted: SecretBody) -> WebhookView: ...

    async def delete(self, webhook_id: str) -> None: ...

    async def test(self, webhook_id: str) -> DeliveryView: ...

    async def deliveries(self, webhook_id: str, status: State | None, limit: int) -> list[DeliveryView]: ...

    async def replay(self, webhook_id: str, delivery_id: str) -> DeliveryView: ...

    async def replay_span(self, webhook_id: str, wanted: ReplayBody) -> int:
        """Replay all that were written within a span of time; tells how many."""
