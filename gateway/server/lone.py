"""Work is done here without a gateway, by a process that is replaced once it has rested or lost its place."""

import os
import signal

from gateway import ids
from gateway.config import Config
from gateway.limits.table import Table
from gateway.restarts import RESTED
from gateway.server import working


def run(config: Config) -> int:
    """Do work until SIGTERM or SIGINT, and return the exit code; this process itself loads nothing."""
    process_id, table, lifeline = ids.new("wrk"), Table(), os.pipe()
    child, is_stopping = 0, False

    def stop(*_: object) -> None:
        nonlocal is_stopping
        is_stopping = True
        if child:
            os.kill(child, signal.SIGTERM)

    numbers = (signal.SIGTERM, signal.SIGINT)
    while not is_stopping:
        # A signal that came in between would stop nobody.
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        child = os.fork()
        if child == 0:
            _become_worker(config, process_id, table, lifeline)
        for number in numbers:
            signal.signal(number, stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        child = 0
        if code not in (RESTED, working.LOST):
            return code if code >= 0 else 1
    return 0


def _become_worker(config: Config, process_id: str, table: Table, lifeline: tuple[int, int]) -> None:
    os.close(lifeline[1])
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    try:
        working.run(config, process_id, table, lifeline[0], None)
    finally:
        os._exit(1)
