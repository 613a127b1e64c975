"""`python -m tests.probe.pace` runs a paced stream through a gateway, with both of its ends in this process.

A test's work on large bodies must not hold up the one who measures. Standard input has a command a line:
`open HOST PORT REQUEST`, with the request in hexadecimal; `begin`; `longest`, answered with seconds.
"""

import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.e2e.wire import written
from tests.fakes import upstream_faults as faults
from tests.fakes.process import Gateway, scrubbed_environment
from tests.fakes.sockets import read_until
from tests.fakes.upstream import ScriptedUpstream
from tests.faults.callers import STREAM

PACE = 0.005
"""Seconds between two chunks of the upstream."""
SECONDS = 60.0
MODEL = "paced"
ROOT = Path(__file__).parents[2]


class Reader:
    """Reads one stream in a thread, and knows the longest time that it waited for a chunk."""

    def __init__(self, host: str, port: int, request: bytes) -> None:
        self._peer = socket.create_connection((host, port), timeout=SECONDS)
        self._peer.sendall(request)
        read_until(self._peer, b"data: ")
        self._last = time.monotonic()
        self._longest = 0.0
        self._has_ended = False
        self._came = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def begin(self) -> None:
        """Measure from the next chunk on."""
        with self._came:
            self._wait()
            self._longest = 0.0

    def longest(self) -> float:
        """Return the most seconds between two chunks since `begin`, up to the next one that comes now."""
        with self._came:
            self._wait()
            return self._longest

    def _wait(self) -> None:
        came = self._came.wait(SECONDS)
        assert came, "the stream stands still"
        assert not self._has_ended, "the stream has ended"

    def _read(self) -> None:
        with suppress(OSError):
            while self._peer.recv(1 << 16):
                now = time.monotonic()
                with self._came:
                    self._longest = max(self._longest, now - self._last)
                    self._last = now
                    self._came.notify_all()
        with self._came:
            self._has_ended = True
            self._came.notify_all()


class Paced:
    """The other process, as a test uses it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.probe.pace"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=scrubbed_environment(),
        )
        self.base_url = self._line()

    def open(self, gateway: Gateway) -> None:
        host, port = gateway.root.removeprefix("http://").split(":")
        self._say("open", host, port, written(gateway, {**STREAM, "model": MODEL}).hex())
        assert self._line() == "open"

    def begin(self) -> None:
        self._say("begin")

    def longest(self) -> float:
        self._say("longest")
        return float(self._line())

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(25)
        self._process.stdout.close()

    def _say(self, *words: str) -> None:
        assert self._process.stdin
        self._process.stdin.write((" ".join(words) + "\n").encode())
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().decode().strip()
        assert line, "the process that measures has ended"
        return line


def main() -> None:
    reader: Reader | None = None
    with ScriptedUpstream() as upstream:
        upstream.always(faults.drip(PACE))
        say(upstream.base_url)
        for line in sys.stdin:
            command, *words = line.split()
            if command == "open":
                host, port, request = words
                reader = Reader(host, int(port), bytes.fromhex(request))
                say("open")
            elif command == "begin" and reader:
                reader.begin()
            elif command == "longest" and reader:
                say(reader.longest())


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
