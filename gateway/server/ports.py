"""An address may be free to listen on, or somebody has it already."""

import errno
import http.client
import socket
from typing import Literal

import msgspec

SECONDS = 2.0
"""Seconds that whoever has the address may take to say who it is."""
ANSWER_BYTES = 1024

Holder = Literal["nobody", "a gateway", "another program"]


def holder(host: str, port: int) -> Holder:
    """Find out who listens there. Raises OSError where nobody can, as for an address of another machine."""
    if port == 0:
        return "nobody"
    try:
        _bind(host, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return "a gateway" if _is_gateway(host, port) else "another program"
    return "nobody"


def _bind(host: str, port: int) -> None:
    """It never listens, so that no caller can come in meanwhile."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _is_gateway(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", "/health/live")
        answer: object = msgspec.json.decode(connection.getresponse().read(ANSWER_BYTES))
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return False
    finally:
        connection.close()
    return answer == {"status": "live"}
