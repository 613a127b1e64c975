"""Who may call a native route: its key is checked first, then the scope that the route declares."""

from typing import Any, Self

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.auth.guard import Caller, Guard
from gateway.errors import Fault, Refusal
from gateway.storage.audit import Actor

Connection = ASGIConnection[Any, Any, Any, Any]
AnyRequest = Request[Any, Any, Any]


class Authenticate(ASGIMiddleware):
    """Puts the caller into `scope["state"]`, or refuses."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __deepcopy__(self, _memo: object) -> Self:
        # Litestar copies routers with all that is in them; connections to a store cannot be copied.
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        scope["state"]["caller"] = await self._guard.caller(scope["headers"])
        await next_app(scope, receive, send)


def scoped(connection: Connection, handler: BaseRouteHandler) -> None:
    """A Litestar guard: the route's `scope`, without which nobody gets in."""
    if connection.scope.get("method") == "OPTIONS":
        # Litestar's own answer, which tells the methods of a path.
        return
    scope = handler.opt.get("scope")
    if not isinstance(scope, str):
        raise Refusal(Fault.INTERNAL, "This route declares no scope, so nobody may call it.")
    caller = caller_of(connection)
    caller.require(scope)
    if handler.opt.get("operator") and not caller.operator:
        raise Refusal(Fault.OPERATOR_REQUIRED, "Only an operator's key may do this; use one.")


def caller_of(connection: Connection) -> Caller:
    caller: Caller = connection.scope["state"]["caller"]
    return caller


def actor_of(connection: Connection) -> Actor:
    """The caller as the audit log and the stores know it."""
    caller = caller_of(connection)
    return Actor(caller.workspace_id, caller.key_id, caller.owner)
