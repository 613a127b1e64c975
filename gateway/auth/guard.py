"""The guard finds out who is calling: the key in the headers becomes a caller with a workspace and scopes."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from gateway import clock
from gateway.auth import keys, store
from gateway.auth.keys import Hasher, Key, Workspace
from gateway.auth.scopes import ANY_KEY
from gateway.cache import Cache
from gateway.errors import Fault, Refusal
from gateway.limits.bounds import NONE, Bounds
from gateway.storage.changes import Change
from gateway.storage.database import Database
from gateway.storage.failure import StoreUnavailable

CAPACITY = 10_000
"""This many keys are remembered, and as many wrong prefixes; the longest unused goes first."""
KEY_LENGTH = len("pk_live_") + keys.PREFIX_LENGTH + keys.SECRET_LENGTH


class Caller(msgspec.Struct, frozen=True):
    """Says whom a request acts for."""

    key_id: str
    workspace_id: str
    owner: str
    scopes: frozenset[str]
    operator: bool
    expires_at: int | None = None
    bounds: Bounds = NONE
    """These limit the key."""


Headers = Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]]
"""Headers under lower-case names."""
Bind = Callable[[Workspace, Key], Bounds]
"""Finds what limits a key of a workspace."""


def unlimited(_workspace: Workspace, _key: Key) -> Bounds:
    return NONE


class _Known(msgspec.Struct):
    """Pairs a key that the store has with its caller."""

    key: Key
    caller: Caller
    digest: bytes = b""
    """The digest of the key itself, once the key has been found right."""


class Guard:
    """Recognises keys; a key that was seen before costs no SQL."""

    def __init__(self, database: Database, hasher: Hasher, bind: Bind = unlimited) -> None:
        self._database = database
        self._bind = bind
        self.hasher = hasher
        # Two caches, so that a flood of wrong keys never drives out a right one.
        self._known: Cache[str, _Known] = Cache(CAPACITY)
        self._unknown: Cache[str, bool] = Cache(CAPACITY)
        self._epoch = 0
        self.used: dict[str, int] = {}
        """It tells when each key, by its id, was last used, in milliseconds, since it was last emptied."""

    async def admit(self, headers: Headers, scope: str | None, operator: bool = False) -> Caller:
        """Find the caller of these ASGI headers, whose key must have the scope, if any. Raises Refusal."""
        caller = await self.caller(headers)
        require(caller, scope, operator=operator)
        return caller

    async def caller(self, headers: Headers) -> Caller:
        """Find the caller of these ASGI headers. Raises Refusal."""
        key, workspace = credentials(headers)
        if key is None:
            raise _unauthorized("No API key was sent; put it into the header `Authorization: Bearer pk_…`.")
        prefix = keys.prefix(key)
        known = self._known.recall(prefix) or await self._load(key, prefix)
        if known is None or not self._is_right(key, known) or not known.key.is_valid():
            raise invalid_key()
        caller = known.caller
        self.used[caller.key_id] = clock.now_ms()
        if workspace is not None and workspace != caller.workspace_id:
            raise Refusal(Fault.WORKSPACE_MISMATCH)
        return caller

    async def holder(self, workspace_id: str, key_id: str) -> Caller | None:
        """Find the caller of a key by its id, for what goes on when nobody calls; `None` once it has ended.

        Raises StoreUnavailable.
        """
        async with self._database.read() as connection:
            found = await store.key(connection, workspace_id, key_id)
            home = await store.workspace_by_id(connection, workspace_id)
        if found is None or home is None or not found.is_valid():
            return None
        return _caller(found, self._bind(home, found))

    def forget(self, changes: Sequence[Change]) -> None:
        """Drop the keys that were changed; an empty sequence means all of them."""
        stale = {change.subject for change in changes if change.topic == "key"}
        workspaces = {change.subject for change in changes if change.topic == "workspace"}
        if changes and not stale and not workspaces:
            return
        self._epoch += 1
        self._unknown.clear()
        if changes:
            for prefix in stale:
                self._known.drop(prefix)
            if workspaces:
                self._known.drop_where(lambda known: known.caller.workspace_id in workspaces)
        else:
            self._known.clear()

    def _is_right(self, key: str, known: _Known) -> bool:
        """Tell whether this is the key that is known by its prefix, and not another one that begins alike."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        if hmac.compare_digest(digest, known.digest):
            # The key was found right before; the store's HMAC would be six times the work.
            return True
        if not self.hasher.matches(key, known.key.hash):
            return False
        known.digest = digest
        return True

    async def _load(self, key: str, prefix: str) -> _Known | None:
        if len(key) != KEY_LENGTH or not key.startswith(("pk_live_", "pk_test_")) or not key.isascii():
            return None
        if prefix in self._unknown:
            return None
        epoch = self._epoch
        try:
            async with self._database.read() as connection:
                found = await store.key_by_prefix(connection, prefix)
                home = await store.workspace_by_id(connection, found.workspace_id) if found else None
        except StoreUnavailable:
            raise Refusal(Fault.STORE_UNAVAILABLE) from None
        known = _Known(found, _caller(found, self._bind(home, found))) if found and home else None
        # A change that came in during the read may be newer than what was read.
        if epoch == self._epoch:
            if known is None:
                self._unknown.keep(prefix, True)
            else:
                self._known.keep(prefix, known)
        return known


def credentials(headers: Headers) -> tuple[str | None, str | None]:
    """Read the key and the workspace from the headers; `Authorization` comes before the other two places."""
    named = headers if isinstance(headers, Mapping) else dict(headers)
    scheme, _, token = named.get(b"authorization", b"").partition(b" ")
    key = token.strip() if scheme.lower() == b"bearer" else b""
    key = key or named.get(b"x-api-key", b"").strip() or named.get(b"api-key", b"").strip()
    workspace = named.get(b"persona-workspace")
    named_workspace = None if workspace is None else workspace.decode("latin-1").strip()
    return (key.decode("latin-1") if key else None), named_workspace


def require(caller: Caller, scope: str | None, *, operator: bool) -> None:
    """Raises Refusal where the caller lacks the scope, or would have to be an operator."""
    if scope not in (None, ANY_KEY) and scope not in caller.scopes:
        raise Refusal(Fault.SCOPE_MISSING, f"This key lacks the scope `{scope}`; use one that has it.")
    if operator and not caller.operator:
        raise Refusal(Fault.OPERATOR_REQUIRED)


def _caller(key: Key, bounds: Bounds) -> Caller:
    scopes = frozenset(key.scopes)
    return Caller(key.id, key.workspace_id, key.owner, scopes, key.operator, key.expires_at, bounds)


def invalid_key() -> Refusal:
    return _unauthorized()


def _unauthorized(message: str | None = None) -> Refusal:
    return Refusal(Fault.KEY_INVALID, message, headers={"www-authenticate": "Bearer"})
