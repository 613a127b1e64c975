"""These read the stream of turns as a caller does, and make turns that end outside of it."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from tests.api.conftest import User
from tests.e2e.wire import connect
from tests.fakes.process import Gateway

Event = dict[str, str]


class Following:
    """A stream of turns that is being read."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._file = peer.makefile("rb")
        self.head = self._read_head()

    def hurry(self) -> None:
        """Take more at once than a reader with a small window does."""
        self._peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)

    def _read_head(self) -> str:
        lines = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            lines.append(line.decode().strip())
        return "\n".join(lines)

    def _chunk(self) -> bytes:
        size = int(self._file.readline(), 16)
        return self._file.read(size + 2)[:-2]

    def events(self) -> Iterator[Event]:
        """Yield each event, without comments. Ends with the stream, which has to end well."""
        waiting = b""
        while data := self._chunk():
            waiting += data
            *frames, waiting = waiting.split(b"\n\n")
            for frame in frames:
                lines = [line.partition(": ") for line in frame.decode().split("\n")]
                if event := {name: value for name, _, value in lines if name}:
                    yield event
        assert waiting == b""


@contextmanager
def following(me: User, query: str = "", window: int = 0, **headers: str) -> Iterator[Following]:
    lines = [f"GET /v1/turns/stream{query} HTTP/1.1", "Host: gateway", f"Authorization: Bearer {me.key}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    with closing(connect(me.gateway)) as peer:
        if window:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        peer.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        stream = Following(peer)
        assert stream.head.startswith("HTTP/1.1 200"), stream.head
        assert "text/event-stream" in stream.head
        yield stream


def finished_turns(gateway: Gateway, workspace: str, count: int, name: str = "burst") -> None:
    """Make `count` turns at once, as after a burst."""
    row: dict[str, Any] = {
        "request_id": "req_x",
        "workspace_id": workspace,
        "key_id": "key_x",
        "model": "m" * 150,
    }
    row |= {"stream": 0, "status": "completed", "attempts": 1, "latency_ms": 1, "verdict": "unscored"}
    row |= {"created_at": 1}
    columns = ", ".join(["id", *row])
    values = ", ".join("?" * (len(row) + 1))
    with closing(sqlite3.connect(gateway.folder / "persona.db", timeout=25)) as store, store:
        store.executemany(
            f"INSERT INTO turns ({columns}) VALUES ({values})",
            [(f"msg_{name}{number}", *row.values()) for number in range(count)],
        )
