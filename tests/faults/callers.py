"""These act on a caller's side of a socket: they send, and read what comes back."""

import json
import socket
from contextlib import suppress
from typing import Any

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello

MB = 1 << 20
ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
STREAM: dict[str, Any] = {**ASK, "stream": True}


def head(*lines: str | bytes) -> bytes:
    return b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines) + b"\r\n"


def rest_of(peer: socket.socket) -> tuple[bytes, bool]:
    """Read what comes until the connection ends; tells whether it was reset too."""
    received = b""
    try:
        while data := peer.recv(1 << 16):
            received += data
    except ConnectionResetError:
        return received, True
    return received, False


def dribble(peer: socket.socket, piece: bytes, until_answered: int) -> tuple[bytes, int]:
    """Send a piece and wait half a second for an answer, again and again; return the answer, and how
    often."""
    peer.settimeout(0.5)
    for number in range(until_answered):
        peer.sendall(piece)
        with suppress(TimeoutError):
            return peer.recv(1 << 16), number
    return b"", until_answered


def assert_refused(answer: bytes, status: int) -> None:
    """Check for one whole answer in an envelope of ours, with an id."""
    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"x-request-id: req_" in top
    assert json.loads(body)["error"]["message"]
