"""HTTP/1.1 as uvicorn speaks it, for callers who may be slow, leave, or send more than they should."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from gateway import ids
from gateway.config import Server
from gateway.errors import Fault
from gateway.server.cycle import Cycle
from gateway.server.head import target, without_upgrade
from gateway.server.lean import Flow, Queue, Signal
from gateway.server.limits import DISCARDED_BYTES, HEAD_BYTES, HEADERS, PIPELINED, Limits
from gateway.server.stall import Stall

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Protocol(Limits):
    """One connection: what comes in becomes requests, and what an application answers goes out."""

    __slots__ = ("_discarded", "_gone", "_is_lost", "_named_bytes", "is_stalled")

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self.pipeline = Queue()  # type: ignore[assignment]
        self.is_stalled = False
        """Whether the connection was cut because the caller did not read."""
        self._named_bytes = 0
        """Bytes of the path and of the headers so far."""
        self._discarded = 0
        self._is_lost = False
        self._gone: Callable[[], None] | None = None
        """What to do when the caller leaves in the middle of its answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._stall = Stall(transport, self.write_seconds, self._cut_stalled)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_done()
        self._expect_body(None)
        self._stall.stop()
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)
        self._is_lost = True
        if self._gone is not None:
            self._gone()

    def when_gone(self, call: Callable[[], None] | None) -> None:
        """As `openai_api.watch.Connection` has it: a callback, since a task that waits costs 5 µs more."""
        self._gone = call
        if call is None:
            return
        if self._is_lost:
            call()
        else:
            # A large body has stopped the reading, and with it the news of a caller who leaves.
            self.flow.resume_reading()

    @property
    def takes_more(self) -> bool:
        """Whether an answer has begun of which a piece can be written without waiting for the caller."""
        cycle = self._running
        return cycle is not None and cycle.response_started and not (self.flow.write_paused or self._is_lost)

    def write(self, piece: bytes) -> None:
        """The next piece of the answer that goes on, while the caller takes more."""
        assert self._running is not None  # noqa: S101 - whose answer it is
        self._running.go_on(piece, is_last=False)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.watch()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stall.stop()

    def on_response_complete(self) -> None:
        # Whoever closes waits for the rest of the answer to be read.
        self._stall.watch()
        super().on_response_complete()

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
        if self._refused:
            return
        self._unread_bytes += len(data)
        if self._in_head:
            data = without_upgrade(data)
        super().data_received(data)
        if self._unread_bytes > HEAD_BYTES:
            self._refuse_large_head()
        elif not self._in_head:
            self._expect_body(self.body_seconds)
        elif self._has_begun or self._unread_bytes:
            self._expect_head()

    def on_message_begin(self) -> None:
        self._in_head = self._has_begun = True
        self._named_bytes = self._discarded = 0
        super().on_message_begin()
        state = self.scope["state"]
        state["request_id"] = ids.new("req")
        # For the application to know why the caller has gone.
        state["connection"] = self

    def on_url(self, url: bytes) -> None:
        self._named_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._named_bytes += len(name) + len(value)
        if self._named_bytes > HEAD_BYTES:
            self._refuse_large_head()
        elif len(self.headers) >= HEADERS:
            self._refuse(Fault.HEADERS_TOO_LARGE, f"The request has more than {HEADERS} headers; send fewer.")
        else:
            name = name.lower()
            self.headers.append((name, value))
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        self._head_done()
        if self._named_bytes > HEAD_BYTES:
            self._refuse_large_head()
        if len(self.pipeline) >= PIPELINED:
            self._refused = True
            self.transport.close()
        if self._refused:
            return
        scope, version = self.scope, self.parser.get_http_version()
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = target(self.url)
        before, self.cycle = self.cycle, self._cycle(scope, version)
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _cycle(self, scope: Any, version: str) -> Cycle:
        cycle = Cycle(
            scope["state"]["request_id"],
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=Signal(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
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
        if self.cycle is not None and self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > DISCARDED_BYTES:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            self._in_head, self._has_begun, self._unread_bytes = True, False, 0
            self._expect_body(None)
            super().on_message_complete()

    def _start_asgi_task(self, cycle: Cycle, app: Any) -> None:  # type: ignore[override]
        self._running = cycle
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _cut_stalled(self) -> None:
        self.is_stalled = True
        self.cut()


def limited(server: Server) -> type[Protocol]:
    """The protocol as the configuration wants it."""

    class Limited(Protocol):
        body_seconds = server.body_timeout
        write_seconds = server.write_timeout
        public_url = server.public_url

    return Limited
