"""Errors that Litestar and the store raise are told in the words of the catalogue."""

import logging
import re
from collections.abc import Callable
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import (
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    NotFoundException,
)

from gateway.envelope import envelope
from gateway.errors import JOB_PREFIXES, Detail, Fault, Refusal
from gateway.openai_api import edge
from gateway.openai_api.body import half_pair
from gateway.openai_api.routes import is_of_openai, not_served
from gateway.personas.acceptance import DraftError
from gateway.personas.editing import unacceptable
from gateway.spelling import ended
from gateway.storage.failure import StoreUnavailable, TooSlow, WriterLeft
from gateway.wanted import hint

log = logging.getLogger("gateway.app")

AnyRequest = Request[Any, Any, Any]


def refusing(public_url: str) -> Callable[[AnyRequest, Exception], Response[bytes]]:
    """Make Litestar's exception handler for everything; its errors point to the page at `public_url`."""

    def refuse(request: AnyRequest, error: Exception) -> Response[bytes]:
        path = request.scope["path"]
        sent, handler = request.scope["state"].get("body", b""), request.scope.get("route_handler")
        refusal = error if isinstance(error, Refusal) else translate(error, path, sent, handler)
        if path.startswith(JOB_PREFIXES) and refusal.fault is Fault.REQUEST_INVALID:
            refusal = Refusal(Fault.VALIDATION_FAILED, details=refusal.details)
        body = envelope(refusal, path, request.scope["state"]["request_id"], public_url)
        return Response(body, media_type=MediaType.JSON, status_code=refusal.status, headers=refusal.headers)

    return refuse


def translate(error: Exception, path: str, sent: bytes = b"", handler: object = None) -> Refusal:
    """Find the refusal for the error; an unexpected one is logged. `sent` is the body that `handler` got."""
    if isinstance(error, NotFoundException):
        return not_served(path) if is_of_openai(path) else Refusal(Fault.ROUTE_NOT_FOUND)
    if isinstance(error, MethodNotAllowedException):
        allowed = re.sub(r"\bGET\b", "GET, HEAD", dict(error.headers or {}).get("allow", ""))
        return Refusal(
            Fault.METHOD_NOT_ALLOWED,
            f"This path does not take this method; it takes {allowed or 'others'}.",
            headers={"allow": allowed} if allowed else None,
        )
    if isinstance(error, DraftError):
        return unacceptable(error.details)
    if isinstance(error, HTTPException) and error.status_code == Fault.REQUEST_TOO_LARGE.status:
        return Refusal(Fault.REQUEST_TOO_LARGE)
    if isinstance(error, HTTPException) and error.status_code < 500:
        details = _details(error, handler) or [_unreadable(sent)]
        return Refusal(Fault.REQUEST_INVALID, _sentence(details), details=details)
    if isinstance(error, RecursionError | UnicodeDecodeError):
        # Only the body's decoder can raise this: nothing else of ours decodes what came in.
        deep = isinstance(error, RecursionError)
        details = [Detail([], "is nested too deeply" if deep else "is not UTF-8", "json_error")]
        return Refusal(Fault.REQUEST_INVALID, _sentence(details), details=details)
    if isinstance(error, StoreUnavailable):
        return _of_the_store(error)
    if isinstance(error, InternalServerException) and "disconnected" in error.detail:
        # Litestar raises this when a caller left while its body was read; nobody hears the answer.
        return Refusal(Fault.REQUEST_INVALID, "The request body ended early; send it whole.")
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return edge.our_mistake()


def _of_the_store(error: StoreUnavailable) -> Refusal:
    if isinstance(error, TooSlow):
        return Refusal(Fault.STORE_UNAVAILABLE, "The store took too long; ask for less.")
    if not isinstance(error, WriterLeft):
        log.warning("the store cannot be used: %s", error)
    return Refusal(Fault.STORE_UNAVAILABLE, "The store cannot be used; try again later.")


def _sentence(details: list[Detail]) -> str:
    first = details[0]
    return f"`{'.'.join(map(str, first.loc)) or 'body'}`: {ended(first.msg)}"


def _details(error: HTTPException, handler: object) -> list[Detail]:
    """List all wrong places: in a body without its name, elsewhere behind `query`, `path` or `header`."""
    extra = error.extra if isinstance(error.extra, list) else []
    return [_detail(item, handler) for item in extra if isinstance(item, dict)]


def _unreadable(sent: bytes) -> Detail:
    """Say what is wrong with a body of which nothing could be read."""
    _, problem = half_pair(sent) or ("", "no valid JSON, or not what this path takes")
    return Detail([], problem, "json_error")


def _detail(item: dict[str, Any], handler: object) -> Detail:
    message, key = str(item.get("message", "")), str(item.get("key", ""))
    if message == "'data'":
        # Litestar says this of an empty body where one is needed.
        return Detail([], "a JSON object is needed", "missing")
    source = str(getattr(item.get("source"), "value", item.get("source") or "body"))
    loc: list[str | int] = [] if source == "body" else [source]
    parts = re.split(r"[.\[\]]", key)
    loc += [int(part) if part.isdigit() else part for part in parts if part not in ("", "data", "...")]
    field = re.search(r"(unknown|missing required) field `(.*?)`", message)
    if message.startswith("Invalid enum value"):
        return Detail(loc, message + hint(handler, loc, is_field=False), "type_error")
    if field is None:
        return Detail(loc, message, "type_error")
    if field[1] == "unknown":
        loc = [*loc, field[2]]
        return Detail(loc, f"there is no such field{hint(handler, loc, is_field=True)}", "unknown_field")
    return Detail([*loc, field[2]], "is missing", "missing")
