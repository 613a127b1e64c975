"""Work is done here without a gateway, by a process that is replaced once it has rested or lost its place."""

import logging
import os
import signal
import time
from contextlib import suppress

from gateway import ids
from gateway.config import Config
from gateway.limits.table import Table
from gateway.restarts import RESTED
from gateway.server import working
from gateway.server.model_process import ModelProcess, has_model

log = logging.getLogger("gateway.work")

LOOK_SECONDS = 0.1
"""Seconds between two looks for whether somebody waits for the embedded model, or the child has ended."""


def run(config: Config) -> int:
    """Do work until SIGTERM or SIGINT, and return the exit code; this process itself loads nothing.

    Raises SocketMissing.
    """
    embedder = ModelProcess(config) if has_model() else None
    try:
        return _run(config, embedder)
    finally:
        if embedder is not None:
            embedder.stop()


def _run(config: Config, embedder: ModelProcess | None) -> int:
    process_id, table, lifeline = ids.new("wrk"), Table(), os.pipe()
    child, is_stopping = 0, False

    def stop(*_: object) -> None:
        nonlocal is_stopping
        is_stopping = True
        if child:
            # It may have ended, and not be forgotten yet.
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)

    numbers = (signal.SIGTERM, signal.SIGINT)
    while not is_stopping:
        # A signal that came in between would stop nobody.
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        child = os.fork()
        if child == 0:
            _become_worker(config, process_id, table, lifeline, embedder)
        for number in numbers:
            signal.signal(number, stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        code = _ended(child, embedder)
        child = 0
        if code not in (RESTED, working.LOST):
            return code if code >= 0 else 1
    return 0


def _ended(child: int, embedder: ModelProcess | None) -> int:
    """Look after the model until the child has ended, and return its exit code."""
    if embedder is None:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if embedder.poll():
            log.error("the process of the embedded model died")
        time.sleep(LOOK_SECONDS)


def _become_worker(
    config: Config, process_id: str, table: Table, lifeline: tuple[int, int], embedder: ModelProcess | None
) -> None:
    os.close(lifeline[1])
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    try:
        address = embedder.address if embedder is not None else None
        working.run(config, process_id, table, lifeline[0], None, embedder=address)
    finally:
        os._exit(1)
