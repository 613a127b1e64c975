"""HTTP/1.1 is spoken as uvicorn does, with callers who may be slow, leave, or send more than they should."""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from gateway import ids
from gateway.config import Server
from gateway.errors import Fault
from gateway.openai_api.account import Account
from gateway.server.crowd import Crowd, room
from gateway.server.cycle import Cycle
from gateway.server.forwarded import Network, networks, origin
from gateway.server.head import FlawError, named, target
from gateway.server.lean import Flow, Queue
from gateway.server.limits import DISCARDED_BYTES, HEAD_BYTES, HEADERS, PIPELINED, Limits
from gateway.server.reports import count, line, traced
from gateway.server.stall import Stall
from gateway.telemetry.access import Access
from gateway.telemetry.trace import current
from gateway.turns.meter import Meter

if TYPE_CHECKING:
    # It loads OpenTelemetry, which only those who trace should pay for.
    from gateway.turns.tracing import Tracing
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
ASGI = {"version": "3.0", "spec_version": "2.3"}


class Protocol(Limits):
    """One connection: what comes in becomes requests, and what an application answers goes out."""

    __slots__ = ("_gone", "_is_known", "_is_lost", "_read_bytes", "_rested", "is_stalled")
    crowd: Crowd
    access: Access
    is_noted: bool
    """Tells whether anybody wants to know how requests have ended."""
    is_retiring = False
    """Tells whether every answer is the last one on its connection."""
    trusted: Sequence[Network] = ()
    """Networks of proxies that are believed."""
    is_alone = True
    """Tells whether nothing between here and the application looks at what it answers."""
    meter: Meter | None
    tracing: "Tracing | None"

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self.pipeline = Queue()  # type: ignore[assignment]
        self.is_stalled = False
        """Tells whether the connection was cut because the caller did not read."""
        self._read_bytes = 0
        """Bytes of the last read, in which several heads may have come."""
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

    def data_received(self, data: bytes) -> None:
        self._read_bytes = len(data)
        self._unread_bytes += self._read_bytes
        if self._refused:
            if self._unread_bytes > DISCARDED_BYTES:
                self.transport.abort()
            return
        self._rested = None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # It was refused with its head; what follows belongs to the protocol that was asked for.
            return
        except httptools.HttpParserError:
            self._refuse(Fault.REQUEST_INVALID, "The bytes received are not an HTTP/1.1 request.")
        if self._unread_bytes > HEAD_BYTES:
            self._refuse_large_head()
        elif not self._in_head:
            self._expect_body()
        elif self._has_begun or self._unread_bytes:
            self._expect_head()

    def on_message_begin(self) -> None:
        self._in_head = self._has_begun = True
        self.url, self.headers = b"", []
        self.scope = {  # type: ignore[typeddict-item]
            "type": "http",
            "asgi": ASGI,  # type: ignore[typeddict-item]
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,  # type: ignore[typeddict-item]
            "root_path": "",
            "headers": self.headers,
            # The connection lets the application know why the caller has gone.
            "state": {**self.app_state, "request_id": ids.new("req"), "connection": self},
        }

    def on_header(self, name: bytes, value: bytes) -> None:
        # Nothing is counted before the head is whole: what one read brings is little enough to be kept.
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        may_be_large = self._unread_bytes + self._read_bytes > HEAD_BYTES
        self._head_done()
        if may_be_large and len(self.url) + sum(map(len, chain.from_iterable(self.headers))) > HEAD_BYTES:
            self._refuse_large_head()
        elif len(self.headers) > HEADERS:
            self._refuse(Fault.HEADERS_TOO_LARGE, f"The request has more than {HEADERS} headers; send fewer.")
        elif self.parser.should_upgrade():
            self._refuse(
                Fault.REQUEST_INVALID,
                "Another protocol was asked for, and only HTTP/1.1 is spoken here; leave out the header "
                "`upgrade` (in Java by HttpClient.Version.HTTP_1_1) and the method CONNECT.",
            )
        elif len(self.pipeline) >= PIPELINED:
            self._refused = True
            self.transport.close()
        if not self._refused:
            self._begin()
        # A trailer, which comes after a body, must not pass for a header.
        self.headers = []

    def _begin(self) -> None:
        """A head is there: its request is answered, or waits for the one before it."""
        scope, version = self.scope, self.parser.get_http_version()
        try:
            headers = named(self.headers, version)
        except FlawError as flaw:
            self._refuse(Fault.REQUEST_INVALID, str(flaw))
            return
        self.expect_100_continue = b"expect" in headers and headers[b"expect"].lower() == b"100-continue"
        scope["state"]["named"] = headers
        if self.trusted:
            self._believe(scope, headers)
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = target(self.url)
        before, self.cycle = self.cycle, self._cycle(scope, version)
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            # The connection is read although the request waits: only so is it noticed that the caller has
            # left.
            self.pipeline.appendleft((self.cycle, self.app))

    def _believe(self, scope: Any, headers: dict[bytes, bytes]) -> None:
        """Find out whom a proxy in front of us speaks for."""
        peer = scope["client"]
        if peer is None:
            return
        said = [value for name, value in self.headers if name == b"x-forwarded-for"]
        caller = origin(peer[0], said, self.trusted)
        if caller != peer[0]:
            scope["client"] = (caller, 0)
            scheme = headers.get(b"x-forwarded-proto")
            if scheme in (b"http", b"https"):
                scope["scheme"] = scheme.decode()
        scope["state"]["caller_address"] = caller

    def _cycle(self, scope: Any, version: str) -> Cycle:
        cycle = Cycle(
            scope,
            self.transport,
            self.flow,
            self.server_state.default_headers,
            self.on_response_complete,
            keep_alive=version != "1.0" and not self.is_retiring and self.parser.should_keep_alive(),
            expects_100=self.expect_100_continue,
        )
        if version != "1.1":
            scope["http_version"] = version
        if version == "1.0":
            cycle.end_with_connection()
        return cycle

    def on_body(self, body: bytes) -> None:
        self._unread_bytes = 0
        if self._refused:
            return
        cycle: Cycle = self.cycle  # type: ignore[assignment]
        if cycle is self._running:
            if not cycle.response_complete:
                cycle.add(body)
                if len(cycle.body) > HIGH_WATER_LIMIT:
                    self.flow.pause_reading()
                cycle.message_event.set()
            return
        cycle.add(body)
        if sum(len(waiting.body) for waiting, _ in self.pipeline) > self.waiting_bytes:
            self._refuse(Fault.REQUEST_TOO_LARGE, "Wait for an answer before you send so much more.")

    def on_message_complete(self) -> None:
        if not self._refused:
            self._in_head, self._has_begun, self._unread_bytes = True, False, 0
            self._body_done()
            cycle = self.cycle
            if not cycle.response_complete:
                cycle.more_body = False
                cycle.message_event.set()

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


def limited(
    server: Server, access: Access, counter: Meter | None = None, traces: "Tracing | None" = None
) -> type[Protocol]:
    """Make the protocol with the limits of the configuration, for the connections of one worker."""
    lines = access

    class Limited(Protocol):
        access = lines
        is_noted = lines.is_on or counter is not None or traces is not None
        meter = counter
        tracing = traces
        crowd = Crowd(room(server.max_connections))
        trusted = networks(server.trusted_proxies)
        body_seconds = server.body_timeout
        body_total = server.body_total
        write_seconds = server.write_timeout
        waiting_bytes = server.max_body
        public_url = server.public_url
        is_alone = not server.cors_origins

    return Limited
