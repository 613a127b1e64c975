"""Query strings of the native API: a name that a route does not know is an error, and no filter lost."""

from typing import Self
from urllib.parse import parse_qsl

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.errors import Detail, Fault, Refusal
from gateway.routing import query_names
from gateway.spelling import ended, suggestion

SHOWN = 60
"""Characters of a wrong name that are told."""


class Queries(ASGIMiddleware):
    """Refuses names in the query string that the route does not take."""

    def __init__(self) -> None:
        self._known: dict[int, frozenset[str] | None] = {}

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        query = scope.get("query_string", b"")
        if query:
            self._require_known(scope, query)
        await next_app(scope, receive, send)

    def _require_known(self, scope: Scope, query: bytes) -> None:
        """Raises Refusal for the first name that the route does not know."""
        handler = scope["route_handler"]
        if id(handler) not in self._known:
            self._known[id(handler)] = query_names(scope["litestar_app"], handler)
        known = self._known[id(handler)]
        if known is None:
            return
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
            if name not in known:
                raise _unknown(name, known)
            if "\0" in value:
                details = [Detail(["query", name], "must not hold the character NUL", "value_error")]
                message = f"`{name}`: must not hold the character NUL."
                raise Refusal(Fault.REQUEST_INVALID, message, param=name, details=details)


def _unknown(name: str, known: frozenset[str]) -> Refusal:
    shown = name if len(name) <= SHOWN else name[:SHOWN] + "…"
    there = ", ".join(f"`{each}`" for each in sorted(known)) or "none"
    problem = f"there is no such parameter{suggestion(name, known) or f'; there are: {there}'}"
    details = [Detail(["query", shown], problem, "unknown_field")]
    return Refusal(
        Fault.REQUEST_INVALID,
        f"`{shown}`: {ended(problem)}",
        param=shown,
        details=details,
    )
