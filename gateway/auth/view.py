"""The native API shows workspaces, keys and the audit log like this."""

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from gateway import clock
from gateway.auth.keys import Key, Mode, Workspace
from gateway.config import Plan
from gateway.limits.bounds import KeyLimits

if TYPE_CHECKING:
    # A command that works on a gateway somewhere else needs these shapes, and no database.
    from gateway.storage.audit import Entry


class WorkspaceView(msgspec.Struct, frozen=True):
    id: str
    name: str
    mode: Mode
    created_at: str


class KeyView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key as it is shown; `key` itself stands only in the answer to the request that made it."""

    id: str
    name: str
    prefix: str
    workspace: str
    scopes: list[str]
    operator: bool
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    limits: KeyLimits | None = None
    key: str | None = None


class CurrentKey(msgspec.Struct, frozen=True):
    """Shows the key that asks, and the workspace that it asks for."""

    key: KeyView
    workspace: WorkspaceView


class PlanView(msgspec.Struct, frozen=True):
    """The plan of a workspace, and where it was named."""

    workspace: str
    plan: str | None
    source: Literal["api", "config"] | None
    limits: Plan | None


class AuditView(msgspec.Struct, frozen=True):
    id: str
    action: str
    subject: str
    key: str | None
    """Null where it was done at a terminal."""
    details: dict[str, Any]
    at: str


def show_workspace(workspace: Workspace) -> WorkspaceView:
    return WorkspaceView(workspace.id, workspace.name, workspace.mode, clock.iso(workspace.created_at))


def show_key(key: Key) -> KeyView:
    return KeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        workspace=key.workspace_id,
        scopes=key.scopes,
        operator=key.operator,
        created_at=clock.iso(key.created_at),
        expires_at=clock.iso_or_none(key.expires_at),
        revoked_at=clock.iso_or_none(key.revoked_at),
        last_used_at=clock.iso_or_none(key.last_used_at),
        limits=key.limits,
    )


def show_entry(entry: "Entry") -> AuditView:
    return AuditView(entry.id, entry.action, entry.subject, entry.key_id, entry.details, clock.iso(entry.at))
