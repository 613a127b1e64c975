"""A crew is the processes that the parent has forked to answer requests and to do work that lasts."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence

import msgspec

from gateway.bulletin import Bulletin
from gateway.config import Config
from gateway.limits.table import Table
from gateway.metrics.board import Page
from gateway.restarts import RESTED, Restarts
from gateway.server.accepting import Share, shares
from gateway.server.bell import Bell
from gateway.server.place import Place, Worker, exit_code, workplaces

STOP_POLL_SECONDS = 0.02
GENERATIONS = 4
"""Times the workers for whom there is room: those that finish what they began before a reload count too."""

Main = Callable[[Config, socket.socket, Share, Table, Page | None, Bulletin, int, int], None]
Work = Callable[[Config, str, Table, int, int], None]
"""A work process runs this, with its id, where all count what is limited, the pipe that ends with the parent,
and the one to say ready."""

log = logging.getLogger("gateway.supervisor")


class Tasks(msgspec.Struct, frozen=True):
    """The forked processes run these."""

    main: Main
    work: Work


class Crew:
    """The workers that are there, and the places that are free."""

    def __init__(
        self,
        settings: Config,
        listener: socket.socket,
        tasks: Tasks,
        bulletin: Bulletin,
        pages: Sequence[Page | None],
        own: Sequence[socket.socket] = (),
    ) -> None:
        """`pages` has one for each place; `own` are sockets of the parent's that no child needs."""
        self.workers: list[Worker] = []
        self.bell = Bell()
        self.lifeline = os.pipe()
        """It ends with the parent, which all its children notice."""
        self._listener = listener
        self._tasks = tasks
        self._bulletin = bulletin
        self._own = own
        self._table = Table()
        number = settings.server.workers
        places = [Place(share, page) for share, page in zip(shares(len(pages)), pages, strict=True)]
        self._free, self._spare = places[:number], places[number:]
        self._free += workplaces(settings)

    @property
    def is_ready(self) -> bool:
        return len(self.workers) > 0 and all(worker.is_ready for worker in self.workers)

    def of(self, generation: int) -> list[Worker]:
        return [worker for worker in self.workers if worker.generation == generation]

    def hear(self, seconds: float) -> None:
        """Wait this long at most for somebody to say ready, to die or to be signalled."""
        pipes = [worker.status for worker in self.workers if not worker.is_ready]
        for pipe in self.bell.wait(seconds, pipes):
            said = os.read(pipe, 1)
            for worker in self.workers:
                if worker.status == pipe and said:
                    worker.is_ready = True

    def bury(self, candidate: int | None) -> list[Worker]:
        """Note who has died, and return those whose death nobody wanted.

        Those of the generation that is a `candidate` leave no place for a successor.
        """
        mourned = []
        for worker in list(self.workers):
            code = exit_code(worker.pid)
            if code is None:
                continue
            self.workers.remove(worker)
            os.close(worker.status)
            place = worker.place
            if place.share is not None:
                place.share.leave()
            if place.page is not None:
                place.page.leave()
            if worker.is_retired or worker.generation == candidate:
                if place.share is not None:
                    self._spare.append(place)
                continue
            self._free.append(place)
            if code != RESTED:
                mourned.append(worker)
        return mourned

    def put_off(self, worker: Worker) -> None:
        """Let the successor of a worker that has died wait, longer after each that dies soon."""
        log.error("worker %d died and is started again", worker.pid)
        died = time.monotonic()
        worker.place.due = died + worker.place.restarts.pause(died - worker.started)

    def fill(self, settings: Config, generation: int, *, works: bool = True) -> None:
        """Start a worker in every free place where one is due; without `works`, only those that answer."""
        now = time.monotonic()
        due = [place for place in self._free if now >= place.due and (works or place.share is not None)]
        for place in due:
            self._free.remove(place)
            self.spawn(place, settings, generation)

    def has_room(self, settings: Config) -> bool:
        """Tell whether there is a place for one more generation of workers."""
        return len(self._spare) >= settings.server.workers

    def double(self, settings: Config, generation: int) -> int:
        """Start a second set of workers beside those that are there, and return their number."""
        number = settings.server.workers
        places, self._spare = self._spare[:number], self._spare[number:]
        places += workplaces(settings)
        for place in places:
            place.restarts, place.due = Restarts(), 0.0
            self.spawn(place, settings, generation)
        return len(places)

    def replace(self, generation: int) -> None:
        """Let older workers finish; whoever has died of them does not come back."""
        self._spare += [place for place in self._free if place.share is not None]
        self._free.clear()
        self.retire([worker for worker in self.workers if worker.generation < generation])

    def retire(self, workers: Sequence[Worker]) -> None:
        """Have workers take nothing new, and end when they have finished."""
        for worker in workers:
            if not worker.is_retired:
                worker.is_retired = True
                if worker.place.page is not None:
                    worker.place.page.retire()
                is_serving = worker.place.share is not None and worker.is_ready
                os.kill(worker.pid, signal.SIGUSR1 if is_serving else signal.SIGTERM)

    def give_up(self, workers: Sequence[Worker]) -> None:
        """Retire these; those that are not ready hang, and would not heed a request to end."""
        self.retire(workers)
        for worker in workers:
            if not worker.is_ready:
                os.kill(worker.pid, signal.SIGKILL)

    def spawn(self, place: Place, settings: Config, generation: int) -> None:
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be(place, settings, reading, writing)
        os.close(writing)
        self.workers.append(Worker(pid, place, reading, time.monotonic(), generation))

    def _be(self, place: Place, settings: Config, reading: int, writing: int) -> None:
        """Be the child, to the end of the process."""
        code = 1
        try:
            os.close(reading)
            self.begin_child()
            for socket_ in self._own:
                socket_.close()
            told = (self.lifeline[0], writing)
            if place.share is None:
                self._listener.close()
                self._tasks.work(settings, place.process_id, self._table, *told)
            else:
                where = (self._listener, place.share, self._table, place.page, self._bulletin)
                self._tasks.main(settings, *where, *told)
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

    def begin_child(self) -> None:
        """Let go, in a process that was forked, of what is the parent's alone."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        # Until a worker knows what it means, it must not end by it.
        for number in (signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        self.bell.close()
        os.close(self.lifeline[1])
        for worker in self.workers:
            os.close(worker.status)

    def stop(self, seconds: float) -> None:
        """Ask all to end, and end those that have not in this time."""
        for worker in self.workers:
            os.kill(worker.pid, signal.SIGTERM)
        end = time.monotonic() + seconds
        while self.workers and time.monotonic() < end:
            self.workers = [worker for worker in self.workers if exit_code(worker.pid) is None]
            if self.workers:
                self.bell.wait(STOP_POLL_SECONDS)
        for worker in self.workers:
            os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)
