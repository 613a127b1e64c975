"""This client is strict: it sends any bytes as a request, and takes only whole answers of HTTP/1.1."""

import re
import socket
from contextlib import suppress
from typing import NamedTuple

STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [ -~]*")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~\x80-\xff]*)")
SECONDS = 20.0


class BrokenLineError(Exception):
    """The connection ended, or fell silent, before an answer began."""


class BrokenAnswerError(Exception):
    """The bytes that came are no whole answer of HTTP/1.1."""


class Reply(NamedTuple):
    status: int
    headers: list[tuple[str, str]]
    """Headers under lower-case names, as often as they came."""
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def value(self, name: str) -> str:
        return next(iter(self.values(name)), "")


class Lane:
    """One connection that is kept from request to request, and opened again once it was closed."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._held = b""
        self.is_fresh = True
        """Tells whether the request on its way is the connection's first."""

    def send(self, data: bytes, seconds: float = SECONDS) -> None:
        """Send bytes of a request; the answer will show whether they arrived."""
        self.is_fresh = self._socket is None
        if self._socket is None:
            self._socket = socket.create_connection(self._address)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._held = b""
        self._socket.settimeout(seconds)
        with suppress(OSError):
            self._socket.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Tell whether anything of an answer comes within this time."""
        if self._socket is None:
            return False
        self._socket.settimeout(seconds)
        comes = self._more()
        self._socket.settimeout(SECONDS)
        return comes

    def gather(self, seconds: float) -> bytes:
        """Collect all that comes until the connection ends, or falls silent for this time."""
        while self.wait(seconds):
            pass
        found, self._held = self._held, b""
        return found

    def reply(
        self, *, bodiless: bool = False, may_end_it: bool = False, patience: float | None = None
    ) -> Reply:
        """Read the next answer, interim ones left out; one to HTTP/1.0 may end with the connection.

        `patience` is how many seconds to wait behind an interim one. Raises BrokenLineError,
        BrokenAnswerError.
        """
        while True:
            reply = self._reply(bodiless, may_end_it)
            if reply.status >= 200:
                break
            if patience is not None and not self._held and not self.wait(patience):
                raise BrokenLineError
        if reply.value("connection").lower() == "close":
            self.close()
        return reply

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _reply(self, bodiless: bool, may_end_it: bool) -> Reply:
        head = self._head()
        first, *lines = head.split(b"\r\n")
        found = STATUS.fullmatch(first)
        fields = [HEADER.fullmatch(line) for line in lines]
        if found is None or None in fields:
            raise BrokenAnswerError(head)
        headers = [(one[1].decode().lower(), one[2].decode("latin-1").strip()) for one in fields if one]
        reply = Reply(int(found[1]), headers, b"")
        if bodiless or reply.status < 200 or reply.status in (204, 304):
            return reply
        if may_end_it and not reply.values("content-length") and not reply.values("transfer-encoding"):
            return reply._replace(body=self._rest())
        return reply._replace(body=self._body(reply))

    def _head(self) -> bytes:
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            held = len(self._held)
            if not self._more():
                self.close()
                if held:
                    raise BrokenAnswerError(self._held)
                raise BrokenLineError
        head, self._held = self._held[:end], self._held[end + 4 :]
        return head

    def _body(self, reply: Reply) -> bytes:
        length, coding = reply.values("content-length"), reply.values("transfer-encoding")
        if coding == ["chunked"] and not length:
            return self._chunks()
        if len(length) == 1 and length[0].isdecimal() and not coding:
            return self._exactly(int(length[0]))
        raise BrokenAnswerError(f"an answer without one length: {reply.headers}")

    def _rest(self) -> bytes:
        while self._more():
            pass
        found, self._held = self._held, b""
        self.close()
        return found

    def _chunks(self) -> bytes:
        pieces = []
        while size := int(self._line(), 16):
            pieces.append(self._exactly(size))
            if self._line():
                raise BrokenAnswerError("a chunk that is longer than its size")
        if self._line():
            raise BrokenAnswerError("trailers")
        return b"".join(pieces)

    def _line(self) -> bytes:
        while (end := self._held.find(b"\r\n")) < 0:
            self._need()
        line, self._held = self._held[:end], self._held[end + 2 :]
        return line

    def _exactly(self, count: int) -> bytes:
        while len(self._held) < count:
            self._need()
        found, self._held = self._held[:count], self._held[count:]
        return found

    def _need(self) -> None:
        if not self._more():
            self.close()
            raise BrokenAnswerError(f"cut off behind {self._held[-400:]!r}")

    def _more(self) -> bool:
        if self._socket is None:
            return False
        try:
            data = self._socket.recv(1 << 17)
        except OSError:
            return False
        self._held += data
        return bool(data)
