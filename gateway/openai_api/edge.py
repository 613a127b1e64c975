"""A request meets ASGI here: its body is read, its answer is sent."""

import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from gateway.auth.door import Entrance
from gateway.envelope import envelope
from gateway.errors import Fault, Refusal
from gateway.openai_api.bounds import Aside
from gateway.openai_api.passing_on import Writer
from gateway.openai_api.watch import Presence

if TYPE_CHECKING:
    from gateway.openai_api.account import Account

JSON_TYPE = (b"content-type", b"application/json")
STREAM_HEAD = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
PLAIN, GZIP = frozenset([b"", b"identity"]), frozenset([b"gzip", b"x-gzip"])
INFLATED = 16 * 1024 * 1024
"""Bytes that a compressed body may become."""
RATIO = 100
"""The most times its own size that it may become, beyond `ALWAYS` bytes; JSON seldom becomes twenty times."""
ALWAYS = 1024 * 1024
PIECE = 64 * 1024
MEMBERS = 1000
PING = b": ping\n"
SLICE = 256 * 1024
"""Bytes of a whole answer that are written at once."""
BODY_FOLLOWS = "persona.body_follows"
"""The key of `http.response.start` that tells the server that the first piece of the body comes at once."""

Send = Callable[[Any], Any]
Receive = Callable[[], Awaitable[Any]]
Headers = Iterable[tuple[bytes, bytes]]


class CallerGoneError(Exception):
    """The caller left before the request was whole."""


class Connection(Presence, Writer, Entrance, Protocol):
    """Stands for the caller's connection."""

    def tell(self, account: "Account") -> None:
        """Note whose turn is answered, for the line that the request leaves."""

    def take_body(self) -> bytes | None:
        """Take the request's body; `None` where not all of it has come, and it has to be received."""

    def whole(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
        """Send a whole answer as `send_json` does; tells whether that could be done at once."""


class Incoming:
    """An ASGI scope tells this of a request and of its connection."""

    __slots__ = ("connection", "headers", "method", "named", "path", "request_id")

    def __init__(self, scope: Any) -> None:
        state = scope["state"]
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.named: dict[bytes, bytes] = state["named"]
        """The headers by their names; those of the guard and of `read_body` stand only once."""
        self.request_id: str = state["request_id"]
        self.connection: Connection = state["connection"]

    def require_post(self) -> None:
        """Raises Refusal."""
        if self.method != "POST":
            raise Refusal(Fault.METHOD_NOT_ALLOWED, headers={"allow": "POST"})


def body_at_hand(headers: Mapping[bytes, bytes], connection: Connection, limit: int) -> bytes | None:
    """Take a body that lies ready at the connection, which spares three coroutines. Raises Refusal.

    `None` means that it has to be read: it is packed, or has not come yet.
    """
    if b"content-encoding" in headers:
        return None
    body = connection.take_body()
    if body is not None and len(body) > limit:
        raise _too_large(limit)
    return body


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, limit: int, aside: Aside) -> bytes:
    """Read the body, decompressed, of at most `limit` bytes. Raises Refusal, CallerGoneError."""
    length, encoding = headers.get(b"content-length", b""), headers.get(b"content-encoding", b"")
    if length.isdigit() and int(length) > limit:
        raise _too_large(limit)
    encoding = encoding and encoding.strip().lower()
    if encoding not in PLAIN and encoding not in GZIP:
        # Nobody waits for a body that is not wanted: the caller is answered, and let go as after any refusal.
        raise Refusal(Fault.MEDIA_UNSUPPORTED)
    pieces, size = await _receive_all(receive, limit)
    body = pieces[0] if len(pieces) == 1 else await aside.run(size, partial(b"".join, pieces))
    # The body is held only once from here on.
    del pieces
    if encoding in PLAIN:
        return body
    return await aside.run(RATIO * len(body), partial(_decompress, body, limit))


def start(status: int, headers: Headers) -> dict[str, Any]:
    """Make the message that begins an answer whose body is ready to be sent after it."""
    return {"type": "http.response.start", "status": status, "headers": headers, BODY_FOLLOWS: True}


async def send_json(send: Send, status: int, body: bytes | bytearray, headers: Headers = ()) -> None:
    """Send a whole answer; a large one goes out as fast as the caller reads it."""
    await send(start(status, [JSON_TYPE, (b"content-length", b"%d" % len(body)), *headers]))
    if len(body) > SLICE:
        for at in range(0, len(body) - SLICE, SLICE):
            piece = bytes(body[at : at + SLICE])
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        body = bytes(body[(len(body) - 1) // SLICE * SLICE :])
    await send({"type": "http.response.body", "body": body})


async def send_refusal(
    send: Send, refusal: Refusal, path: str, request_id: str, headers: Headers = (), public_url: str = ""
) -> None:
    """Send the refusal in the form that the path calls for; `public_url` is where errors are explained."""
    body = envelope(refusal, path, request_id, public_url)
    own = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in refusal.headers.items()]
    await send_json(send, refusal.status, body, [*own, *headers])


def draining() -> Refusal:
    return Refusal(Fault.DRAINING)


def our_mistake() -> Refusal:
    return Refusal(Fault.INTERNAL)


async def _receive_all(receive: Receive, limit: int) -> tuple[list[bytes], int]:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        pieces, size = [message.get("body", b"")], len(message.get("body", b""))
    else:
        pieces, size = [], 0
        while True:
            if message["type"] == "http.disconnect":
                raise CallerGoneError
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > limit or not message.get("more_body"):
                break
            message = await receive()
    if size > limit:
        raise _too_large(limit)
    return pieces, size


def _decompress(body: bytes, limit: int) -> bytes:
    """Decompress one member of gzip or several (RFC 1952, 2.2). Raises Refusal.

    It is unpacked piece by piece, so that no more is held than may be, and no step takes long.
    """
    most = min(limit, INFLATED, max(ALWAYS, RATIO * len(body)))
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in _unpacked(body):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise _too_large(limit) if size > limit else _expands(most)
    except zlib.error:
        message = "The request body is not gzip, as its Content-Encoding says."
        raise Refusal(Fault.REQUEST_INVALID, message) from None
    return b"".join(pieces)


def _unpacked(body: bytes) -> Iterator[bytes]:
    """Yield the members' content. Raises zlib.error where one does not end, or there are too many."""
    decoder, at, data = zlib.decompressobj(wbits=31), 0, b""
    for _ in range(MEMBERS):
        while not decoder.eof:
            if not data:
                data, at = body[at : at + PIECE], at + PIECE
                if not data:
                    raise zlib.error
            yield decoder.decompress(data, PIECE)
            data = decoder.unconsumed_tail
        data = decoder.unused_data
        if not data and at >= len(body):
            return
        decoder = zlib.decompressobj(wbits=31)
    raise zlib.error


def _expands(most: int) -> Refusal:
    return Refusal(
        Fault.REQUEST_TOO_LARGE,
        f"The request body expands to more than {most} bytes, too many for its size; send it uncompressed.",
    )


def _too_large(limit: int) -> Refusal:
    return Refusal(
        Fault.REQUEST_TOO_LARGE,
        f"The request body is larger than {limit} bytes; send a smaller one.",
    )
