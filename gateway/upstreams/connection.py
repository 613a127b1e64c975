"""One connection to an upstream, which speaks HTTP/1.1 (RFC 9112) one exchange at a time."""

import asyncio
from typing import Protocol

import httptools

from gateway.upstreams.failure import Kind
from gateway.upstreams.framing import mended
from gateway.upstreams.pieces import SLICE, Pieces
from gateway.upstreams.response import LEAST_STATUS, IncomingResponse

HEAD_BYTES = 64 * 1024
"""Bytes of all names and values in an answer's head, with trailers and informational answers before it."""
HEADERS = 200
STALE_SECONDS = 1.0
"""Seconds; a kept connection that the upstream had closed ends this soon after a request."""


class _Unusable(Exception):
    """Bytes that came in are no answer, or belong to none."""


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
        "_body",
        "_encoding",
        "_exchanges",
        "_has_answered",
        "_has_length",
        "_head",
        "_is_complete",
        "_is_full",
        "_is_mended",
        "_is_reusable",
        "_named",
        "_named_bytes",
        "_owner",
        "_parser",
        "_response",
        "_unread_bytes",
        "_unsent",
        "_upstream",
        "loop",
        "on_body",
        "transport",
    )
    transport: asyncio.Transport

    def __init__(self, upstream: str, owner: Owner) -> None:
        self._upstream = upstream
        self._owner = owner
        self.loop = asyncio.get_running_loop()
        self._response: IncomingResponse | None = None
        """The response that is being filled; `None` between two exchanges."""
        self._exchanges = 0
        self._asked = 0.0
        """The last request was sent then, in `loop.time()` seconds."""
        self._has_answered = False
        """Tells whether any byte has come since the request."""
        self._named: list[tuple[bytes, bytes]] = []
        self._named_bytes = 0
        self._unread_bytes = 0
        """Bytes of which the parser has made nothing yet, such as a head, or a trailer without an end."""
        self._head = b""
        """The part of the answer's head that has come."""
        self._is_mended = False
        """True where the head said in two ways where the answer ends; what follows it is not to be
        trusted."""
        self._encoding = b""
        self._has_length = False
        """True where the answer itself says where it ends; otherwise the end of the connection says it."""
        self._is_complete = False
        self._is_reusable = False
        self._unsent: list[memoryview] = []
        """A large body waits here as far as it is not sent, its end first."""
        self._is_full = False
        """Tells whether the transport takes no more for now."""
        self._body: list[bytes] = []
        """Pieces of the body that one read has brought."""
        self.on_body = self._body.append
        """The parser calls this for each chunk of a chunked body; a method would cost twice as much."""
        self._parser = self._new_parser()

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
        response = self._response = IncomingResponse(self._upstream, self, self.loop)
        self._exchanges += 1
        self._asked = self.loop.time()
        self._has_answered = self._has_length = self._is_complete = False
        self._unread_bytes = self._named_bytes = 0
        self._encoding = self._head = b""
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
        self._is_reusable = False
        if self._response is not None:
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
        self._response, self._is_reusable = None, False
        self._free()

    # The transport calls these.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            # Nobody asked for this. The next request must not take it for its answer.
            self.transport.abort()
            return
        self._has_answered = True
        self._unread_bytes += len(data)
        if not response.status:
            self._head += data
        is_broken = False
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._is_reusable = False
            is_broken = not self._mend()
        if self._body:
            response.feed(b"".join(self._body))
            self._body.clear()
            self._unread_bytes = 0
        if is_broken and not self._is_complete:
            self._end("bad_answer")
        elif self._is_complete:
            self._end(None)
        elif self._unread_bytes > HEAD_BYTES:
            self._end("bad_answer")

    def _mend(self) -> bool:
        """Read the answer's beginning anew where its head can be mended; tells whether it is HTTP then."""
        head = None if self._is_mended else mended(self._head)
        if head is None:
            return False
        self._is_mended, self._parser = True, self._new_parser()
        self._named, self._named_bytes = [], 0
        try:
            self._parser.feed_data(head)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return False
        return True

    def _new_parser(self) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(self)
        # Servers in the field get these wrong without doing harm.
        parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        return parser

    def eof_received(self) -> None:
        # A close would first send the rest of the request, which nobody may be reading.
        self._break_off(is_clean=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self)
        self._break_off(is_clean=exc is None)
        # The parser holds this object, which would otherwise stay until the next collection of cycles.
        del self._parser

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._send()

    # The parser calls these.

    def on_message_begin(self) -> None:
        if self._is_complete:
            raise _Unusable

    def on_header(self, name: bytes, value: bytes) -> None:
        size = len(name)
        self._named_bytes += size + len(value)
        self._named.append((name, value))
        if self._named_bytes > HEAD_BYTES or len(self._named) > HEADERS:
            raise _Unusable
        # The length spares most names a closer look.
        if size == 14 and name.lower() == b"content-length":
            self._has_length = True
        elif size == 17 and name.lower() == b"transfer-encoding":
            self._has_length = value.lower().rstrip().endswith(b"chunked")
        elif size == 16 and name.lower() == b"content-encoding":
            self._encoding = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        named, self._named = self._named, []
        if status == 101 or status < LEAST_STATUS:
            raise _Unusable
        if status < 200:
            self._encoding, self._has_length = b"", False
        elif self._response is not None:
            self._response.begin(status, named, self._encoding)

    def on_message_complete(self) -> None:
        # An informational answer has an end of its own.
        if self._response is not None and self._response.status:
            self._is_complete = True
            self._is_reusable = self._parser.should_keep_alive() and not self._is_mended

    def _send(self) -> None:
        """Hand over as much of the body as the transport takes, whether or not an answer has begun."""
        while self._unsent and not self._is_full and self.is_usable:
            piece = self._unsent.pop()
            if len(piece) > SLICE:
                self._unsent.append(piece[SLICE:])
            self.transport.write(piece[:SLICE])

    def _end(self, failure: Kind | None) -> None:
        """Finish the response: nothing more belongs to it."""
        response, self._response = self._response, None
        if response is not None:
            response.end(failure)
        self._free()

    def _break_off(self, *, is_clean: bool) -> None:
        """Finish the response: the connection's end is also that of an answer that does not say where it
        ends."""
        response = self._response
        if response is not None:
            self._is_reusable = False
            is_whole = response.status and not self._has_length and is_clean
            self._end(None if is_whole else "connection")

    def _free(self) -> None:
        is_sent, self._unsent = not self._unsent, []
        is_reusable = self._is_reusable and is_sent and not self.transport.is_closing()
        # An answer that came before its request was sent leaves the rest of it in the buffer.
        is_reusable = is_reusable and not self.transport.get_write_buffer_size()
        self._owner.freed(self, is_reusable=is_reusable)
