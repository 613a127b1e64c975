"""The ASGI ends of a request: reading its body, sending its answer."""

import zlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from gateway.errors import Fault, Refusal, envelope

JSON_TYPE = (b"content-type", b"application/json")
STREAM_HEAD = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
HEADERS = frozenset({b"content-length", b"content-encoding"})
"""Those of a request that `read_body` looks at."""
PING = b": ping\n"
BODY_FOLLOWS = "persona.body_follows"
"""Tells the server, as a key of `http.response.start`, that the first piece of the body comes at once."""

Send = Callable[[Any], Any]
Receive = Callable[[], Awaitable[Any]]
Headers = Iterable[tuple[bytes, bytes]]


class CallerGoneError(Exception):
    """The caller left before the request was whole."""


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    """The request's body, decompressed, of at most `limit` bytes. Raises Refusal, CallerGoneError."""
    encoding = b""
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise _too_large(limit)
        if name == b"content-encoding":
            encoding = value.strip().lower()
    body = await _receive_all(receive, limit)
    if encoding in (b"", b"identity"):
        return body
    if encoding not in (b"gzip", b"x-gzip"):
        raise Refusal(Fault.MEDIA_UNSUPPORTED)
    return _decompress(body, limit)


def start(status: int, headers: Headers) -> dict[str, Any]:
    """The message that begins an answer whose body is ready to be sent behind it."""
    return {"type": "http.response.start", "status": status, "headers": headers, BODY_FOLLOWS: True}


async def send_json(send: Send, status: int, body: bytes, headers: Headers = ()) -> None:
    """A whole answer."""
    await send(start(status, [JSON_TYPE, (b"content-length", b"%d" % len(body)), *headers]))
    await send({"type": "http.response.body", "body": body})


async def send_refusal(
    send: Send, refusal: Refusal, path: str, request_id: str, headers: Headers = ()
) -> None:
    """The refusal in the form that the path calls for."""
    body = envelope(refusal, path, request_id)
    own = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in refusal.headers.items()]
    await send_json(send, refusal.status, body, [*own, *headers])


def only_post() -> Refusal:
    return Refusal(Fault.METHOD_NOT_ALLOWED, headers={"allow": "POST"})


def draining() -> Refusal:
    return Refusal(Fault.DRAINING)


def our_mistake() -> Refusal:
    return Refusal(Fault.INTERNAL)


async def _receive_all(receive: Receive, limit: int) -> bytes:
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
    return b"".join(pieces)


def _decompress(body: bytes, limit: int) -> bytes:
    decoder = zlib.decompressobj(wbits=31)
    try:
        plain = decoder.decompress(body, limit + 1)
    except zlib.error:
        plain = None
    if plain is not None and len(plain) > limit:
        raise _too_large(limit)
    if plain is None or not decoder.eof:
        raise Refusal(Fault.REQUEST_INVALID, "The request body is not gzip, as its Content-Encoding says.")
    return plain


def _too_large(limit: int) -> Refusal:
    return Refusal(
        Fault.REQUEST_TOO_LARGE,
        f"The request body is larger than {limit} bytes; send a smaller one.",
    )
