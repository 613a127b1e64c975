"""An upstream's answer is filled by its connection as it comes in, and read by whoever asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gateway.upstreams.decoding import PackedBodyError, Unpacking, unpacking
from gateway.upstreams.failure import Kind, UpstreamFailure

READ_BYTES = 64 * 1024
"""Bytes of an answer that may wait unread before the upstream is made to wait."""


LEAST_STATUS = 100
"""A smaller number is no status (RFC 9110, 15)."""

Sink = Callable[[bytes], bytes | None]
"""Takes a piece, and returns the part of it to be read before the next one; `None` asks for the next one."""


class Source(Protocol):
    """Stands for the connection that an answer comes from, while it comes."""

    def pause(self) -> None:
        """Let the upstream wait."""

    def resume(self) -> None:
        """Let it go on."""

    def drop(self) -> None:
        """Give the answer up, and the connection with it."""


class IncomingResponse:
    """One answer. Only one task reads it."""

    __slots__ = (
        "_failure",
        "_headers",
        "_is_ended",
        "_is_held",
        "_loop",
        "_named",
        "_pieces",
        "_sink",
        "_source",
        "_unpacking",
        "_upstream",
        "_waiter",
        "_waiting_bytes",
        "status",
    )

    def __init__(self, upstream: str, source: Source, loop: asyncio.AbstractEventLoop) -> None:
        self.status = 0
        """It is 0 until the head has come."""
        self._upstream = upstream
        self._loop = loop
        self._source: Source | None = source
        """It is `None` once nothing comes any more."""
        self._named: Sequence[tuple[bytes, bytes]] = ()
        self._headers: Mapping[str, str] | None = None
        self._unpacking: Unpacking | None = None
        self._sink: Sink | None = None
        self._pieces: list[bytes] = []
        self._waiting_bytes = 0
        self._is_held = False
        self._is_ended = False
        self._failure: Kind | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers under lower-case names; of a repeated one the last value counts."""
        if self._headers is None:
            # Most answers are relayed without a look at them.
            self._headers = {
                name.decode("latin-1").lower(): value.strip().decode("utf-8", "surrogateescape")
                for name, value in self._named
            }
        return self._headers

    async def head(self) -> None:
        """Returns when status and headers are there. Raises UpstreamFailure."""
        while not (self.status or self._is_ended):
            await self._waiting()
        if not self.status:
            raise UpstreamFailure(self._failure or "connection", self._upstream)

    @property
    def is_read(self) -> bool:
        """Tells whether nothing is left to be read."""
        return self._is_ended and not self._pieces

    async def read(self) -> bytes:
        """Read the next piece as it came, decompressed; empty at the end. Raises UpstreamFailure."""
        if self._unpacking is not None:
            return await self._unpack(self._unpacking)
        while not (self._pieces or self._is_ended):
            await self._waiting()
        return self._take()

    async def pour(self, sink: Sink) -> None:
        """Give pieces to `sink` the moment they come, until it leaves something or there is no next one.

        Raises what the sink raises.
        """
        if self._unpacking is not None:
            return
        # Only a relayed answer is poured, and its head has been looked at before.
        self._named = ()
        self._sink = sink
        try:
            while self._sink is not None and not (self._pieces or self._is_ended):
                await self._waiting()
        finally:
            self._sink = None

    def close(self) -> None:
        """Give the connection back if the answer has come to its end, else drop it at once."""
        source, self._source = self._source, None
        if source is not None:
            source.drop()
        self._is_ended = True
        self._wake()

    def begin(self, status: int, named: Sequence[tuple[bytes, bytes]], encoding: bytes) -> None:
        """Note that the head has come."""
        self.status, self._named = status, named
        if encoding:
            self._unpacking = unpacking(encoding.decode("latin-1"))
        self._wake()

    def feed(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self._sink is not None:
            try:
                left = self._sink(data)
            except Exception as error:
                if self._waiter is None or self._waiter.done():
                    raise
                # A mistake in relaying is not the connection's, so it goes to the task that has left the
                # sink.
                self._waiter.set_exception(error)
                left = b""
            if left is None:
                return
            self._sink, data = None, left
        if data:
            self._pieces.append(data)
        self._waiting_bytes += len(data)
        if self._waiter is not None:
            self._wake()
        if self._waiting_bytes > READ_BYTES and not self._is_held and self._source is not None:
            self._is_held = True
            self._source.pause()

    def end(self, failure: Kind | None = None) -> None:
        """Note that nothing more will come, because the answer is whole or else because of this failure."""
        self._release()
        self._source = None
        self._failure, self._is_ended = failure, True
        self._wake()

    async def _unpack(self, body: Unpacking) -> bytes:
        """Unpack the next piece."""
        try:
            while not (piece := body.take()):
                while not (self._pieces or self._is_ended):
                    await self._waiting()
                data = self._take()
                if not data:
                    body.finish()
                    return b""
                body.feed(data)
        except PackedBodyError:
            raise UpstreamFailure("bad_answer", self._upstream) from None
        # A few bytes may become megabytes, and others must have their turn meanwhile.
        await asyncio.sleep(0)
        return piece

    def _take(self) -> bytes:
        """Take all that has come and was not read yet."""
        pieces = self._pieces
        if not pieces:
            if self._failure is not None:
                raise UpstreamFailure(self._failure, self._upstream)
            return b""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._waiting_bytes = 0
        self._release()
        return data

    def _release(self) -> None:
        if self._is_held and self._source is not None:
            self._is_held = False
            self._source.resume()

    def _waiting(self) -> asyncio.Future[None]:
        """Begin to wait; a coroutine around it would be entered anew whenever something comes."""
        waiter = self._waiter = self._loop.create_future()
        return waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
