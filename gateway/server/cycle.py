"""One request and its answer, as uvicorn has them, but with an id, and with head and body in one piece."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.openai_api.account import Account
from gateway.openai_api.edge import BODY_FOLLOWS, JSON_TYPE
from gateway.server.lean import Signal
from gateway.telemetry.trace import Trace

CONTROLS = bytes(code for code in range(32) if code != ord("\t")) + b"\x7f"
COLON = b": "
CLOSE = (b"connection", b"close")
FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})
NOTHING = b""
LAST_CHUNK = b"0\r\n\r\n"

log = logging.getLogger("uvicorn.error")


class _AnyLength(int):
    """Stands for the length of an answer that may have any length."""

    def __lt__(self, _other: int) -> bool:
        return False

    def __sub__(self, _other: int) -> "_AnyLength":
        return self


class Cycle(RequestResponseCycle):
    """Is given to an application so that it can answer one request."""

    def __init__(
        self,
        scope: Any,
        transport: asyncio.Transport,
        flow: Any,
        default_headers: list[tuple[bytes, bytes]],
        on_response: Callable[[], None],
        *,
        keep_alive: bool,
        expects_100: bool = False,
    ) -> None:
        """uvicorn's own constructor takes more than is needed here, and would be called beside this one."""
        self.scope = scope
        self.transport = transport
        self.flow = flow
        self.default_headers = default_headers
        self.on_response = on_response
        self.message_event = Signal()  # type: ignore[assignment]
        self.disconnected = self.response_started = self.response_complete = False
        self.keep_alive, self.waiting_for_100_continue = keep_alive, expects_100
        self.body: bytes | bytearray = NOTHING  # type: ignore[assignment]
        self.more_body = True
        self.chunked_encoding: bool | None = None
        self.expected_content_length = 0
        self._held = NOTHING
        """A head that waits for its body; a second small piece would cost the kernel as much as the first."""
        self.status: int | None = None
        self.began = 0.0
        """The application was given the request then, in `time.perf_counter()` seconds."""
        self.trace: Trace | None = None
        """Its place in a trace, where somebody traces."""
        self.account: Account | None = None
        """The turn that is answered, if it is one."""
        self.task: asyncio.Task[None] | None = None
        self.request_id: str = scope["state"]["request_id"]
        self.told = [(b"x-request-id", self.request_id.encode())]
        """Headers with which every answer's head ends; the first one tells the request's id."""

    @property
    def has_come(self) -> bool:
        """Tells whether the whole request is there and its caller waits for the answer."""
        return not (
            self.more_body or self.disconnected or self.response_complete or self.waiting_for_100_continue
        )

    def add(self, piece: bytes) -> None:
        """Take a piece of the body; most have one alone, which is kept as it is."""
        if not self.body:
            self.body = piece
        elif isinstance(self.body, bytearray):
            self.body += piece
        else:
            self.body = bytearray(self.body) + piece

    def taken(self) -> bytes:
        """Let go of the body, and return it."""
        body, self.body = self.body, NOTHING
        return bytes(body)

    async def see_through(self, app: Any, ended: "Callable[[Cycle], None]") -> None:
        """Do what `run_asgi` does; `ended` is called here, which costs less than a callback of the task."""
        try:
            await app(self.scope, self.receive, self.send)
            if not (self.response_complete or self.disconnected):
                raise RuntimeError("The application has not answered to the end.")
        except BaseException as error:
            log.error("Exception in ASGI application\n", exc_info=error)
            if self.response_started:
                self.transport.close()
            else:
                await self.send_500_response()
        finally:
            self.on_response = _nothing
            ended(self)

    def whole(self, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Answer with 200, these headers, none of which says where the body ends, and this body."""
        if self.response_started:
            raise RuntimeError("There is an answer already.")
        self.response_started, self.status = True, 200
        length = (b"content-length", b"%d" % len(body))
        named = [*self.default_headers, JSON_TYPE, length, *headers, *self.told]
        self.chunked_encoding = False
        self.waiting_for_100_continue = False
        if self.more_body:
            # The rest of the request stands where the next one would begin.
            self.keep_alive = False
        if not self.keep_alive:
            named.append(CLOSE)
        self.transport.write(_head(200, named) + body)
        self._end()

    def end_with_connection(self) -> None:
        """Answer as HTTP/1.0 does, which knows no chunks: only the connection's end may tell the body's."""
        self.chunked_encoding = False
        self.expected_content_length = _AnyLength()

    async def send(self, message: Any) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self.response_started:
            head = self._begin(message["status"], message.get("headers", ()))
            if self.scope["method"] == "HEAD":
                # The answer ends here, even one that would go on for ever.
                self.transport.write(head)
                self._end()
            elif message.get(BODY_FOLLOWS):
                self._held = head
            else:
                self.transport.write(head)
        elif kind == "http.response.body" and self.response_started and not self.response_complete:
            self.go_on(message.get("body", b""), is_last=not message.get("more_body"))
        elif kind == "http.response.body" and self.scope["method"] == "HEAD" and self.response_complete:
            return
        else:
            raise RuntimeError(f"`{kind}` has no place here in an answer.")

    def _begin(self, status: int, headers: Any) -> bytes:
        """Write the head as it is sent. Raises RuntimeError for a header that would break it apart."""
        self.response_started, self.status = True, status
        self.waiting_for_100_continue = False
        if self.more_body:
            # The rest of the request stands where the next one would begin.
            self.keep_alive = False
        named = [*self.default_headers, *headers, *self.told]
        framing = [header for header in named if header[0] in FRAMING]
        for name, value in framing:
            self._frame(name, value)
        if not self.keep_alive and not any(name == b"connection" for name, _ in framing):
            named.append(CLOSE)
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in (204, 304):
            self.chunked_encoding = True
            named.append((b"transfer-encoding", b"chunked"))
        return _head(status, named)

    def _frame(self, name: bytes, value: bytes) -> None:
        """Note what a header says of the body's end and the connection's."""
        if name == b"connection":
            if b"close" in [token.strip() for token in value.lower().split(b",")]:
                self.keep_alive = False
        elif name == b"transfer-encoding":
            if value.lower() == b"chunked":
                self.expected_content_length, self.chunked_encoding = 0, True
        elif self.chunked_encoding is None:
            self.expected_content_length, self.chunked_encoding = int(value), False

    def go_on(self, body: bytes, *, is_last: bool) -> None:
        """Send the next piece of the body, as `send` does, but without a coroutine."""
        if self.chunked_encoding:
            end = LAST_CHUNK if is_last else NOTHING
            # A piece may be large, and is copied once.
            parts = (self._held, b"%x\r\n" % len(body), body, b"\r\n", end) if body else (self._held, end)
            sent = b"".join(parts)
        else:
            if len(body) > self.expected_content_length:
                raise RuntimeError("The body is longer than its Content-Length.")
            self.expected_content_length -= len(body)
            sent = self._held + body
        self._held = NOTHING
        if sent:
            self.transport.write(sent)
        if is_last:
            if self.expected_content_length != 0:
                raise RuntimeError("The body is shorter than its Content-Length.")
            self._end()

    def _end(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not (self.keep_alive or self.more_body):
            self.transport.close()
        self.on_response()


def _head(status: int, named: list[tuple[bytes, bytes]]) -> bytes:
    """Write the head. Raises RuntimeError for a header that would break it apart."""
    lines = b"\r\n".join(map(COLON.join, named))
    head = b"%b%b\r\n\r\n" % (STATUS_LINE[status], lines)
    # The status, each header and the whole head end in two of them.
    if len(head) - len(head.translate(None, CONTROLS)) != 2 * len(named) + 4:
        raise RuntimeError("A header of the answer holds a control character.")
    return head


def _nothing() -> None:
    """Stands for the connection once it has been told, so that neither keeps the other one alive."""
