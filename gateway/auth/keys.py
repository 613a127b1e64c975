"""API keys: how they look, how they are stored and how they are recognised."""

import hashlib
import hmac
from typing import Literal

import msgspec

from gateway import clock, ids
from gateway.limits.bounds import KeyLimits

Mode = Literal["live", "test"]

PREFIX_LENGTH = 10
SECRET_LENGTH = 30
"""30 digits of base62 hold 178 bits."""


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant; its mode never changes."""

    id: str
    name: str
    mode: Mode
    created_at: int
    plan: str | None = None
    """The plan that it was given; `None` leaves it to the configuration."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored, which is never the key itself."""

    id: str
    workspace_id: str
    owner: str
    """The id of whoever holds the key; it stays when the key is rotated, and owns private personas."""
    name: str
    prefix: str
    """The public part, by which the key is found."""
    hash: str
    scopes: list[str]
    operator: bool
    """An operator's key may make workspaces, and keys in any of them."""
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None
    last_used_at: int | None = None
    limits: KeyLimits | None = None
    """Limits of its own, beside those of its workspace."""

    def is_valid(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or clock.now_ms() < self.expires_at)


def generate(mode: Mode) -> str:
    """Make a new key, `pk_live_…` or `pk_test_…`."""
    return f"pk_{mode}_{ids.secret(PREFIX_LENGTH + SECRET_LENGTH)}"


def prefix(key: str) -> str:
    """Cut off the part by which the store finds the key; it is not secret."""
    return key[: len("pk_live_") + PREFIX_LENGTH]


class Hasher:
    """Hashes keys by HMAC-SHA256 under the pepper, so that a stolen store alone recognises no key."""

    def __init__(self, pepper: bytes) -> None:
        self._inner = hmac.new(pepper, digestmod=hashlib.sha256)

    def hash(self, key: str) -> str:
        """Return 64 hexadecimal digits."""
        mac = self._inner.copy()
        mac.update(key.encode("utf-8", "surrogatepass"))
        return mac.hexdigest()

    def matches(self, key: str, hash: str) -> bool:
        """Compare in a time that does not depend on where the two differ."""
        return hmac.compare_digest(self.hash(key), hash)
