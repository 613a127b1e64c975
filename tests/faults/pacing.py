"""Asks a gateway all the time until its own input ends, and tells the longest wait."""

import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    # The process that asks would take a second to load all that a gateway's fake needs.
    from tests.fakes.process import Gateway

INTERVAL = 0.005
WORK = 0.1
"""Seconds of the processor's time in which it is found out how busy the machine is."""
REQUEST = b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n"


class Pace:
    """Another process that asks the gateway all the time, as a stream that is paced would be served."""

    def __init__(self, gateway: "Gateway") -> None:
        place = urlsplit(gateway.root)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.pacing", str(place.hostname), str(place.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def end(self) -> tuple[float, float]:
        """Seconds of the longest wait, and how many of them one of the processor takes here."""
        told, _ = self._process.communicate("", timeout=60)
        longest, busy = told.split()
        return float(longest), float(busy)


def main(host: str, port: int) -> None:
    longest = 0.0
    with socket.create_connection((host, port)) as peer:
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        while not select.select([sys.stdin], [], [], INTERVAL)[0]:
            began = time.monotonic()
            peer.sendall(REQUEST)
            received = b""
            while not received.endswith(b"}"):
                received += peer.recv(65536)
            longest = max(longest, time.monotonic() - began)
    sys.stdout.write(f"{longest} {_busy()}\n")


def _busy() -> float:
    began, until = time.monotonic(), time.process_time() + WORK
    while time.process_time() < until:
        pass
    return (time.monotonic() - began) / WORK


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
