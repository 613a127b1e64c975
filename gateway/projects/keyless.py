"""Clients that know no keys are let into one workspace, from this machine alone and past no browser."""

import ipaddress
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.auth import store as auth
from gateway.auth.access import Admission
from gateway.auth.door import Door
from gateway.auth.guard import Caller, credentials
from gateway.config import Config
from gateway.events.event import NOBODY
from gateway.storage.database import Database

KEY_ID = "keyless"
"""Stands in the audit log where a key would."""
SCOPES = frozenset({"personas:read", "personas:write"})
FORWARDED = (b"forwarded", b"x-forwarded-", b"x-real-ip", b"via")
"""Headers, or beginnings of them, by which a proxy says that the caller is somebody else."""
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class ProjectAdmission(Admission):
    """Admits callers of the projects API by their key, or without one where that is switched on."""

    def __init__(self, door: Door, database: Database, config: Config) -> None:
        super().__init__(door)
        self._database = database
        self._named = config.projects.keyless
        self._caller: Caller | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if self._named is not None and is_old_client(scope):
            caller = self._caller or await self._found(self._named)
            if caller is not None:
                self._caller = caller
                scope["state"]["caller"] = caller
                await next_app(scope, receive, send)
                return
        await super().handle(scope, receive, send, next_app)

    async def _found(self, named: str) -> Caller | None:
        """Make the caller of the workspace; `None` where there is no such workspace."""
        async with self._database.read() as connection:
            home = await auth.workspace_by_id(connection, named)
            home = home or await auth.workspace(connection, named)
        return Caller(KEY_ID, home.id, NOBODY, SCOPES, operator=False) if home is not None else None


def is_old_client(scope: Any) -> bool:
    """Tell whether a request without a key comes from a program on this machine.

    A page in a browser sends `Origin` or `Sec-Fetch-Site` with whatever it may read the answer of or
    change something with, and needs a name of its own to have us taken for its server; a form cannot send
    JSON. A proxy on this machine says for whom it speaks.
    """
    headers = scope["headers"]
    named = dict(headers)
    if credentials(headers)[0] is not None or b"authorization" in named:
        return False
    peer = scope.get("client")
    if peer is None or not _is_loopback(peer[0]):
        return False
    host = named.get(b"host", b"").decode("latin-1").lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name not in LOOPBACK_NAMES:
        return False
    if any(header == b"origin" or header.startswith(FORWARDED) for header in named):
        return False
    if named.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
        return False
    return _is_json(named)


def _is_json(named: dict[bytes, bytes]) -> bool:
    """Tell whether the body is said to be JSON, or there is none."""
    kind = named.get(b"content-type")
    if kind is None:
        return b"transfer-encoding" not in named and named.get(b"content-length", b"0") == b"0"
    return kind.partition(b";")[0].strip().lower() == b"application/json"


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
