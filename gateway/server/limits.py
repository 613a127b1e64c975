"""What a caller may send and how long it may take: counted, waited for, and refused from here."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway import ids
from gateway.errors import Fault, Refusal, envelope
from gateway.server.cycle import Cycle
from gateway.server.stall import Stall

HEAD_BYTES = 64 * 1024
HEADERS = 200
HEAD_SECONDS = 10.0
"""From the first byte of a request, or from the connection's start, to the end of its headers."""
LINGER_SECONDS = 2.0
"""How long a refused caller may go on sending; closing at once would take the answer from it."""
DISCARDED_BYTES = 256 * 1024 * 1024
"""How much of a body is thrown away once its request has been answered."""
PIPELINED = 32
"""Requests that may wait on one connection while another is answered."""


class Limits(HttpToolsProtocol):
    """One connection, as far as its caller is held to limits."""

    # Beside what uvicorn keeps, more attributes would give each instance a dictionary with keys of its own.
    __slots__ = (
        "_body_timer",
        "_has_begun",
        "_head_timer",
        "_in_head",
        "_refused",
        "_running",
        "_stall",
        "_unread_bytes",
    )
    body_seconds = 30.0
    write_seconds = 60.0
    public_url = ""
    _stall: Stall

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._unread_bytes = 0
        """Bytes of which the parser has made nothing yet, neither a head nor a piece of a body."""
        self._in_head = True
        """From the end of one request to the end of the next one's headers."""
        self._has_begun = False
        """Whether something of the head is there."""
        self._refused = False
        self._running: Cycle | None = None
        """The request that is being answered, which is the oldest of those that have come in."""

    def send_400_response(self, msg: str) -> None:
        self._refuse(Fault.REQUEST_INVALID, "The bytes received are not an HTTP/1.1 request.")

    def _expect_head(self) -> None:
        """The head has to be whole in time; the time does not start anew."""
        if self._head_timer is None and not self._refused:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

    def _expect_body(self, seconds: float | None) -> None:
        """The body's next piece has to come within so many seconds; `None` where none is due."""
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None
        if seconds is not None and not self._refused:
            self._body_timer = self.loop.call_later(seconds, self._body_late, seconds)

    def _head_done(self) -> None:
        self._in_head = self._has_begun = False
        self._unread_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        if self._running is not None and not self._running.response_complete:
            # The next request may wait, and so may its caller, while this one is answered.
            self._expect_head()
        elif self._unread_bytes:
            self._refuse(Fault.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _body_late(self, seconds: float) -> None:
        if self.flow.read_paused:
            self._expect_body(seconds)
            return
        message = f"Nothing of the request's body came for {seconds:g} seconds; send it without pauses."
        self._refuse(Fault.REQUEST_TIMEOUT, message)

    def _refuse_large_head(self) -> None:
        self._refuse(Fault.HEADERS_TOO_LARGE)

    def _refuse(self, fault: Fault, message: str | None = None) -> None:
        """Answer from here and close, in place of the application."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._head_done()
        self._expect_body(None)
        if not self._may_answer():
            self._stall.watch()
            self.transport.close()
            return
        request_id = ids.new("req")
        body = envelope(Refusal(fault, message), self._path(), request_id, self.public_url)
        head = [
            STATUS_LINE[fault.status],
            b"content-type: application/json\r\nconnection: close\r\n",
            b"x-request-id: " + request_id.encode() + b"\r\n",
            b"content-length: " + str(len(body)).encode() + b"\r\n\r\n",
        ]
        self.transport.write(b"".join([*head, body]))
        self.transport.write_eof()
        self.flow.resume_reading()
        self._head_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _may_answer(self) -> bool:
        """Whether no answer is on its way; the application that waits for a broken body is told to stop."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        if self.pipeline or cycle.response_started or not cycle.more_body:
            return False
        cycle.disconnected = True
        cycle.message_event.set()
        return True

    def _path(self) -> str:
        url: Any = getattr(self, "url", b"")
        return bytes(url).decode("latin-1")
