"""The parent process owns the bundled model, the tools' process and the workers, and outlives them."""

import gc
import logging
import signal
import sys
from collections.abc import Callable

import msgspec

from gateway.bulletin import Bulletin
from gateway.config import LOCAL, Config
from gateway.server.crew import GENERATIONS, Crew, Tasks
from gateway.server.listening import StartError, address, listen
from gateway.server.metrics_process import MetricsProcess
from gateway.server.model_process import ModelProcess
from gateway.server.notice import Notice
from gateway.server.reloading import completed
from gateway.server.renewal import Load, Renewal
from gateway.server.tool_process import ToolProcess
from gateway.upstreams.local import LocalModel

POLL_SECONDS = 0.25

log = logging.getLogger("gateway.supervisor")


class Supervisor:
    """Has neither threads nor an event loop, so that it may fork at any time."""

    def __init__(
        self,
        config: Config,
        tasks: Tasks,
        local: LocalModel | None,
        tools: ToolProcess | None = None,
        embedder: ModelProcess | None = None,
        load: Load | None = None,
    ) -> None:
        """Without `load` there is no reload."""
        self._listener = listen(config.server.host, config.server.port, "[server]", "--port or ")
        self.address = address(config.server.host, self._listener)
        """The URL at which the gateway listens."""
        self._config = completed(config, self.address)
        self._local = local
        self._tools = tools
        self._embedder = embedder
        room = config.server.workers * GENERATIONS
        self.metrics = MetricsProcess(self._config, room) if config.metrics.port is not None else None
        pages = self.metrics.board.pages if self.metrics is not None else [None] * room
        own = [self.metrics.listener] if self.metrics is not None else []
        bulletin = Bulletin()
        self._crew = Crew(config, self._listener, tasks, bulletin, pages, own)
        self._renewal = Renewal(config, self._crew, bulletin, self._completed, load)
        self._notice: Notice | None = None
        self._has_terminal = sys.stdout.isatty()
        self._stopping = False

    def run(self, announce: Callable[[], None]) -> int:
        """Serve until SIGTERM or SIGINT, and return the exit code; `announce` is called when all answers."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGHUP, self._on_hangup)
        try:
            self._begin()
            announced = False
            while not self._stopping:
                self._watch(first=not announced)
                if not announced and self._is_ready():
                    announce()
                    self._put_up()
                    announced = True
                if announced and self._renewal.is_wanted and self._renewal.candidate is None:
                    self._renewal.begin()
            return 0
        finally:
            self._stop()

    def _begin(self) -> None:
        if self._local is not None:
            self._local.start()
            self._config = self._completed(self._config)
        if self._tools is not None:
            self._tools.start()
        gc.freeze()
        if self.metrics is not None:
            self.metrics.start(self._crew.lifeline[0], self._crew.begin_child)
        # Work that lasts begins once somebody answers, since no first request needs it.
        self._crew.fill(self._config, 0, works=False)

    def _put_up(self) -> None:
        """Say beside the store that the gateway runs, for `persona reload` on this machine."""
        try:
            self._notice = Notice(self._config, self.address)
        except OSError as error:
            log.warning("`persona reload` will not find this gateway by its store: %s", error.strerror)
            return
        self._renewal.announce(self._notice)

    def _is_ready(self) -> bool:
        model = self._local is None or self._local.poll() == "ready"
        return model and self._crew.is_ready

    def _completed(self, settings: Config) -> Config:
        """Say where the gateway and its bundled model are."""
        settings = completed(settings, self.address)
        if self._local is None:
            return settings
        upstreams = {**settings.upstreams, LOCAL: self._local.upstream()}
        return msgspec.structs.replace(settings, upstreams=upstreams)

    def _watch(self, *, first: bool) -> None:
        """Go round once: hear from workers, start those that died again, look after the others."""
        self._crew.hear(POLL_SECONDS)
        for worker in self._crew.bury(self._renewal.candidate):
            if self._stopping:
                continue
            if first and not worker.is_ready:
                raise StartError("a worker could not start; its message is above")
            self._crew.put_off(worker)
        if self._stopping:
            return
        self._crew.fill(self._config, self._renewal.generation, works=not first)
        if self._renewal.look():
            self._config = self._completed(self._renewal.config)
            if self._tools is not None:
                self._tools.take(self._config)
        self._look_after_others()

    def _look_after_others(self) -> None:
        if self._local is not None:
            before, now = self._local.state, self._local.poll()
            if now == "restarting" != before:
                log.error("the bundled model died and is started again")
        if self._tools is not None and self._tools.poll():
            log.error("the tools' process died and is started again")
        if self.metrics is not None and self.metrics.poll():
            log.error("the process that tells metrics died and is started again")
        if self._embedder is not None and self._embedder.poll():
            log.error("the process of the embedded model died")

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _on_hangup(self, _number: int, _frame: object) -> None:
        """Read the configuration again, unless the terminal is gone that all of this was started at."""
        if self._has_terminal and not sys.stdout.isatty():
            self._stopping = True
        else:
            self._renewal.is_wanted = True

    def _stop(self) -> None:
        if self._notice is not None:
            self._notice.take_down()
        self._listener.close()
        self._crew.stop(self._config.server.shutdown_grace + 8)
        for process in (self._local, self._tools, self._embedder, self.metrics):
            if process is not None:
                process.stop()
