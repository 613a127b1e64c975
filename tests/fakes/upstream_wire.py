"""One connection of the scripted upstream: requests read by hand, scripts played byte by byte."""

import asyncio
import json
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.fakes.upstream_scripts import CLOSE, RESET, SILENCE, Drip, Gate, Script, Stall, Step

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
BLOCKED_AFTER = 0.1
"""Seconds that a write waits for the peer's reading before `Seen.blocked` is set."""


@dataclass(eq=False)
class Seen:
    """One request that arrived whole, and what became of its answer; times are `time.monotonic()`.

    `gone`: the peer closed or reset before the script had played. `finished`: it has played to its end.
    `settled`: one of the two, or the upstream stopped. `closed`: the connection has ended, from either side.
    `blocked` is set as long as the peer does not read what is written.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    arrived: float = field(default_factory=time.monotonic)
    sent_bytes: int = 0
    finished: bool = False
    gone: threading.Event = field(default_factory=threading.Event)
    settled: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    blocked: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def json(self) -> Any:
        """The decoded body; `None` where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def model(self) -> object:
        return self.json.get("model") if isinstance(self.json, dict) else None

    @property
    def is_stream(self) -> bool:
        return isinstance(self.json, dict) and bool(self.json.get("stream"))


class Wire:
    """One connection: reads requests, plays scripts, and notices at any moment that the peer has gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.is_hung_up = False
        self.seen: list[Seen] = []
        self._held = bytearray()
        writer.transport.set_write_buffer_limits(high=0)  # so that drain waits until the kernel has it all

    async def request(self) -> Seen:
        """Read the next request. Raises EOFError where the peer ends, ValueError where it does not speak
        HTTP."""
        head = (await self._until(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ")
        headers: dict[str, str] = {}
        for line in lines:
            name, value = (part.strip() for part in line.split(":", 1))
            held = headers.get(name.lower())
            headers[name.lower()] = value if held is None else f"{held}, {value}"
        if "transfer-encoding" in headers and "content-length" in headers:
            raise ValueError("a body with two lengths, which lets requests be smuggled")
        if headers.get("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = await self._chunks()
        else:
            body = await self._exactly(int(headers.get("content-length", "0")))
        self.seen.append(Seen(method, path, headers, body))
        return self.seen[-1]

    async def play(self, script: Script, seen: Seen) -> bool:
        """True where the connection may carry another request."""
        for step in script.steps:
            if step is CLOSE or step is RESET:
                self.hang_up(reset=step is RESET)
                return False
            await self._take(step, seen)
        if seen.headers.get("connection", "").lower() == "close":
            self.hang_up()
        return not self.is_hung_up

    async def watch(self) -> None:
        """Returns when the peer has closed or reset; early bytes of a next request are kept."""
        with suppress(EOFError, OSError):
            while True:
                await self._fill()

    def hang_up(self, *, reset: bool = False) -> None:
        self.is_hung_up = True
        if reset:
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.writer.transport.abort()
        else:
            self.writer.close()

    async def _take(self, step: Step, seen: Seen) -> None:
        if isinstance(step, bytes):
            await self._send(step, seen)
        elif isinstance(step, Gate):
            await step.passage()
        elif isinstance(step, Stall):
            await asyncio.sleep(step.seconds)
        elif isinstance(step, Drip):
            while True:
                await self._send(step.data, seen)
                await asyncio.sleep(step.interval)
        elif step is SILENCE:
            await asyncio.Event().wait()

    async def _send(self, data: bytes, seen: Seen) -> None:
        self.writer.write(data)
        late = asyncio.get_running_loop().call_later(BLOCKED_AFTER, seen.blocked.set)
        try:
            await self.writer.drain()
        finally:
            late.cancel()
            seen.blocked.clear()
        seen.sent_bytes += len(data)

    async def _chunks(self) -> bytes:
        body = bytearray()
        while size := int((await self._until(b"\r\n")).split(b";")[0], 16):
            body += await self._exactly(size)
            await self._until(b"\r\n")
        while await self._until(b"\r\n"):
            pass  # trailers
        return bytes(body)

    async def _until(self, mark: bytes) -> bytes:
        start = 0
        while (end := self._held.find(mark, start)) < 0:
            start = max(0, len(self._held) - len(mark))
            await self._fill()
        found = bytes(self._held[:end])
        del self._held[: end + len(mark)]
        return found

    async def _exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            await self._fill()
        found = bytes(self._held[:count])
        del self._held[:count]
        return found

    async def _fill(self) -> None:
        data = await self.reader.read(1 << 16)
        if not data:
            raise EOFError
        self._held += data
