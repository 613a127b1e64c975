"""The parent keeps the process that tells metrics."""

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable

from gateway.config import Config
from gateway.metrics.board import Board
from gateway.restarts import Restarts
from gateway.server.listening import address, listen

GRACE_SECONDS = 2.0

log = logging.getLogger("gateway.metrics")


class MetricsProcess:
    """Is forked as workers are, since it reads the memory that they write."""

    def __init__(self, config: Config, pages: int | None = None) -> None:
        """There is a page for each worker, unless it is said how many. Raises StartError."""
        self._config = config
        host, port = config.metrics.host, config.metrics.port or 0
        self.listener = listen(host, port, "[metrics]")
        self.address = f"{address(host, self.listener)}/metrics"
        """The URL at which Prometheus asks."""
        self.board = Board(config.server.workers if pages is None else pages)
        self._pid: int | None = None
        self._restarts = Restarts()
        self._started = self._due = 0.0

    def start(self, lifeline: int, begin: Callable[[], None]) -> None:
        """Fork it; `begin` lets go in it of what is the parent's alone."""
        self._lifeline, self._begin = lifeline, begin
        self._started = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self._pid = pid
            return
        try:
            begin()
            from gateway.server import metrics

            metrics.run(self._config, self.listener, self.board, lifeline)
        except BaseException as error:
            log.critical("the process that tells metrics failed", exc_info=error)
        finally:
            os._exit(1)

    def poll(self) -> bool:
        """Look after it, and tell whether it has died; to be called again and again."""
        now, has_died = time.monotonic(), False
        if self._pid is not None and _has_ended(self._pid):
            self._pid, has_died = None, True
            self._due = now + self._restarts.pause(now - self._started)
        if self._pid is None and now >= self._due:
            self.start(self._lifeline, self._begin)
        return has_died

    def stop(self) -> None:
        """End it, politely, and after a while for certain."""
        self.listener.close()
        if self._pid is None:
            return
        os.kill(self._pid, signal.SIGTERM)
        end = time.monotonic() + GRACE_SECONDS
        while not _has_ended(self._pid):
            if time.monotonic() > end:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(0.02)
        self._pid = None


def _has_ended(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return True
