"""The parent keeps a process that answers on a socket of the parent's."""

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.restarts import Restarts


class SocketMissing(Exception):
    """There is no place for the socket; the message says why."""


class SocketChild:
    """It needs neither threads nor an event loop, so that its owner may fork at any time.

    The socket is the owner's and outlives every child. Raises SocketMissing.
    """

    def __init__(self, module: str, name: str, backlog: int) -> None:
        """`python -m` runs the module; `backlog` callers may wait while no child answers."""
        self._module = module
        self._folder = tempfile.mkdtemp(prefix=f"persona-{name}-")
        self.address = str(Path(self._folder) / "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.bind(self.address)
        except OSError:
            self._clear()
            raise SocketMissing(
                f"{self.address} is no place for a socket; set TMPDIR to a shorter one."
            ) from None
        self._listener.listen(backlog)
        self._child: subprocess.Popen[bytes] | None = None
        self._started = self._start_at = 0.0
        self._restarts = Restarts()

    @property
    def pid(self) -> int | None:
        """The child's process id; `None` while no child runs."""
        return self._child.pid if self._child else None

    def stop(self, grace: float) -> None:
        """End the child: politely, and after `grace` seconds for certain."""
        if self._child is not None:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(grace)
            self._child.kill()
            self._child.wait()
            self._child = None
        self._clear()

    def _spawn(self, job: msgspec.Struct, variables: Mapping[str, str]) -> None:
        """Start a child with these variables alone.

        It reads its job from a pipe, since other users can see arguments, and a job may have secrets.
        """
        self._started = time.monotonic()
        self._child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-X", "utf8", "-m", self._module],
            stdin=subprocess.PIPE,
            env=variables,
            pass_fds=[self._listener.fileno()],
        )
        assert self._child.stdin is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(msgspec.json.encode(job) + b"\n")
            self._child.stdin.close()

    def _clear(self) -> None:
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)
