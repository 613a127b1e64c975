"""Bodies of the native API are read whole and held against limits before they are decoded."""

import codecs
from collections.abc import Iterable
from typing import Any, Self

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway import outline
from gateway.errors import Detail, Fault, Refusal

MOST_BYTES = 4 << 20
"""Bytes of a body. A prompt of 512 KiB fits, however it is escaped and whatever may stand beside it."""
MOST_VALUES = 20_000
MOST_DEPTH = 64
METHODS = frozenset({"POST", "PUT", "PATCH"})


class Bodies(ASGIMiddleware):
    """Puts a request's body into `scope["state"]["body"]`, and hands it on.

    A route with `opt={"max_body": …}` takes that many bytes, and looks into them by itself.
    """

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope.get("method") not in METHODS:
            await next_app(scope, receive, send)
            return
        own: int | None = scope["route_handler"].opt.get("max_body")
        limit = min(own or MOST_BYTES, self._max_body)
        _require_plain(scope["headers"], limit)
        # Some clients write a byte order mark, which JSON does not have (RFC 8259, 8.1).
        body = (await _read(receive, limit)).removeprefix(codecs.BOM_UTF8)
        if own is None and (problem := outline.exceeds(body, values=MOST_VALUES, depth=MOST_DEPTH)):
            details = [Detail([], problem, "json_error")]
            raise Refusal(Fault.REQUEST_INVALID, f"`body`: {problem}.", details=details)
        scope["state"]["body"] = body
        await next_app(scope, _again(body, receive), send)


def _require_plain(headers: Iterable[tuple[bytes, bytes]], limit: int) -> None:
    for name, value in headers:
        if name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise Refusal(
                Fault.MEDIA_UNSUPPORTED, "Send the request body plain; this path takes no encoding."
            )
        if name == b"content-length" and value.isdigit() and (len(value) > 18 or int(value) > limit):
            raise _too_large(limit)


async def _read(receive: Receive, limit: int) -> bytes:
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message: Any = await receive()
        if message["type"] != "http.request":
            raise Refusal(Fault.REQUEST_INVALID, "The request body ended early; send it whole.")
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        more = message.get("more_body", False)
        if size > limit:
            raise _too_large(limit)
    return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """Receive the body once more, then what the connection says."""
    given = False

    async def replayed() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _too_large(limit: int) -> Refusal:
    return Refusal(
        Fault.REQUEST_TOO_LARGE, f"The request body is too large; this path takes {limit >> 10} KiB."
    )
