"""A request of MCP's becomes requests to the native API of the same process, under the same key.

So scopes, limits, budgets, records and isolation hold as for every other caller, by the same code.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import msgspec

from gateway.mcp.api import ApiRefusal, Event, Frames, refused

CREDENTIALS = frozenset([b"authorization", b"api-key", b"x-api-key", b"persona-workspace"])
TAKEN = ("type", "asgi", "http_version", "scheme", "client", "server")
AHEAD = 64
"""Pieces of a stream that may wait to be read."""


class _Answer:
    """Takes in what the application sends."""

    def __init__(self) -> None:
        self.status = 0
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        """The pieces of its body; `None` stands for its end."""
        self._taken = asyncio.Event()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            if message.get("body"):
                self.pieces.put_nowait(bytes(message["body"]))
            if not message.get("more_body"):
                self.pieces.put_nowait(None)
            while self.pieces.qsize() > AHEAD:
                self._taken.clear()
                await self._taken.wait()

    def end(self, _task: asyncio.Task[None]) -> None:
        """Let nobody wait for more, although the application has ended without saying so."""
        self.status = self.status or 500
        self.pieces.put_nowait(None)

    async def body(self) -> bytes:
        found = bytearray()
        while (piece := await self.take()) is not None:
            found += piece
        return bytes(found)

    async def take(self) -> bytes | None:
        piece = await self.pieces.get()
        self._taken.set()
        return piece


class Inside:
    """Asks the application itself, as whoever sent the request of this ASGI scope."""

    def __init__(self, app: Any, scope: Any) -> None:
        self._app = app
        self._scope = scope

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Any:
        async with self._asked(method, path, query, body) as answer:
            found = await answer.body()
        if answer.status >= 300:
            raise refused(answer.status, found)
        return msgspec.json.decode(found) if found else None

    @asynccontextmanager
    async def events(self, path: str, body: object) -> AsyncIterator[AsyncIterator[Event]]:
        async with self._asked("POST", path, None, body) as answer:
            first = await answer.take()
            if answer.status >= 300:
                rest = await answer.body() if first is not None else b""
                raise refused(answer.status, (first or b"") + rest)
            yield _events(first, answer)

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, query: Mapping[str, str] | None, body: object
    ) -> AsyncIterator[_Answer]:
        """Have a request answered; whoever leaves cancels it."""
        raw = b"" if body is None else msgspec.json.encode(body)
        headers = [each for each in self._scope["headers"] if each[0] in CREDENTIALS]
        headers += [(b"host", b"gateway"), (b"content-length", str(len(raw)).encode())]
        if body is not None:
            headers.append((b"content-type", b"application/json"))
        state, place = self._scope["state"], f"/v1{path}"
        scope = {
            **{name: self._scope[name] for name in TAKEN},
            "method": method,
            "path": place,
            "raw_path": place.encode(),
            "root_path": "",
            "query_string": urlencode(query or {}).encode(),
            "headers": headers,
            "state": {name: state[name] for name in ("request_id", "connection")},
        }
        is_read, answer = False, _Answer()

        async def receive() -> Any:
            nonlocal is_read
            if is_read:
                await asyncio.Event().wait()
            is_read = True
            return {"type": "http.request", "body": raw, "more_body": False}

        task = asyncio.create_task(self._app(scope, receive, answer.send))
        task.add_done_callback(answer.end)
        try:
            yield answer
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and task.exception() is not None:
                raise ApiRefusal(500, "internal", "The gateway has failed.") from None


async def _events(first: bytes | None, answer: _Answer) -> AsyncIterator[Event]:
    frames, piece = Frames(), first
    while piece is not None:
        for event in frames.feed(piece):
            yield event
        piece = await answer.take()
