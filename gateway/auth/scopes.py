"""Scopes say what a key may do."""

from collections.abc import Iterable

SCOPES = (
    "personas:read",
    "personas:write",
    "personas:fork",
    "runs:read",
    "runs:cancel",
    "chat:invoke",
    "chat:read",
    "webhooks:manage",
    "config:read",
    "config:write",
    "keys:manage",
)
ANY_KEY = "any"
"""A route that declares this in place of a scope is there for every key."""
DEFAULT = ("personas:*", "runs:read", "chat:invoke")
"""A key that is made without naming scopes has these."""


class ScopeError(Exception):
    """A scope that does not exist; the message names it."""


def expand(wanted: Iterable[str]) -> list[str]:
    """List plain scopes in their order, with `personas:*` and `*` resolved. Raises ScopeError."""
    chosen: set[str] = set()
    for scope in wanted:
        matching = [known for known in SCOPES if _matches(scope, known)]
        if not matching:
            raise ScopeError(f"there is no scope `{scope}`; there are: {', '.join(SCOPES)}")
        chosen.update(matching)
    return [scope for scope in SCOPES if scope in chosen]


def _matches(wanted: str, known: str) -> bool:
    return wanted in ("*", known) or (wanted.endswith(":*") and known.startswith(wanted[:-1]))
