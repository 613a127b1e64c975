"""The load client: one HTTP/1.1 connection that sends a request and reads the whole answer."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

import httptools
import msgspec

from benchmarks.process import BenchError

EVENT = b"data: {"
OVERLAP = len(EVENT) - 1
COMPLETED = b'"type":"response.completed"'
"""The last event of a response begins with this."""


class Answer(msgspec.Struct):
    """One answer, and when it came; times are those of `time.perf_counter_ns`."""

    sent_ns: int
    head_ns: int = 0
    """The time at which the first bytes came."""
    first_ns: int = 0
    """The time at which the first bytes of the body came."""
    ended_ns: int = 0
    status: int = 0
    events: int = 0
    """Events of a stream that hold data, `[DONE]` not counted."""
    reads: int = 0
    """Reads of the socket in which an event began."""
    is_done: bool = False
    """Tells whether `[DONE]` came."""
    body: bytes = b""
    """The body is kept only where it was asked for."""


class Tally:
    """Events and reads of many connections, with something to do at certain counts."""

    def __init__(self) -> None:
        self.events = 0
        self.reads = 0
        self.gaps_ns: list[int] = []
        """The times between two reads of the same stream."""
        self._marks: list[tuple[int, Callable[[], None]]] = []

    def at(self, events: int, call: Callable[[], None]) -> None:
        """Call once this many events have come; marks are set in ascending order."""
        self._marks.append((events, call))

    def add(self, events: int, gap_ns: int) -> None:
        """Note the events of one read, and how long after the read before it they came."""
        self.events += events
        self.reads += 1
        self.gaps_ns.append(gap_ns)
        while self._marks and self.events >= self._marks[0][0]:
            self._marks.pop(0)[1]()


class Connection(asyncio.Protocol):
    """One request at a time; `on_answer` is called with each answer, and with `None` where it broke off."""

    def __init__(
        self,
        on_answer: Callable[["Connection", Answer | None], None],
        tally: Tally | None = None,
        *,
        keep_body: bool = False,
    ) -> None:
        self._on_answer = on_answer
        self._tally = tally
        self._keep_body = keep_body
        self._answer: Answer | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._tail = b""
        self._pieces: list[bytes] = []
        self._found = 0
        self._last_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes) -> None:
        self._tail = b""
        self._last_ns = time.perf_counter_ns()
        self._answer = Answer(self._last_ns)
        self.transport.write(request)

    def close(self) -> None:
        """Close the connection, whatever is still to come."""
        self._answer = None
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:
            return
        if not answer.head_ns:
            answer.head_ns = time.perf_counter_ns()
        self._found = 0
        self._parser.feed_data(data)
        if self._found:
            answer.events += self._found
            answer.reads += 1
            if self._tally is not None:
                now = time.perf_counter_ns()
                self._tally.add(self._found, now - self._last_ns)
                self._last_ns = now
        if answer.ended_ns:
            self._answer = None
            self._on_answer(self, answer)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._answer is not None:
            self._answer = None
            self._on_answer(self, None)

    def on_status(self, _reason: bytes) -> None:
        assert self._answer is not None
        self._answer.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        answer = self._answer
        assert answer is not None
        if not answer.first_ns:
            answer.first_ns = time.perf_counter_ns()
        # An event may begin in one piece and go on in the next.
        seen = self._tail + data
        self._found += seen.count(EVENT)
        if b"[DONE]" in seen or COMPLETED in seen:
            answer.is_done = True
        self._tail = seen[-OVERLAP:]
        if self._keep_body:
            self._pieces.append(data)

    def on_message_complete(self) -> None:
        assert self._answer is not None
        self._answer.body = b"".join(self._pieces)
        self._pieces.clear()
        self._answer.ended_ns = time.perf_counter_ns()


def check(answer: Answer | None, *, is_stream: bool) -> Answer:
    """Return the answer if it is whole. Raises BenchError."""
    if answer is None:
        raise BenchError("a server closed the connection before its answer was whole")
    if answer.status != 200:
        raise BenchError(f"a server answered {answer.status}: {answer.body[:300]!r}")
    if is_stream and not answer.is_done:
        raise BenchError(f"a stream ended after {answer.events} events, without [DONE]")
    return answer
