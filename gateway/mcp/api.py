"""MCP's tools, resources and prompts ask the native API, from within the gateway or over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

import msgspec


class ApiRefusal(Exception):
    """The API refuses a request; the message is for the caller."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Event(NamedTuple):
    """A server-sent event, with its data decoded."""

    name: str
    data: Any


class Api(Protocol):
    """The native API, as the holder of one key sees it. Every method raises ApiRefusal."""

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None
    ) -> Any:
        """Send a request and return its answer, decoded; `path` begins behind `/v1`."""

    def events(self, path: str, body: object) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Post a request that is answered by events, the last of which may be an `error`."""


class _Error(msgspec.Struct):
    code: str = "internal"
    message: str = "The gateway gives an answer that cannot be read."


class _Envelope(msgspec.Struct):
    error: _Error


def refused(status: int, body: bytes) -> ApiRefusal:
    """Make the refusal of an answer that is an error."""
    try:
        error = msgspec.json.decode(body, type=_Envelope).error
    except msgspec.DecodeError:
        error = _Error()
    return ApiRefusal(status, error.code, error.message)


def failed(event: Event) -> ApiRefusal:
    """Make the refusal of an event that tells of an error."""
    return refused(500, msgspec.json.encode(event.data))


class Frames:
    """Cuts a stream of bytes into events."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Event]:
        *frames, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n\n")
        return [event for frame in frames if (event := _event(frame)) is not None]


def _event(frame: bytes) -> Event | None:
    name, data = "message", list[bytes]()
    for line in frame.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode()
        elif field == b"data":
            data.append(value)
    return Event(name, msgspec.json.decode(b"\n".join(data))) if data else None
