"""One work process runs an event loop that does what rooms have left to it, apart from the chat workers."""

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path

from gateway import config as configuration
from gateway.auth.allowance import Allowance
from gateway.config import Config
from gateway.limits.failover import place_of
from gateway.limits.limiter import Limiter
from gateway.limits.plans import Plans
from gateway.limits.table import Table
from gateway.restarts import RESTED
from gateway.server import kinds
from gateway.server.equipping import Equipping
from gateway.storage.database import Database
from gateway.telemetry import logs
from gateway.work.living import LostPlaceError
from gateway.work.shift import RestedError, Shift

NAME = "persona-work"
"""The name under which the system lists this process."""
LOST = 75
"""The exit code of a process that has lost its place, which another one takes."""

log = logging.getLogger("gateway.work")


def run(
    config: Config,
    process_id: str,
    table: Table,
    lifeline: int | None,
    status: int | None,
    *,
    embedder: str | None = None,
) -> None:
    """Do work until told to stop, or until the parent has died, which ends the pipe `lifeline`.

    `table` is where all processes count what is limited. One byte goes into the pipe `status` once the
    process is there. `embedder` is the address of the embedded model.
    """
    logs.configure(config.log)
    configuration.forget_dbos_settings()
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(NAME, "ascii")
    code = asyncio.run(_run(config, process_id, table, lifeline, status, embedder))
    # Threads of a driver may still wait for an answer that nobody wants.
    os._exit(code)


async def _run(
    config: Config,
    process_id: str,
    table: Table,
    lifeline: int | None,
    status: int | None,
    embedder: str | None,
) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if lifeline is not None:

        def parent_died() -> None:
            loop.remove_reader(lifeline)
            stop.set()

        loop.add_reader(lifeline, parent_died)
    database = Database(config.store.url)
    limiter = Limiter(place_of(config.limits, table))
    counting = asyncio.create_task(limiter.run())
    allowance = Allowance(database, Plans(config), limiter)
    equipping = Equipping(config, database, limiter)
    known = kinds.known(config, database, allowance, equipping)
    shift = Shift(config, database, known, process_id, kinds.sources(config, database, embedder))
    task = asyncio.create_task(shift.run())
    task.add_done_callback(lambda _: stop.set())
    if status is not None:
        os.write(status, b"1")
    await stop.wait()
    error = task.exception() if task.done() else None
    if task.done() and not isinstance(error, RestedError):
        _leave(error)
    task.cancel()
    await shift.close(config.server.shutdown_grace)
    await equipping.close()
    counting.cancel()
    await limiter.close()
    await database.close()
    return RESTED if error is not None else 0


def _leave(error: BaseException | None) -> None:
    """End at once: what this process still has open, another one does."""
    if isinstance(error, LostPlaceError):
        log.warning("this process ends, and another one takes its place: %s", error)
    else:
        log.critical("the work process fails", exc_info=error)
    os._exit(LOST)
