"""A Litestar route admits its caller by the scope that it declares, and learns who that is."""

from collections.abc import Callable
from typing import Any, Self

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.params import SkipValidation
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.auth.door import Door, Need
from gateway.auth.guard import Caller
from gateway.config import Config
from gateway.errors import OPENAI_PREFIX, Fault, Refusal
from gateway.storage.audit import Actor
from gateway.storage.database import Database

Connection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = Request[Any, Any, Any]
Store = NamedDependency[SkipValidation[Database]]
"""The store that a native route works on, which the application hands to whoever names it `database`."""


Settings = NamedDependency[SkipValidation[Config]]
"""The configuration, for those who name it `config`."""


class Admission(ASGIMiddleware):
    """Puts the admitted caller of a Litestar route into `scope["state"]`, or refuses."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __deepcopy__(self, _memo: object) -> Self:
        # Litestar copies routers with everything in them, and connections to a store cannot be copied.
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        state = scope["state"]
        state["caller"] = await self._door.admit(scope["headers"], state["connection"], _need(scope))
        await next_app(scope, receive, send)


def _need(scope: Scope) -> Need:
    """Find what the route declares that it needs. Raises Refusal."""
    if scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
        # Litestar answers OPTIONS itself and tells the methods of a path.
        return Need(None)
    declared = scope["route_handler"].opt
    if not isinstance(declared.get("scope"), str):
        raise Refusal(Fault.INTERNAL, "This route declares no scope, so nobody may call it.")
    return Need(
        declared["scope"],
        bool(declared.get("operator")),
        declared.get("bucket", "chat"),
        bool(declared.get("spends")),
        scope["path"].startswith(OPENAI_PREFIX),
    )


def still_there(scope: Scope) -> Callable[[], bool]:
    """Returns a test that tells, from now on, whether the caller still waits for the answer."""
    has_left = False

    def left() -> None:
        nonlocal has_left
        has_left = True

    scope["state"]["connection"].when_gone(left)
    return lambda: not has_left


class _Part:
    """Hands out the one object that all requests share."""

    def __init__(self, part: object) -> None:
        self._part = part

    def __call__(self) -> Any:
        return self._part

    def __deepcopy__(self, _memo: object) -> Self:
        # Litestar copies routers with all that is in them.
        return self


def shared(part: object) -> Provide:
    """Provide routes with an object that is the same for every request."""
    return Provide(_Part(part), sync_to_thread=False)


def caller_of(connection: Connection) -> Caller:
    caller: Caller = connection.scope["state"]["caller"]
    return caller


def actor_of(connection: Connection) -> Actor:
    """Name the caller as the audit log and the stores know it."""
    caller = caller_of(connection)
    return Actor(caller.workspace_id, caller.key_id, caller.owner)
