"""A caller may send so much and take so long: it is counted, waited for, and refused from here."""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway import ids
from gateway.envelope import envelope
from gateway.errors import Fault, Refusal
from gateway.server.arrival import Arrival
from gateway.server.cycle import Cycle
from gateway.server.head import target
from gateway.server.lean import Flow
from gateway.server.stall import Stall

HEAD_BYTES = 64 * 1024
HEADERS = 200
HEAD_SECONDS = 10.0
"""Seconds from the first byte of a request, or from the connection's start, to the end of its headers."""
LINGER_SECONDS = 2.0
"""Seconds that a refused caller may go on sending; closing at once would take the answer from it."""
DISCARDED_BYTES = 256 * 1024 * 1024
"""Bytes that a refused caller may go on sending."""
PIPELINED = 32
"""Requests that may wait on one connection while another is answered; the next is refused, behind them."""


class Limits(HttpToolsProtocol):
    """Holds the caller of one connection to the limits."""

    # With more attributes than uvicorn and these have, each instance would get a dictionary with keys of its
    # own.
    __slots__ = (
        "_arrival",
        "_has_begun",
        "_head_timer",
        "_in_head",
        "_last_word",
        "_refused",
        "_running",
        "_stall",
        "_unread_bytes",
    )
    body_seconds = 30.0
    body_total = 120.0
    write_seconds = 60.0
    waiting_bytes = 32 * 1024 * 1024
    """Bytes of bodies that may wait behind the request that is being answered."""
    public_url = ""
    flow: Flow
    _stall: Stall

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self._head_timer: asyncio.TimerHandle | None = None
        self._arrival: Arrival | None = None
        """Looks after a body that has not come whole yet."""
        self._unread_bytes = 0
        """Bytes that the parser holds and has not yet made a head or a piece of a body of."""
        self._in_head = True
        """True from the end of one request to the end of the next one's headers."""
        self._has_begun = False
        """Tells whether something of the head is there."""
        self._refused = False
        """Tells whether anything that comes is ignored from now on."""
        self._last_word = b""
        """The refusal, which goes out after all answers that are due."""
        self._running: Cycle | None = None
        """The request that is being answered, which is the oldest of those that have come in."""

    def _expect_head(self) -> None:
        """Expect the head to be whole in time; the time does not start anew."""
        if self._head_timer is None and not self._refused:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

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

    def _expect_body(self) -> None:
        """Expect more of the body, in time."""
        if self._arrival is not None:
            self._arrival.came()
        elif not self._refused:
            self._arrival = Arrival(self.flow, self.body_seconds, self.body_total, self._body_late)

    def _body_done(self) -> None:
        if self._arrival is not None:
            self._arrival.stop()
            self._arrival = None

    def _body_late(self, message: str) -> None:
        self._refuse(Fault.REQUEST_TIMEOUT, message)

    def _refuse_large_head(self) -> None:
        self._refuse(Fault.HEADERS_TOO_LARGE)

    def _refuse(self, fault: Fault, message: str | None = None) -> None:
        """Answer from here in place of the application, after the answers that are due, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._head_done()
        self._body_done()
        self._last_word = self._word(Refusal(fault, message))
        if self._is_free():
            self._part()

    def _is_free(self) -> bool:
        """Tell whether no answer is due; nobody answers a request whose own body is what was refused."""
        running, last = self._running, self.cycle
        if running is None or running.response_complete:
            return True
        if last.more_body and last is not running:
            self.pipeline.popleft()
        elif last.more_body and running.response_started:
            self._last_word = b""
        elif last.more_body:
            running.disconnected = True
            running.message_event.set()
            return True
        return False

    def _part(self) -> None:
        """Send the last word, and hear the caller out for a little while, so that it can read it."""
        self._refused = True
        self._head_done()
        self._body_done()
        if self._last_word:
            self.transport.write(self._last_word)
        self.transport.write_eof()
        self._stall.watch()
        self.flow.resume_reading()
        self._head_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _word(self, refusal: Refusal) -> bytes:
        """Write a whole answer."""
        request_id = ids.new("req")
        body = envelope(refusal, self._path(), request_id, self.public_url)
        head = [
            STATUS_LINE[refusal.status],
            b"content-type: application/json\r\nconnection: close\r\n",
            b"x-request-id: " + request_id.encode() + b"\r\n",
            b"content-length: " + str(len(body)).encode() + b"\r\n\r\n",
        ]
        return b"".join([*head, body])

    def _path(self) -> str:
        """Find the path as the application would see it, as far as that can be said."""
        url: bytes = getattr(self, "url", b"")
        try:
            return target(url)[0]
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
            return url.decode("latin-1")
