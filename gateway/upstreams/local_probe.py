"""A health check that never waits, for an owner that has neither threads nor an event loop."""

import socket

EVERY, AFTER_A_MISS, DEADLINE = 5.0, 1.0, 3.0
"""Seconds between two questions, after one without a good answer, and until an answer is given up."""


class Probe:
    """Asks for `/health` without waiting: one call sends the question, a later one reads the answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._due = 0.0
        self._misses = 0

    def misses(self, now: float) -> int:
        """Count the questions in a row that got no good answer."""
        try:
            if self._socket is not None:
                self._hear(self._socket, now)
            elif now >= self._due:
                self._ask(now)
        except OSError:
            self._settle(now, well=False)
        return self._misses

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, now: float) -> None:
        self._due = now + DEADLINE
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=0.2)
        self._socket.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        self._socket.setblocking(False)

    def _hear(self, connection: socket.socket, now: float) -> None:
        try:
            answer = connection.recv(256)
        except BlockingIOError:
            if now >= self._due:
                self._settle(now, well=False)
        else:
            self._settle(now, well=b" 200 " in answer[:16])

    def _settle(self, now: float, *, well: bool) -> None:
        self.close()
        self._misses = 0 if well else self._misses + 1
        self._due = now + (EVERY if well else AFTER_A_MISS)
