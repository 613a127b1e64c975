"""Bodies of the native API are read whole and held against limits before they are decoded."""

import asyncio
import codecs
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterable
from typing import IO, Any, Self

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway import outline
from gateway.errors import Detail, Fault, Refusal

MOST_BYTES = 4 << 20
"""Bytes of a body. A prompt of 512 KiB fits, however it is escaped and whatever may stand beside it."""
PIECE = 1 << 20
"""Bytes of a spooled body that are written at once."""
MOST_VALUES = 20_000
MOST_DEPTH = 64
METHODS = frozenset({"POST", "PUT", "PATCH"})


class Spool:
    """A body that may be large, in a file without a name that is gone once the request is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    async def take(self, piece: bytes) -> None:
        """Write a piece of at least some hundred KiB, away from the event loop."""
        self.size += len(piece)
        await asyncio.to_thread(self._write, piece)

    def digest(self) -> bytes:
        return self._digest.digest()

    async def read(self) -> bytes:
        return b"".join([part async for part in self.parts(self.size or 1)])

    async def parts(self, size: int) -> AsyncIterator[bytes]:
        """Give the body again, in parts of this size."""
        place = 0
        while part := await asyncio.to_thread(self._read, place, size):
            yield part
            place += len(part)

    def _write(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._file.write(piece)

    def _read(self, place: int, size: int) -> bytes:
        self._file.seek(place)
        return self._file.read(size)


class Bodies(ASGIMiddleware):
    """Puts a request's body into `scope["state"]["body"]`, and hands it on.

    A route with `opt={"max_body": …}` takes that many bytes, and looks into them by itself. One with
    `opt={"spooled": …}` finds them in `scope["state"]["spool"]`, and `body` is their digest.
    """

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope.get("method") not in METHODS:
            await next_app(scope, receive, send)
            return
        spooled: int | None = scope["route_handler"].opt.get("spooled")
        if spooled is not None:
            _require_plain(scope["headers"], spooled)
            with tempfile.TemporaryFile() as file:
                scope["state"]["spool"] = await _spool(receive, Spool(file), spooled)
                scope["state"]["body"] = scope["state"]["spool"].digest()
                await next_app(scope, _again(b"", receive), send)
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


async def _spool(receive: Receive, spool: Spool, limit: int) -> Spool:
    held = bytearray()
    more = True
    while more:
        message: Any = await receive()
        if message["type"] != "http.request":
            raise Refusal(Fault.REQUEST_INVALID, "The request body ended early; send it whole.")
        held += message.get("body", b"")
        more = message.get("more_body", False)
        if spool.size + len(held) > limit:
            raise _too_large(limit)
        if len(held) >= PIECE or not more:
            await spool.take(bytes(held))
            held.clear()
    return spool


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
