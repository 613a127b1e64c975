"""An operation is a method of a path; it says which errors it may give."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute

from gateway.errors import OPENAI_PREFIX, Fault
from gateway.openapi.raw import ROUTES, Raw

Json = dict[str, Any]

ANYWHERE = (
    Fault.REQUEST_INVALID,
    Fault.REQUEST_TIMEOUT,
    Fault.HEADERS_TOO_LARGE,
    Fault.OVERLOADED,
    Fault.INTERNAL,
)
WITH_KEY = (
    Fault.KEY_INVALID,
    Fault.SCOPE_MISSING,
    Fault.WORKSPACE_MISMATCH,
    Fault.RATE_LIMITED,
    Fault.LIMITS_UNAVAILABLE,
    Fault.STORE_UNAVAILABLE,
)
REPEATABLE = (
    Fault.IDEMPOTENCY_MISMATCH,
    Fault.IDEMPOTENCY_BUSY,
    Fault.IDEMPOTENCY_NOT_KEPT,
    Fault.REQUEST_TOO_LARGE,
)
BY_PARAMETER = {
    ("path", "ref"): Fault.PERSONA_UNKNOWN,
    ("path", "project"): Fault.PROJECT_UNKNOWN,
    ("path", "persona"): Fault.PERSONA_UNKNOWN,
    ("path", "job"): Fault.JOB_UNKNOWN,
    ("path", "conversation"): Fault.CONVERSATION_UNKNOWN,
    ("path", "response"): Fault.RESPONSE_UNKNOWN,
    ("path", "item"): Fault.ITEM_UNKNOWN,
    ("path", "v"): Fault.VERSION_UNKNOWN,
    ("path", "a"): Fault.VERSION_UNKNOWN,
    ("header", "If-Match"): Fault.PRECONDITION_FAILED,
}


class Operation(msgspec.Struct):
    """Describes a method of a path, what the route's code declares in `opt`, and what is shown of it."""

    method: str
    path: str
    opt: Mapping[str, Any]
    shown: Json
    """Litestar's description, which is completed in place."""
    raw: Raw | None = None
    """The description by hand, for a route that Litestar does not look into."""

    @property
    def id(self) -> str:
        return str(self.shown["operationId"])

    @property
    def scope(self) -> str | None:
        return self.opt.get("scope")

    @property
    def is_openai(self) -> bool:
        return self.path.startswith(OPENAI_PREFIX)

    @property
    def is_repeatable(self) -> bool:
        return self.method == "POST" and not self.is_openai and self.opt.get("kept") is not False

    def faults(self) -> Iterator[Fault]:
        """Say what it may refuse with; an error may come twice."""
        yield from ANYWHERE
        if self.scope:
            yield from WITH_KEY
            if self.is_repeatable:
                yield from REPEATABLE
        if self.opt.get("operator"):
            yield Fault.OPERATOR_REQUIRED
        if "requestBody" in self.shown:
            yield Fault.REQUEST_TOO_LARGE
            if not self.is_openai:
                yield Fault.MEDIA_UNSUPPORTED
        for parameter in self.shown.get("parameters", []):
            fault = BY_PARAMETER.get((parameter.get("in"), parameter.get("name")))
            if fault is not None:
                yield fault
        yield from self.raw.faults if self.raw else self.opt.get("faults", ())


def operations(app: Litestar, paths: Json) -> Iterator[Operation]:
    """List the operations of all routes. Raises KeyError for a raw route that nobody has described."""
    for route in app.routes:
        path = route.path_format
        if isinstance(route, HTTPRoute):
            for method, handler in _handlers(route):
                yield Operation(method, path, handler.opt, paths[path][method.lower()])
        elif isinstance(route, ASGIRoute):
            raw = ROUTES[path]
            yield Operation(raw.method, path, route.route_handler.opt, raw.shown(), raw)


def _handlers(route: HTTPRoute) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for handler in route.route_handlers:
        if handler.resolve_include_in_schema():
            for method in sorted(map(str, handler.http_methods - {"OPTIONS"})):
                yield method, handler
