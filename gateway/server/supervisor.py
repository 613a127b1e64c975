"""The parent process owns the bundled model, the tools' process and the workers, and outlives them."""

import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

import msgspec

from gateway import ids
from gateway.config import LOCAL, Config
from gateway.limits.table import Table
from gateway.metrics.board import Page
from gateway.restarts import RESTED, Restarts
from gateway.server.accepting import Share, shares
from gateway.server.bell import Bell
from gateway.server.listening import StartError, address, listen
from gateway.server.metrics_process import MetricsProcess
from gateway.server.model_process import ModelProcess
from gateway.server.tool_process import ToolProcess
from gateway.upstreams.local import LocalModel

POLL_SECONDS = 0.25
STOP_POLL_SECONDS = 0.02

log = logging.getLogger("gateway.supervisor")

Main = Callable[[Config, socket.socket, Share, Table, Page | None, int, int], None]
Work = Callable[[Config, str, Table, int, int], None]
"""A work process runs this, with its id, where all count what is limited, the pipe that ends with the parent,
and the one to say ready."""


class _Place(msgspec.Struct):
    """Holds what a worker is given, and its successors after it."""

    share: Share | None
    """Its share of the connections; a process that does work which lasts takes none."""
    page: Page | None = None
    process_id: str = ""
    restarts: Restarts = msgspec.field(default_factory=Restarts)
    due: float = 0.0
    """The next worker may be started then, in `time.monotonic()` seconds."""


class _Worker(msgspec.Struct):
    pid: int
    place: _Place
    status: int
    """The reading end of the pipe in which it says that it is ready."""
    started: float
    is_ready: bool = False


class Supervisor:
    """Has neither threads nor an event loop, so that it may fork at any time."""

    def __init__(
        self,
        config: Config,
        main: Main,
        work: Work,
        local: LocalModel | None,
        tools: ToolProcess | None = None,
        embedder: ModelProcess | None = None,
    ) -> None:
        self._listener = listen(config.server.host, config.server.port, "[server]", "--port or ")
        self.address = address(config.server.host, self._listener)
        """The URL at which the gateway listens."""
        server = config.server
        # Workers tell callers where its pages are; the Host header is only the caller's word.
        server = msgspec.structs.replace(server, public_url=server.public_url or self.address)
        self._config = msgspec.structs.replace(config, server=server)
        self._main = main
        self._work = work
        self._local = local
        self._table = Table()
        self._tools = tools
        self._embedder = embedder
        self._lifeline = os.pipe()
        self._workers: list[_Worker] = []
        self.metrics = MetricsProcess(self._config) if config.metrics.port is not None else None
        board = iter(self.metrics.board) if self.metrics is not None else None
        self._free = [
            _Place(share, None if board is None else next(board)) for share in shares(config.server.workers)
        ]
        self._free += [_Place(None, process_id=ids.new("wrk")) for _ in range(config.work.processes)]
        self._stopping = False
        self._bell = Bell()

    def run(self, announce: Callable[[], None]) -> int:
        """Serve until SIGTERM or SIGINT, and return the exit code; `announce` is called when all answers."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        try:
            if self._local is not None:
                self._local.start()
                upstreams = {**self._config.upstreams, LOCAL: self._local.upstream()}
                self._config = msgspec.structs.replace(self._config, upstreams=upstreams)
            if self._tools is not None:
                self._tools.start()
            gc.freeze()
            if self.metrics is not None:
                self.metrics.start(self._lifeline[0], self._begin_child)
            self._fill()
            announced = False
            while not self._stopping:
                self._watch(first=not announced)
                if not announced and self._is_ready():
                    announce()
                    announced = True
            return 0
        finally:
            self._stop()

    def _is_ready(self) -> bool:
        model = self._local is None or self._local.poll() == "ready"
        return model and len(self._workers) > 0 and all(worker.is_ready for worker in self._workers)

    def _watch(self, *, first: bool) -> None:
        """Go round once: hear from workers, start those that died again, look after the model."""
        pipes = [worker.status for worker in self._workers if not worker.is_ready]
        for pipe in self._bell.wait(POLL_SECONDS, pipes):
            said = os.read(pipe, 1)
            for worker in self._workers:
                if worker.status == pipe and said:
                    worker.is_ready = True
        for worker in list(self._workers):
            code = _exit_code(worker.pid)
            if code is None:
                continue
            self._workers.remove(worker)
            os.close(worker.status)
            place = worker.place
            if place.share is not None:
                place.share.leave()
            if place.page is not None:
                place.page.leave()
            self._free.append(place)
            if self._stopping or code == RESTED:
                continue
            if first and not worker.is_ready:
                raise StartError("a worker could not start; its message is above")
            log.error("worker %d died and is started again", worker.pid)
            died = time.monotonic()
            place.due = died + place.restarts.pause(died - worker.started)
        self._fill()
        if self._local is not None and not self._stopping:
            before, now = self._local.state, self._local.poll()
            if now == "restarting" != before:
                log.error("the bundled model died and is started again")
        if self._tools is not None and not self._stopping and self._tools.poll():
            log.error("the tools' process died and is started again")
        if self.metrics is not None and not self._stopping and self.metrics.poll():
            log.error("the process that tells metrics died and is started again")
        if self._embedder is not None and not self._stopping and self._embedder.poll():
            log.error("the process of the embedded model died")

    def _fill(self) -> None:
        """Start a worker in every free place where one is due."""
        for place in [place for place in self._free if time.monotonic() >= place.due]:
            if not self._stopping:
                self._free.remove(place)
                self._spawn(place)

    def _spawn(self, place: _Place) -> None:
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(reading)
                self._begin_child()
                if self.metrics is not None:
                    self.metrics.listener.close()
                if place.share is None:
                    self._listener.close()
                    self._work(self._config, place.process_id, self._table, self._lifeline[0], writing)
                else:
                    self._main(
                        self._config,
                        self._listener,
                        place.share,
                        self._table,
                        place.page,
                        self._lifeline[0],
                        writing,
                    )
                code = 0
            except KeyboardInterrupt:
                code = 0
            except SystemExit as exit:
                code = exit.code if isinstance(exit.code, int) else 1
            except BaseException as error:
                log.critical("worker failed: %s", type(error).__name__, exc_info=error)
            finally:
                sys.stderr.flush()
                os._exit(code)
        os.close(writing)
        self._workers.append(_Worker(pid, place, reading, time.monotonic()))

    def _begin_child(self) -> None:
        """Let go, in a process that was forked, of what is the parent's alone."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        self._bell.close()
        os.close(self._lifeline[1])
        for worker in self._workers:
            os.close(worker.status)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _stop(self) -> None:
        self._listener.close()
        for worker in self._workers:
            os.kill(worker.pid, signal.SIGTERM)
        end = time.monotonic() + self._config.server.shutdown_grace + 8
        while self._workers and time.monotonic() < end:
            self._workers = [worker for worker in self._workers if _exit_code(worker.pid) is None]
            if self._workers:
                self._bell.wait(STOP_POLL_SECONDS)
        for worker in self._workers:
            os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)
        if self._local is not None:
            self._local.stop()
        if self._tools is not None:
            self._tools.stop()
        if self._embedder is not None:
            self._embedder.stop()
        if self.metrics is not None:
            self.metrics.stop()


def _exit_code(pid: int) -> int | None:
    """Return the code with which a child has ended, negative for a signal; `None` as long as it runs."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 1
    return os.waitstatus_to_exitcode(status) if ended == pid else None
