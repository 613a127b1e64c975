"""A key hands on no more than it may do itself: these say what the caller's may give to another."""

from datetime import UTC, datetime

import msgspec

from gateway import clock
from gateway.auth import store
from gateway.auth.guard import Caller, invalid_key
from gateway.auth.keys import Key, Workspace
from gateway.auth.scopes import DEFAULT, ScopeError, expand
from gateway.errors import Detail, Fault, Refusal
from gateway.limits.bounds import KeyLimits
from gateway.storage.connection import AsyncConnection

LAST_MS = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)
SCOPES_NAMED = 50
"""A list of this length names every scope; there are fewer, but wildcards may name some twice."""


class KeyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without scopes a key gets `personas:*`, `runs:read`, `chat:invoke`, as far as the caller has these."""

    name: str = ""
    scopes: list[str] | None = None
    expires_at: datetime | None = None
    """The time needs a zone."""
    limits: KeyLimits | None = None
    """Limits of its own, within those of the workspace."""
    workspace: str | None = None
    """A `ws_…` id, which only operators may name."""


async def still_valid(connection: AsyncConnection, caller: Caller) -> Key:
    """Read the caller's own key as it is now; what was remembered may be a moment old. Raises Refusal."""
    own = await store.key(connection, caller.workspace_id, caller.key_id)
    if own is None or not own.is_valid():
        raise invalid_key()
    return own


async def own_key(connection: AsyncConnection, caller: Caller, key_id: str) -> Key:
    found = await store.key(connection, caller.workspace_id, key_id)
    if found is None:
        raise unknown_key()
    return found


async def workspace_for(connection: AsyncConnection, body: KeyBody, caller: Caller) -> Workspace:
    """Find the workspace of the new key; only operators are told whether a foreign one exists."""
    if body.workspace not in (None, caller.workspace_id) and not caller.operator:
        raise Refusal(
            Fault.OPERATOR_REQUIRED, "Only an operator's key may name another workspace; leave it out."
        )
    found = await store.workspace_by_id(connection, body.workspace or caller.workspace_id)
    if found is None:
        raise Refusal(Fault.WORKSPACE_UNKNOWN)
    return found


def scopes_for(body: KeyBody, caller: Caller) -> list[str]:
    """Expand the scopes asked for, at most those of the caller. Raises Refusal."""
    if body.scopes is None:
        return [scope for scope in expand(DEFAULT) if scope in caller.scopes]
    if len(body.scopes) > SCOPES_NAMED or any(len(scope) > 64 for scope in body.scopes):
        raise unacceptable("scopes", f"at most {SCOPES_NAMED} of at most 64 characters each")
    try:
        wanted = expand(body.scopes)
    except ScopeError as error:
        raise unacceptable("scopes", str(error)) from None
    missing = [scope for scope in wanted if scope not in caller.scopes]
    if missing:
        raise Refusal(
            Fault.RIGHTS_EXCEEDED, f"Your key has not the scopes {', '.join(missing)}; leave them out."
        )
    return wanted


def expiry(body: KeyBody, own: Key) -> int | None:
    """Return milliseconds, no later than the end of the caller's own key. Raises Refusal."""
    if body.expires_at is None:
        return own.expires_at
    if body.expires_at.tzinfo is None:
        raise unacceptable("expires_at", "a time zone is needed, such as `2030-01-01T00:00:00Z`")
    at = int(body.expires_at.timestamp() * 1000)
    if not clock.now_ms() < at <= LAST_MS:
        raise unacceptable("expires_at", "must be in the future, and before the year 10000")
    if own.expires_at is not None and at > own.expires_at:
        raise Refusal(
            Fault.RIGHTS_EXCEEDED, "A key may not outlive the one that makes it; choose an earlier end."
        )
    return at


def sooner(one: int | None, other: int | None) -> int | None:
    """Return the earlier of two ends, where `None` means that there is none."""
    ends = [end for end in (one, other) if end is not None]
    return min(ends, default=None)


def require_no_more(key: Key, caller: Caller) -> None:
    """Raises Refusal where the key may do what the caller may not."""
    if not caller.scopes.issuperset(key.scopes) or (key.operator and not caller.operator):
        raise Refusal(Fault.RIGHTS_EXCEEDED, "That key may do more than yours; use one that may do as much.")


async def require_unbudgeted(connection: AsyncConnection, own: Key) -> None:
    """Raises Refusal where a budget binds the caller's key, which would not bind a new one."""
    if not own.operator and await store.is_budgeted(connection, own):
        raise Refusal(
            Fault.RIGHTS_EXCEEDED, "Your key has a budget of its own, which a new key would not have."
        )


def unknown_key() -> Refusal:
    return Refusal(Fault.KEY_UNKNOWN)


def unacceptable(place: str, problem: str) -> Refusal:
    details = [Detail([place], problem, "value_error")]
    return Refusal(Fault.KEY_UNACCEPTABLE, f"`{place}`: {problem}.", details=details)
