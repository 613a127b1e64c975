"""An address may be free to listen on, or somebody has it already."""

import errno
import http.client
import socket
from collections.abc import Callable
from typing import Literal

import msgspec

SECONDS = 2.0
"""Seconds that whoever has the address may take to say who it is."""
ANSWER_BYTES = 1024

Holder = Literal["nobody", "a gateway", "another program"]


def holder(host: str, port: int) -> Holder:
    """Find out who listens there. Raises OSError where nobody can, as for an address of another machine."""
    return _holder(host, port, _is_gateway)


def metrics_holder(host: str, port: int) -> Holder:
    """Find out the same of the port of the metrics."""
    return _holder(host, port, _tells_metrics)


def _holder(host: str, port: int, is_ours: Callable[[str, int], bool]) -> Holder:
    if port == 0:
        return "nobody"
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return "a gateway" if is_ours(host, port) else "another program"
    return "nobody"


def _bind(host: str, port: int) -> None:
    """It never listens, so that no caller can come in meanwhile."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _is_gateway(host: str, port: int) -> bool:
    try:
        return bool(msgspec.json.decode(_said(host, port, "/health/live")) == {"status": "live"})
    except msgspec.DecodeError:
        return False


def _tells_metrics(host: str, port: int) -> bool:
    return b"# TYPE persona_" in _said(host, port, "/metrics")


def _said(host: str, port: int, path: str) -> bytes:
    """Give the beginning of what is answered there; nothing where nothing is."""
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()
