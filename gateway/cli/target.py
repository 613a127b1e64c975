"""A command works on a target: the store here or, with `--url` or `--remote`, a gateway somewhere else."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec

from gateway.auth.view import AuditView
from gateway.cli.rooms import Budgets, Conversations, Found, Gateways, Imports, Keys, TurnRecord, Webhooks
from gateway.cli.running import Runs
from gateway.personas.model import Draft
from gateway.personas.name import ModelName
from gateway.personas.reading import RuleList
from gateway.personas.view import Diff, LabelMove, PersonaView, VersionView

if TYPE_CHECKING:
    # Its figures need numpy, which no other command should wait for.
    from gateway.studio.view import Population

Outcome = Literal["created", "new-version", "profile", "unchanged"]


class Pushed(NamedTuple):
    """Says what a push did with a file; `before` is what it replaced, `None` for a new persona."""

    draft: Draft
    before: Draft | None
    version: int
    outcome: Outcome


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Says which entries of the audit log are wanted; `action` may be the start of one, as `label.`."""

    subject: str | None = None
    action: str | None = None


class Populations(Protocol):
    """Personas that are made by the hundred."""

    async def begin(self, wanted: dict[str, Any]) -> str:
        """Have a population made, and return its id."""

    async def find(self, job_id: str) -> "Population": ...


class Target(Protocol):
    """Every method raises Failure where it cannot do what is asked."""

    imports: Imports
    gateways: Gateways
    keys: Keys
    runs: Runs
    populations: Populations
    turns: TurnRecord
    conversations: Conversations
    budgets: Budgets
    webhooks: Webhooks

    @property
    def where(self) -> str:
        """Name the target in messages, such as "in the workspace `default`"."""

    @property
    def place(self) -> str:
        """Name the place of writes in messages: a workspace of a file, or a gateway's address."""

    def check(self, draft: Draft) -> None:
        """Check what can be checked before anything is written. Raises ConfigError."""

    def push(self, files: Mapping[Path, Draft]) -> AsyncGenerator[Pushed, None]:
        """Write the drafts, in their order."""

    async def personas(self) -> list[PersonaView]:
        """List those that are not archived, by slug."""

    async def find(self, ref: ModelName) -> Found:
        """Find a version; without `@` it is the one that the bare name means to callers."""

    async def versions(self, persona_id: str) -> list[VersionView]:
        """List the versions, the newest first."""

    async def rules(self, found: Found) -> RuleList:
        """List the rules of the version, declared and read from its prompt."""

    async def label(self, found: Found, label: str) -> None: ...

    async def unlabel(self, found: Found, label: str) -> None: ...

    async def moves(self, found: Found) -> list[LabelMove]:
        """List who moved which label when, the newest move first."""

    async def archive(self, found: Found) -> None:
        """Take the persona out of use; `push` brings it back."""

    async def fork(self, found: Found, slug: str, name: str | None) -> PersonaView:
        """Make a new persona of the version, for the whole workspace."""

    async def diff(self, found: Found, other: int) -> Diff:
        """Compare the version with another of the same persona."""

    async def audit(self, wanted: Sought, limit: int) -> list[AuditView]:
        """List what was written, the newest first."""
