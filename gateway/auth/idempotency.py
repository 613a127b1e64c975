"""The header Idempotency-Key: a repeated POST gets the answer of the first one."""

import asyncio
import hashlib
import os
import time
from typing import Any, NamedTuple, Self

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway import clock
from gateway.auth.guard import credentials
from gateway.errors import Detail, Fault, Refusal
from gateway.storage import tables
from gateway.storage.database import Database

KEPT_MS = 86_400_000
WAIT_SECONDS = 30.0
"""How long a second request waits for the first one's answer."""
POLL_SECONDS = 0.05
ABANDONED_MS = 120_000
"""A first request that has not ended after so long died with its process."""

ENTRY = tables.idempotency.c
SALT_BYTES = 16
REPLAYED = (b"idempotent-replayed", b"true")


class Idempotency(ASGIMiddleware):
    """For JSON POSTs behind authentication; the answer is kept for 24 hours, in the database."""

    def __init__(self, database: Database, max_body: int) -> None:
        self._database = database
        self._max_body = max_body

    def __deepcopy__(self, _memo: object) -> Self:
        # Litestar copies routers with all that is in them; connections to a store cannot be copied.
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
        caller = scope["state"]["caller"]
        body = await self._body(receive)
        entry = _Entry(caller.workspace_id, _name(caller.key_id, key), _seal(scope, key))
        stored = await self._begin(entry, _digest(scope, body))
        if stored is not None:
            await _replay(stored, entry, send)
            return
        await self._first(entry, scope, _again(body, receive), send, next_app)

    async def _first(
        self, entry: "_Entry", scope: Scope, receive: Receive, send: Send, next_app: ASGIApp
    ) -> None:
        """Answer, and keep the answer unless it is an error of ours."""
        start: Any = None
        body = []

        async def keep(message: Any) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.append(message.get("body", b""))
            if not message.get("more_body"):
                # Before the caller sees any of it, so that a repetition finds it.
                await self._end(entry, start["status"], start["headers"], b"".join(body))
                await send(start)
                await send({"type": "http.response.body", "body": b"".join(body), "more_body": False})

        try:
            await next_app(scope, receive, keep)
        except BaseException:
            # What has been done must not be done again, though its answer be lost.
            if start is None or start["status"] >= 500:
                await self._forget(entry)
            raise

    async def _body(self, receive: Receive) -> bytes:
        pieces: list[bytes] = []
        size, more = 0, True
        while more:
            message: Any = await receive()
            if message["type"] != "http.request":
                raise Refusal(Fault.REQUEST_INVALID, "The request body ended early; send it whole.")
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            more = message.get("more_body", False)
            if size > self._max_body:
                raise Refusal(Fault.REQUEST_TOO_LARGE)
        return b"".join(pieces)

    async def _begin(self, entry: "_Entry", request: str) -> Any:
        """The kept answer, or `None` for the first request, which now has the key. Raises Refusal."""
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            row = await self._claim(entry, request)
            if row is None:
                return None
            if row.request != request:
                raise Refusal(Fault.IDEMPOTENCY_MISMATCH, param="Idempotency-Key")
            if row.status is not None:
                return row
            await asyncio.sleep(POLL_SECONDS)
        raise Refusal(Fault.IDEMPOTENCY_BUSY)

    async def _claim(self, entry: "_Entry", request: str) -> Any:
        """The row under this key; `None` where it is ours from now on."""
        now = clock.now_ms()
        row = await self._row(entry)
        if row is not None and not _is_stale(row, now):
            return row
        stale = (ENTRY.at < now - KEPT_MS) | (ENTRY.status.is_(None) & (ENTRY.at < now - ABANDONED_MS))
        values = {"workspace_id": entry.workspace_id, "key": entry.name, "request": request, "at": now}
        try:
            async with self._database.write() as connection:
                await connection.execute(delete(tables.idempotency).where(stale))
                await connection.execute(insert(tables.idempotency).values(values))
        except IntegrityError:
            # Somebody else was a moment quicker.
            return await self._row(entry) or await self._claim(entry, request)
        return None

    async def _row(self, entry: "_Entry") -> Any:
        async with self._database.read() as connection:
            return (await connection.execute(select(tables.idempotency).where(entry.mine))).first()

    async def _end(self, entry: "_Entry", status: int, headers: Any, body: bytes) -> None:
        if status >= 500:
            await self._forget(entry)
            return
        kept = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]
        change = update(tables.idempotency).where(entry.mine)
        async with self._database.write() as connection:
            await connection.execute(
                change.values(status=status, headers=kept, body=_sealed(body, entry.seal))
            )

    async def _forget(self, entry: "_Entry") -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(tables.idempotency).where(entry.mine))


class _Entry(NamedTuple):
    """Where an answer is kept, and what it is sealed with."""

    workspace_id: str
    name: str
    seal: bytes

    @property
    def mine(self) -> ColumnElement[bool]:
        return (ENTRY.workspace_id == self.workspace_id) & (ENTRY.key == self.name)


def _name(key_id: str, key: str) -> str:
    """Answers are for the API key that got them, whatever others choose for an `Idempotency-Key`."""
    return hashlib.sha256(f"{key_id} {key}".encode()).hexdigest()


def _seal(scope: Scope, key: str) -> bytes:
    """A secret that only the caller's API key makes, of which the store holds nothing but a keyed hash."""
    secret, _ = credentials(scope["headers"])
    return hashlib.sha256(f"idempotency {key} {secret}".encode()).digest()


def _sealed(body: bytes, seal: bytes) -> bytes:
    """Answers hold prompts, and once a new key: the store alone must not tell them."""
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


def _is_stale(row: Any, now: int) -> bool:
    age = now - row.at
    return bool(age > KEPT_MS or (row.status is None and age > ABANDONED_MS))


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, then what the connection says."""
    given = False

    async def replayed() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


async def _replay(row: Any, entry: _Entry, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in row.headers]
    start: Any = {"type": "http.response.start", "status": row.status, "headers": [*headers, REPLAYED]}
    await send(start)
    await send({"type": "http.response.body", "body": _opened(row.body, entry.seal), "more_body": False})
