"""The header Idempotency-Key lets a repeated POST get the answer of the first one."""

import asyncio
import hashlib
import os
import time
from typing import Any, NamedTuple, Self

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway import clock
from gateway.auth.access import still_there
from gateway.auth.guard import credentials
from gateway.errors import Detail, Fault, Refusal
from gateway.storage import answers
from gateway.storage.answers import Kept, Place
from gateway.storage.database import Database

WAIT_SECONDS = 30.0
"""Seconds that a second request waits for the answer to the first one."""
POLL_SECONDS = 0.05
LARGEST = 4 << 20
"""Bytes of an answer that is kept; of a larger one the store keeps only that it was given."""
SALT_BYTES = 16
REPLAYED = (b"idempotent-replayed", b"true")
STREAM = b"text/event-stream"


class Idempotency(ASGIMiddleware):
    """Keeps the answers to JSON POSTs behind authentication for 24 hours, in the database.

    A route that changes nothing says so with `opt={"kept": False}`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def __deepcopy__(self, _memo: object) -> Self:
        # Litestar copies routers with everything in them, and connections to a store cannot be copied.
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        key = _header(scope)
        if key is None or scope["type"] != ScopeType.HTTP or scope["method"] != "POST":
            await next_app(scope, receive, send)
            return
        if not 1 <= len(key) <= 255 or not key.isprintable():
            message = "`Idempotency-Key` must be 1 to 255 printable characters."
            details = [Detail(["header", "Idempotency-Key"], "1 to 255 printable characters", "value_error")]
            raise Refusal(Fault.REQUEST_INVALID, message, details=details)
        if scope["route_handler"].opt.get("kept") is False:
            await next_app(scope, receive, send)
            return
        caller, body = scope["state"]["caller"], scope["state"]["body"]
        entry = _Entry(Place(caller.workspace_id, _name(caller.key_id, key)), _seal(scope, key))
        stored = await self._begin(entry, _digest(scope, body), scope)
        if stored is not None:
            await _replay(stored, entry, send)
            return
        await self._first(entry, scope, receive, send, next_app)

    async def _first(
        self, entry: "_Entry", scope: Scope, receive: Receive, send: Send, next_app: ASGIApp
    ) -> None:
        """Answer, and keep the answer unless it is an error of ours."""
        start: Any = None
        body = []
        is_stream = False

        async def keep(message: Any) -> None:
            nonlocal start, is_stream
            if message["type"] == "http.response.start":
                start, is_stream = message, _is_stream(message["headers"])
                if not is_stream:
                    return
                # Events go out as they come, and of them no more is kept than that they were sent.
                await self._end(entry, start["status"], start["headers"], None)
            if is_stream:
                await send(message)
                return
            body.append(message.get("body", b""))
            if not message.get("more_body"):
                # This comes before the caller sees any of the answer, so that a repetition finds it.
                await self._end(entry, start["status"], start["headers"], b"".join(body))
                await send(start)
                await send({"type": "http.response.body", "body": b"".join(body), "more_body": False})

        try:
            await next_app(scope, receive, keep)
        except BaseException:
            # What has been done must not be done again, even though its answer is lost.
            if start is None or start["status"] >= 500:
                await self._forget(entry)
            raise

    async def _begin(self, entry: "_Entry", request: str, scope: Scope) -> Kept | None:
        """Return the kept answer, or `None` to the first request, which now has the key. Raises Refusal."""
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            kept = await self._claim(entry, request, scope)
            if kept is None:
                return None
            if kept.request != request:
                raise Refusal(Fault.IDEMPOTENCY_MISMATCH, param="Idempotency-Key")
            if kept.status is not None:
                return kept
            await asyncio.sleep(POLL_SECONDS)
        raise Refusal(Fault.IDEMPOTENCY_BUSY)

    async def _claim(self, entry: "_Entry", request: str, scope: Scope) -> Kept | None:
        """Return what is kept under this key; `None` means that the key is ours from now on."""
        while True:
            async with self._database.read() as connection:
                kept = await answers.find(connection, entry.place)
            if kept is not None and not kept.is_stale(clock.now_ms()):
                return kept
            async with self._database.write(still_there(scope)) as connection:
                if await answers.claim(connection, entry.place, request):
                    return None

    async def _end(self, entry: "_Entry", status: int, headers: Any, body: bytes | None) -> None:
        if status >= 500:
            await self._forget(entry)
            return
        kept = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]
        sealed = _sealed(body, entry.seal) if body is not None and len(body) <= LARGEST else None
        async with self._database.write() as connection:
            await answers.keep(connection, entry.place, status, kept, sealed)

    async def _forget(self, entry: "_Entry") -> None:
        async with self._database.write() as connection:
            await answers.release(connection, entry.place)


def _is_stream(headers: Any) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(STREAM) for name, value in headers)


class _Entry(NamedTuple):
    """Says where an answer is kept, and what it is sealed with."""

    place: Place
    seal: bytes


def _name(key_id: str, key: str) -> str:
    """Name the answer after the API key too, since callers may choose the same `Idempotency-Key`."""
    return hashlib.sha256(f"{key_id} {key}".encode()).hexdigest()


def _seal(scope: Scope, key: str) -> bytes:
    """Derive a secret that only the caller's API key can make; the store has no more than its keyed hash."""
    secret, _ = credentials(scope["headers"])
    return hashlib.sha256(f"idempotency {key} {secret}".encode()).digest()


def _sealed(body: bytes, seal: bytes) -> bytes:
    """Seal the body: answers hold prompts, and one holds a new key, which the store alone must not tell."""
    salt = os.urandom(SALT_BYTES)
    return salt + _xor(body, salt + seal)


def _opened(sealed: bytes, seal: bytes) -> bytes:
    salt, body = sealed[:SALT_BYTES], sealed[SALT_BYTES:]
    return _xor(body, salt + seal)


def _xor(body: bytes, secret: bytes) -> bytes:
    stream = hashlib.shake_256(secret).digest(len(body))
    return (int.from_bytes(body, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(body), "big")


def _header(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"idempotency-key":
            return value.decode("latin-1")
    return None


def _digest(scope: Scope, body: bytes) -> str:
    path = scope["path"].encode() + b"?" + scope["query_string"]
    return hashlib.sha256(path + b"\n" + body).hexdigest()


async def _replay(kept: Kept, entry: _Entry, send: Send) -> None:
    if kept.body is None:
        raise Refusal(Fault.IDEMPOTENCY_NOT_KEPT)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers or []]
    start: Any = {"type": "http.response.start", "status": kept.status, "headers": [*headers, REPLAYED]}
    await send(start)
    await send({"type": "http.response.body", "body": _opened(kept.body, entry.seal), "more_body": False})
