"""A caller's connection takes what is answered, one request after the other, and notices who leaves."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gateway.errors import Fault
from gateway.openai_api.account import Account
from gateway.server.crowd import Crowd
from gateway.server.cycle import Cycle
from gateway.server.lean import Flow, Queue
from gateway.server.limits import Limits
from gateway.server.reports import count, line, traced
from gateway.server.stall import Stall
from gateway.telemetry.access import Access
from gateway.telemetry.trace import current
from gateway.turns.meter import Meter

if TYPE_CHECKING:
    # It loads OpenTelemetry, which only those who trace should pay for.
    from gateway.turns.tracing import Tracing

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection(Limits):
    """One connection, as the application knows it; `Protocol` adds how requests are read from it."""

    __slots__ = ("_gone", "_is_known", "_is_lost", "_rested", "is_stalled")
    crowd: Crowd
    access: Access
    is_noted: bool
    """Tells whether anybody wants to know how requests have ended."""
    is_alone = True
    """Tells whether nothing between here and the application looks at what it answers."""
    meter: Meter | None
    tracing: "Tracing | None"

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self.pipeline = Queue()  # type: ignore[assignment]
        self.is_stalled = False
        """Tells whether the connection was cut because the caller did not read."""
        self._is_known = False
        """Tells whether a key has been shown on this connection."""
        self._is_lost = False
        self._rested: float | None = None
        """The connection has rested since then, in `loop.time()` seconds; `None` while it is in use."""
        self._gone: Callable[[], None] | None = None
        """Is called when the caller leaves in the middle of its answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._stall = Stall(transport, self.write_seconds, self._cut_stalled)
        if self.crowd.enter(self):
            self._expect_head()
        else:
            self._refuse(Fault.OVERLOADED)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_done()
        self._body_done()
        self._stall.stop()
        self.crowd.leave(self)
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self._is_lost = True
        if self._gone is not None:
            self._gone()

    def eof_received(self) -> None:
        # A caller who sends no more has left: on the wire, one who is gone looks the same.
        running = self._running
        if running is not None and not (running.response_complete or running.disconnected):
            # A close would wait until the caller has read what it was sent.
            self.transport.abort()

    def tell(self, account: Account) -> None:
        """Note whose turn the running request is."""
        assert self._running is not None  # noqa: S101 - whose answer it is
        self._running.account, account.trace = account, self._running.trace

    def vouch(self) -> None:
        """Note that the caller has shown a key that is good."""
        if not self._is_known:
            self._is_known = True
            self.crowd.vouch(self)

    def tell_in_head(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Put these into the head of the running request's answer, in place of what was told before."""
        assert self._running is not None  # noqa: S101 - whose answer it is
        self._running.told[1:] = headers

    def when_gone(self, call: Callable[[], None] | None) -> None:
        """Does what `openai_api.watch.Presence` says. A callback costs 5 µs less than a task that waits."""
        self._gone = call
        if call is None:
            return
        if self._is_lost:
            call()
        else:
            # A large body has stopped the reading, and would hide that the caller leaves.
            self.flow.resume_reading()

    @property
    def takes_more(self) -> bool:
        """Tell whether an answer has begun whose next piece can be written without waiting for the caller."""
        cycle = self._running
        return cycle is not None and cycle.response_started and not (self.flow.write_paused or self._is_lost)

    def write(self, piece: bytes) -> None:
        """Write the next piece of the answer that goes on, while the caller takes more."""
        assert self._running is not None  # noqa: S101 - whose answer it is
        self._running.go_on(piece, is_last=False)

    def take_body(self) -> bytes | None:
        """Take the running request's body; `None` where not all of it has come, and it has to be received."""
        cycle = self._running
        if cycle is None or not cycle.has_come:
            return None
        self.flow.resume_reading()
        return cycle.taken()

    def whole(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
        """Answer the running request with 200 and a whole body; tells whether that could be done at once."""
        cycle = self._running
        if not self.is_alone or self.flow.write_paused or cycle is None or cycle.disconnected:
            return False
        cycle.whole(headers, body)
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stall.stop()

    def on_response_complete(self) -> None:
        # A connection that is closed still waits until the rest of the answer has been read.
        self._stall.watch()
        is_whole = self._running is None or not self._running.more_body
        if not (is_whole and (self.pipeline or not self._refused)):
            if not self.transport.is_closing():
                self._part()
            return
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)  # type: ignore[arg-type]
        else:
            self._rest(self.timeout_keep_alive)

    def _rest(self, seconds: float) -> None:
        """Wait for the next request; one timer serves for all of them, as long as they come in time."""
        self._rested = self.loop.time() if self._rested is None else self._rested
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._rested is None or self.transport.is_closing():
            return
        left = self._rested + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._rest(left)
        else:
            self.transport.close()

    @property
    def is_idle(self) -> bool:
        """Tells whether nothing is asked or answered."""
        running = self._running
        is_answered = running is None or running.response_complete
        return is_answered and not (self._has_begun or self._unread_bytes or self.pipeline)

    def shutdown(self) -> None:
        if self._running is not None:
            self._running.keep_alive = False
        super().shutdown()

    def cut(self) -> None:
        """End the connection at once: what waits to be sent is thrown away, also by the kernel."""
        peer: socket.socket = self.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.transport.abort()

    def _start_asgi_task(self, cycle: Cycle, app: Any) -> None:  # type: ignore[override]
        self._running, cycle.began = cycle, time.perf_counter()
        if self.tracing is not None:
            # The request's task, and all that it begins, has it from here.
            cycle.trace = self.tracing.begin(cycle.scope["state"]["named"])
            current.set(cycle.trace)
        cycle.task = self.loop.create_task(cycle.see_through(app, self._ended))
        self.tasks.add(cycle.task)

    def _ended(self, cycle: Cycle) -> None:
        """Forget a request, and tell those who want to know how it has ended."""
        task, cycle.task = cycle.task, None
        if task is not None:
            self.tasks.discard(task)
        if not self.is_noted:
            return
        if self.tracing is not None and cycle.trace is not None:
            self.tracing.finish(traced(cycle, cycle.trace))
        if self.meter is not None:
            count(self.meter, cycle)
        if self.access.is_on:
            self.access.note(line(cycle), self.loop)

    def _cut_stalled(self) -> None:
        self.is_stalled = True
        self.cut()
