"""A connection stands on a transport that only notes what is done with it."""

import asyncio
from collections.abc import Awaitable
from typing import Any, NamedTuple

import pytest

from gateway.upstreams.connection import Connection
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.response import IncomingResponse


class NotingTransport(asyncio.Transport):
    """Takes everything, or nothing beyond `room` bytes until it is flushed."""

    def __init__(self, room: int | None = None) -> None:
        super().__init__()
        self.protocol: Connection
        self.written = bytearray()
        self.waiting = 0
        self.room = room
        self.is_closed = False
        self.reads = True

    def write(self, data: Any) -> None:
        self.written += data
        if self.room is not None:
            self.waiting += len(data)
            if self.waiting > self.room:
                self.protocol.pause_writing()

    def flush(self) -> None:
        """The peer has read everything."""
        self.waiting = 0
        self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class Notes:
    """An owner that lends nothing on, and notes what it is told."""

    def __init__(self) -> None:
        self.freed_as: list[bool] = []
        self.has_lost = False

    def freed(self, connection: Connection, *, is_reusable: bool) -> None:
        self.freed_as.append(is_reusable)
        if not is_reusable:
            connection.transport.abort()

    def lost(self, connection: Connection) -> None:
        self.has_lost = True


class Rig(NamedTuple):
    connection: Connection
    transport: NotingTransport
    owner: Notes


def rigged(room: int | None = None) -> Rig:
    owner, transport = Notes(), NotingTransport(room)
    connection = transport.protocol = Connection("main", owner)
    connection.connection_made(transport)
    return Rig(connection, transport, owner)


async def asked(rig: Rig, body: bytes = b"{}") -> asyncio.Task[IncomingResponse]:
    """Send a request as far as it can be sent."""
    task = asyncio.create_task(rig.connection.ask(b"HEAD ", body))
    await asyncio.sleep(0)
    return task


async def rest(response: IncomingResponse) -> bytes:
    pieces = []
    while piece := await response.read():
        pieces.append(piece)
    return b"".join(pieces)


async def failure(of: Awaitable[object]) -> str:
    with pytest.raises(UpstreamFailure) as caught:
        await of
    return caught.value.kind


async def outcome(task: asyncio.Task[IncomingResponse]) -> bytes | str:
    """Return the whole body, or how it failed."""
    try:
        return await rest(await task)
    except UpstreamFailure as error:
        return error.kind
