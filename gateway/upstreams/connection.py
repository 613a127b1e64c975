"""One connection to an upstream, which speaks HTTP/1.1 (RFC 9112) one exchange at a time."""

import asyncio
from typing import Protocol

import httptools

from gateway.upstreams.failure import Kind
from gateway.upstreams.pieces import SLICE, Pieces
from gateway.upstreams.reader import HEAD_BYTES, Reader
from gateway.upstreams.response import IncomingResponse

STALE_SECONDS = 1.0
"""Seconds; a kept connection that the upstream had closed ends this soon after a request."""


class Owner(Protocol):
    """Lends a connection out."""

    def freed(self, connection: "Connection", *, is_reusable: bool) -> None:
        """Take the connection back: its exchange is over, in whatever way."""

    def lost(self, connection: "Connection") -> None:
        """Forget the connection: it has ended."""


class Connection(asyncio.Protocol):
    """Sends a request, and fills the response with what comes back."""

    __slots__ = (
        "_asked",
        "_exchanges",
        "_has_answered",
        "_is_full",
        "_owner",
        "_reader",
        "_unsent",
        "_upstream",
        "loop",
        "transport",
    )
    transport: asyncio.Transport

    def __init__(self, upstream: str, owner: Owner) -> None:
        self._upstream = upstream
        self._owner = owner
        self.loop = asyncio.get_running_loop()
        self._reader = Reader()
        self._exchanges = 0
        self._asked = 0.0
        """The last request was sent then, in `loop.time()` seconds."""
        self._has_answered = False
        """Tells whether any byte has come since the request."""
        self._unsent: list[memoryview] = []
        """A large body waits here as far as it is not sent, its end first."""
        self._is_full = False
        """Tells whether the transport takes no more for now."""

    @property
    def is_usable(self) -> bool:
        return not self.transport.is_closing()

    @property
    def was_stale(self) -> bool:
        """Tells whether it had been used before, and ended without a byte as soon as it was used again.

        One that ends later has taken the request, which may have cost something.
        """
        soon = self.loop.time() - self._asked < STALE_SECONDS
        return self._exchanges > 1 and not self._has_answered and soon

    async def ask(self, head: bytes, body: bytes | Pieces) -> IncomingResponse:
        """Send a request, and return the response once its head is there. Raises UpstreamFailure."""
        response = IncomingResponse(self._upstream, self, self.loop)
        self._reader.begin(response)
        self._exchanges += 1
        self._asked = self.loop.time()
        self._has_answered = False
        if len(body) <= SLICE:
            self.transport.write(head + bytes(body))
        else:
            self.transport.write(head)
            self._unsent = body.each[::-1] if isinstance(body, Pieces) else [memoryview(body)]
            self._send()
        try:
            await response.head()
        except BaseException:
            response.close()
            raise
        return response

    def cut(self) -> None:
        """End it now; an exchange that is under way fails."""
        self._reader.is_reusable = False
        if self._reader.response is not None:
            self._end("connection")
        else:
            self.transport.abort()

    # The response asks for these.

    def pause(self) -> None:
        if self.is_usable:
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.is_usable:
            self.transport.resume_reading()

    def drop(self) -> None:
        self._reader.response, self._reader.is_reusable = None, False
        self._free()

    # The transport calls these.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        response = reader.response
        if response is None:
            # Nobody asked for this. The next request must not take it for its answer.
            self.transport.abort()
            return
        self._has_answered = True
        reader.unread_bytes += len(data)
        if not response.status:
            reader.head += data
        is_broken = False
        try:
            reader.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            is_broken = not reader.mend()
        if reader.body:
            response.feed(b"".join(reader.body))
            reader.body.clear()
            reader.unread_bytes = 0
        if is_broken and not reader.is_complete:
            self._end("bad_answer")
        elif reader.is_complete:
            self._end(None)
        elif reader.unread_bytes > HEAD_BYTES:
            self._end("bad_answer")

    def eof_received(self) -> None:
        # A close would first send the rest of the request, which nobody may be reading.
        self._break_off(is_clean=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self)
        self._break_off(is_clean=exc is None)
        self._reader.close()

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._send()

    def _send(self) -> None:
        """Hand over as much of the body as the transport takes, whether or not an answer has begun."""
        while self._unsent and not self._is_full and self.is_usable:
            piece = self._unsent.pop()
            if len(piece) > SLICE:
                self._unsent.append(piece[SLICE:])
            self.transport.write(piece[:SLICE])

    def _end(self, failure: Kind | None) -> None:
        """Finish the response: nothing more belongs to it."""
        response, self._reader.response = self._reader.response, None
        if response is not None:
            response.end(failure)
        self._free()

    def _break_off(self, *, is_clean: bool) -> None:
        """Finish the response: the connection's end is also that of an answer that does not say where it
        ends."""
        response = self._reader.response
        if response is not None:
            self._reader.is_reusable = False
            is_whole = response.status and not self._reader.has_length and is_clean
            self._end(None if is_whole else "connection")

    def _free(self) -> None:
        is_sent, self._unsent = not self._unsent, []
        is_reusable = self._reader.is_reusable and is_sent and not self.transport.is_closing()
        # An answer that came before its request was sent leaves the rest of it in the buffer.
        is_reusable = is_reusable and not self.transport.get_write_buffer_size()
        self._owner.freed(self, is_reusable=is_reusable)
