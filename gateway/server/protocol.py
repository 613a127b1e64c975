"""HTTP/1.1 as uvicorn speaks it, with limits on size and slowness, of callers who send and who read."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway import ids
from gateway.config import Server
from gateway.errors import Fault, Refusal, envelope
from gateway.server.cycle import Cycle
from gateway.server.lean import Flow, Queue, Signal
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
TARGETS, SHORT = 64, 256
"""So many targets of at most so many bytes are remembered in their parts: callers ask for the same few."""
UPGRADE = re.compile(rb"\r\nupgrade(?=[ \t]*:)", re.IGNORECASE)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _AnyLength(int):
    """Stands for the length of an answer that may have any."""

    def __lt__(self, _other: int) -> bool:
        return False

    def __sub__(self, _other: int) -> "_AnyLength":
        return self


class Protocol(HttpToolsProtocol):
    """One connection."""

    # Beside what uvicorn keeps, more attributes would give each instance a dictionary with keys of its own.
    __slots__ = (
        "_body_timer",
        "_discarded",
        "_gone",
        "_has_begun",
        "_head_bytes",
        "_head_timer",
        "_in_head",
        "_is_lost",
        "_named_bytes",
        "_refused",
        "_running",
        "_stall",
        "is_stalled",
    )
    body_seconds = 30.0
    write_seconds = 60.0

    def __init__(self, *settings: Any, **more: Any) -> None:
        super().__init__(*settings, **more)
        self.pipeline = Queue()  # type: ignore[assignment]
        self.is_stalled = False
        """Whether the connection was cut because the caller did not read."""
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        """Bytes that came in since the head began; those of a body behind it count while the head is open."""
        self._named_bytes = 0
        """Bytes of the path and of the headers so far."""
        self._discarded = 0
        self._in_head = True
        """From the end of one request to the end of the next one's headers."""
        self._has_begun = False
        """Whether something of the head is there."""
        self._refused = False
        self._is_lost = False
        self._gone: Callable[[], None] | None = None
        """What to do when the caller leaves in the middle of its answer."""
        self._running: Cycle | None = None
        """The request that is being answered, which is the oldest of those that have come in."""

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
        if self._in_head:
            self._head_bytes += len(data)
            data = _without_upgrade(data)
        super().data_received(data)
        if not self._in_head:
            self._expect_body(self.body_seconds)
        elif self._head_bytes > HEAD_BYTES:
            self._refuse_large_head()
        elif self._has_begun or self._head_bytes:
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
        scope["path"], scope["raw_path"], scope["query_string"] = _target(self.url)
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
            # HTTP/1.0 knows no chunks: where there is no length, the end of the connection ends the answer.
            cycle.chunked_encoding = False
            cycle.expected_content_length = _AnyLength()
        return cycle

    def on_body(self, body: bytes) -> None:
        if self._refused:
            return
        if self.cycle is not None and self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > DISCARDED_BYTES:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            self._in_head, self._has_begun = True, False
            self._expect_body(None)
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Fault.REQUEST_INVALID, "The bytes received are not an HTTP/1.1 request.")

    def _start_asgi_task(self, cycle: Cycle, app: Any) -> None:  # type: ignore[override]
        self._running = cycle
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

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
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        if self._running is not None and not self._running.response_complete:
            # The next request may wait, and so may its caller, while this one is answered.
            self._expect_head()
        elif self._head_bytes:
            self._refuse(
                Fault.REQUEST_TIMEOUT, "The request's headers did not arrive in time; send them at once."
            )
        else:
            self.transport.close()

    def _body_late(self, seconds: float) -> None:
        if self.flow.read_paused:
            self._expect_body(seconds)
            return
        message = f"Nothing of the request's body came for {seconds:g} seconds; send it without pauses."
        self._refuse(Fault.REQUEST_TIMEOUT, message)

    def _cut_stalled(self) -> None:
        self.is_stalled = True
        self.cut()

    def _refuse_large_head(self) -> None:
        self._refuse(
            Fault.HEADERS_TOO_LARGE, "The request's head is too large; send fewer or shorter headers."
        )

    def _refuse(self, fault: Fault, message: str) -> None:
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
        body = envelope(Refusal(fault, message), self._path(), request_id)
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


def _without_upgrade(data: bytes) -> bytes:
    """The start of a request, in which an offer to speak another protocol has a name that nobody knows.

    Java's HTTP client makes it by default; the parser would take what follows for that protocol's.
    """
    end = data.find(b"\r\n\r\n")
    end = end if end >= 0 else len(data)
    if UPGRADE.search(data, 0, end) is None:
        return data
    return UPGRADE.sub(b"\r\nx-upgrade", data[:end]) + data[end:]


def _target(url: bytes) -> tuple[str, bytes, bytes]:
    """The path, the path as it came, and the query. Raises httptools.HttpParserInvalidURLError."""
    return _parts(url) if len(url) <= SHORT else _parts.__wrapped__(url)


@lru_cache(TARGETS)
def _parts(url: bytes) -> tuple[str, bytes, bytes]:
    parsed = httptools.parse_url(url)
    path: str = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""


def limited(server: Server) -> type[Protocol]:
    """The protocol with the time limits of the configuration."""

    class Limited(Protocol):
        body_seconds = server.body_timeout
        write_seconds = server.write_timeout

    return Limited
