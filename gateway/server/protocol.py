"""HTTP/1.1 is spoken as uvicorn does, with callers who may be slow, leave, or send more than they should."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from gateway import ids
from gateway.config import Server
from gateway.errors import Fault
from gateway.server.connection import Connection
from gateway.server.crowd import Crowd, room
from gateway.server.cycle import Cycle
from gateway.server.forwarded import Network, networks, origin
from gateway.server.head import SHORT_NAME, FlawError, lowered, named, target
from gateway.server.limits import DISCARDED_BYTES, HEAD_BYTES, HEADERS, PIPELINED
from gateway.telemetry.access import Access
from gateway.turns.meter import Meter

if TYPE_CHECKING:
    # It loads OpenTelemetry, which only those who trace should pay for.
    from gateway.turns.tracing import Tracing

TOO_MANY_WAIT = f"More than {PIPELINED} requests wait on one connection; send some once others are answered."
ASGI = {"version": "3.0", "spec_version": "2.3"}


class Protocol(Connection):
    """One connection: what comes in becomes requests, which are answered in their order."""

    __slots__ = ("_read_bytes",)
    is_retiring = False
    """Tells whether every answer is the last one on its connection."""
    trusted: Sequence[Network] = ()
    """Networks of proxies that are believed."""

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self._read_bytes = 0
        """Bytes of the last read, in which several heads may have come."""

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
        self.headers.append((lowered(name) if len(name) <= SHORT_NAME else name.lower(), value))

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
            self._refuse(Fault.RATE_LIMITED, TOO_MANY_WAIT)
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
