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
from gateway.bulletin import Bulletin, Outcome
from gateway.config import LOCAL, Config
from gateway.limits.table import Table
from gateway.metrics.board import Page
from gateway.restarts import RESTED, Restarts
from gateway.server.accepting import Share, shares
from gateway.server.bell import Bell
from gateway.server.listening import StartError, address, listen
from gateway.server.metrics_process import MetricsProcess
from gateway.server.model_process import ModelProcess
from gateway.server.reloading import RefusedError, changed, completed
from gateway.server.tool_process import ToolProcess
from gateway.upstreams.local import LocalModel

POLL_SECONDS = 0.25
STOP_POLL_SECONDS = 0.02

log = logging.getLogger("gateway.supervisor")

GENERATIONS = 4
"""Times the workers for whom there is room: those that finish what they began before a reload count too."""

Main = Callable[[Config, socket.socket, Share, Table, Page | None, Bulletin, int, int], None]
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
    generation: int
    is_ready: bool = False
    is_retired: bool = False
    """Tells whether it only finishes what it has begun."""


class _Reload(msgspec.Struct):
    """A configuration that comes into force once all workers with it are ready."""

    config: Config
    ticket: int
    generation: int
    number: int
    """Workers that it has."""


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
        load: Callable[[Config], Config] | None = None,
    ) -> None:
        """`load` reads the configuration that is to take the place of the one it is given.

        It raises RefusedError; without it there is no reload.
        """
        self._listener = listen(config.server.host, config.server.port, "[server]", "--port or ")
        self.address = address(config.server.host, self._listener)
        """The URL at which the gateway listens."""
        self._given = config
        self._config = completed(config, self.address)
        self._main = main
        self._work = work
        self._local = local
        self._table = Table()
        self._tools = tools
        self._embedder = embedder
        self._lifeline = os.pipe()
        self._workers: list[_Worker] = []
        self._load = load
        self._bulletin = Bulletin()
        self._reload: _Reload | None = None
        self._wants_reload = False
        self._generation = 0
        self._has_terminal = sys.stdout.isatty()
        workers = config.server.workers
        room = workers * GENERATIONS
        self.metrics = MetricsProcess(self._config, room) if config.metrics.port is not None else None
        pages = self.metrics.board.pages if self.metrics is not None else [None] * room
        places = [_Place(share, page) for share, page in zip(shares(room), pages, strict=True)]
        self._free, self._spare = places[:workers], places[workers:]
        self._free += [_Place(None, process_id=ids.new("wrk")) for _ in range(config.work.processes)]
        self._stopping = False
        self._bell = Bell()

    def run(self, announce: Callable[[], None]) -> int:
        """Serve until SIGTERM or SIGINT, and return the exit code; `announce` is called when all answers."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGHUP, self._on_hangup)
        try:
            if self._local is not None:
                self._local.start()
                self._config = self._with_local(self._config)
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
                if announced and self._wants_reload and self._reload is None:
                    self._begin_reload()
            return 0
        finally:
            self._stop()

    def _is_ready(self) -> bool:
        model = self._local is None or self._local.poll() == "ready"
        return model and len(self._workers) > 0 and all(worker.is_ready for worker in self._workers)

    def _with_local(self, settings: Config) -> Config:
        if self._local is None:
            return settings
        upstreams = {**settings.upstreams, LOCAL: self._local.upstream()}
        return msgspec.structs.replace(settings, upstreams=upstreams)

    def _begin_reload(self) -> None:
        """Start workers with the configuration as it is now, beside those that are there."""
        self._wants_reload, ticket = False, self._bulletin.asked
        try:
            if self._load is None:
                raise RefusedError("This gateway cannot read its configuration again; start it anew.")
            given = self._load(self._given)
            if len(self._spare) < given.server.workers:
                raise RefusedError(
                    "Workers still finish what they began before earlier reloads; ask again when they have."
                )
        except RefusedError as refused:
            self._answer_reload(ticket, Outcome(False, str(refused)))
            return
        number = given.server.workers
        places, self._spare = self._spare[:number], self._spare[number:]
        places += [_Place(None, process_id=ids.new("wrk")) for _ in range(given.work.processes)]
        self._reload = _Reload(given, ticket, self._generation + 1, len(places))
        settings = self._with_local(completed(given, self.address))
        for place in places:
            place.restarts, place.due = Restarts(), 0.0
            self._spawn(place, settings, self._generation + 1)

    def _look_at_reload(self, reload: _Reload) -> None:
        """Retire the old workers once the new ones are ready, or the new ones where one of them cannot be."""
        mine = [worker for worker in self._workers if worker.generation == reload.generation]
        if len(mine) < reload.number:
            self._retire(mine)
            self._reload = None
            text = "A worker could not start with this configuration, as the log says; the old one stays."
            self._answer_reload(reload.ticket, Outcome(False, text))
        elif all(worker.is_ready for worker in mine):
            names = changed(self._given, reload.config)
            self._given, self._config = (
                reload.config,
                self._with_local(completed(reload.config, self.address)),
            )
            self._generation, self._reload = reload.generation, None
            # Whoever died of the old ones must not come back.
            gone = [place for place in self._free if place.share is not None]
            self._free.clear()
            self._spare += gone
            if self._tools is not None:
                self._tools.take(self._config)
            self._retire([worker for worker in self._workers if worker.generation < self._generation])
            self._answer_reload(reload.ticket, Outcome(True, " ".join(names)))

    def _retire(self, workers: list[_Worker]) -> None:
        """Have workers take nothing new, and end when they have finished."""
        for worker in workers:
            if not worker.is_retired:
                worker.is_retired = True
                if worker.place.page is not None:
                    worker.place.page.retire()
                is_serving = worker.place.share is not None and worker.is_ready
                os.kill(worker.pid, signal.SIGUSR1 if is_serving else signal.SIGTERM)

    def _answer_reload(self, ticket: int, outcome: Outcome) -> None:
        if outcome.is_done:
            log.info("the configuration was read again; changed: %s", outcome.text or "nothing")
        else:
            log.error("the configuration is not taken: %s", outcome.text)
        self._bulletin.answer(ticket, outcome)

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
            if worker.is_retired or (self._reload and worker.generation == self._reload.generation):
                if place.share is not None:
                    self._spare.append(place)
                continue
            self._free.append(place)
            if self._stopping or code == RESTED:
                continue
            if first and not worker.is_ready:
                raise StartError("a worker could not start; its message is above")
            log.error("worker %d died and is started again", worker.pid)
            died = time.monotonic()
            place.due = died + place.restarts.pause(died - worker.started)
        self._fill()
        if self._reload is not None and not self._stopping:
            self._look_at_reload(self._reload)
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
                self._spawn(place, self._config, self._generation)

    def _spawn(self, place: _Place, settings: Config, generation: int) -> None:
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
                    self._work(settings, place.process_id, self._table, self._lifeline[0], writing)
                else:
                    self._main(
                        settings,
                        self._listener,
                        place.share,
                        self._table,
                        place.page,
                        self._bulletin,
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
        self._workers.append(_Worker(pid, place, reading, time.monotonic(), generation))

    def _begin_child(self) -> None:
        """Let go, in a process that was forked, of what is the parent's alone."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        # Until a worker knows what it means, it must not end by it.
        for number in (signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        self._bell.close()
        os.close(self._lifeline[1])
        for worker in self._workers:
            os.close(worker.status)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _on_hangup(self, _number: int, _frame: object) -> None:
        """Read the configuration again, unless the terminal is gone that all of this was started at."""
        if self._has_terminal and not sys.stdout.isatty():
            self._stopping = True
        else:
            self._wants_reload = True

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
