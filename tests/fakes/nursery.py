"""A process that has read the gateway's code forks every `persona` that tests order of it.

Reading that code takes most of a second, and the tests start hundreds of commands. What is forked is a
process of its own in every other respect: session, folder, environment, signals, and the three streams.
"""

import atexit
import functools
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).parents[2]
STREAMS = 3
"""Standard input, output and error, in this order."""
START = threading.Lock()


class Order:
    """What a forked process shall be; it goes over the socket as one line of JSON."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.arguments, self.folder, self.environment = arguments, folder, environment

    def encoded(self) -> bytes:
        return json.dumps([*self.__dict__.values()], default=str).encode() + b"\n"


class Child:
    """A forked `persona`, which is used like a `subprocess.Popen`."""

    def __init__(self, order: Order, streams: Sequence[int]) -> None:
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(nursery().address)
        socket.send_fds(self._line, [order.encoded()], streams)
        self._said = self._line.makefile("rb")
        self.pid = int(self._said.readline())
        self.returncode: int | None = None
        self.stdout: IO[str] | None = None

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("persona", timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(int(self._said.readline()))
            self._said.close()
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def begin(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], errors: IO[Any]) -> Child:
    """Start `persona` with a pipe to read its standard output from."""
    reading, writing = os.pipe()
    with open(os.devnull) as nothing:  # noqa: PTH123
        try:
            child = Child(Order(arguments, folder, environment), [nothing.fileno(), writing, errors.fileno()])
        finally:
            os.close(writing)
    child.stdout = os.fdopen(reading, encoding="utf-8")
    return child


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `persona` until it ends, with a text on its standard input."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(text.encode())
        given.seek(0)
        files = (given, out, err)
        child = Child(Order(arguments, folder, environment), [file.fileno() for file in files])
        code = child.wait()
        written = []
        for file in files[1:]:
            file.seek(0)
            written.append(file.read().decode())
    return subprocess.CompletedProcess(arguments, code, *written)


class Nursery:
    """The test's side: the process that forks, and the place where it hears."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="persona-nursery-")
        self.address = str(Path(self._folder.name) / "socket")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.nursery", self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=dict(environment),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        atexit.register(self._close)

    def _close(self) -> None:
        with self._process:
            # It ends when this pipe does.
            pass
        self._folder.cleanup()


@functools.cache
def _nursery() -> Nursery:
    from tests.fakes.process import scrubbed_environment

    return Nursery(scrubbed_environment())


def nursery() -> Nursery:
    """Find the one nursery of this process, which is made when first it is needed."""
    with START:
        return _nursery()


class Forking:
    """The nursery's own side: it hears orders and tells how each ended, until its owner is gone."""

    def __init__(self, address: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(128)
        self._woken, waking = os.pipe()
        for end in (self._woken, waking):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._lines: dict[int, socket.socket] = {}

    def next(self) -> tuple[Order, list[int]]:
        """Return in each child, with its order and streams; in the nursery itself this never ends."""
        while True:
            ready = select.select([self._listener, self._woken, sys.stdin], [], [])[0]
            if sys.stdin in ready:
                self._leave()
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            if self._listener in ready:
                line, _ = self._listener.accept()
                said, streams, *_ = socket.recv_fds(line, 65536, STREAMS)
                while not said.endswith(b"\n"):
                    said += line.recv(65536)
                pid = os.fork()
                if pid == 0:
                    return Order(*json.loads(said)), streams
                self._lines[pid] = line
                for stream in streams:
                    os.close(stream)
                line.sendall(b"%d\n" % pid)

    def _reap(self) -> None:
        for pid in list(self._lines):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                with self._lines.pop(pid) as line:
                    # The test may have ended before what it started.
                    try:
                        line.sendall(b"%d\n" % status)
                    except OSError:
                        continue

    def _leave(self) -> NoReturn:
        # What still runs is left alone, as it would be by a test that ends.
        os._exit(0)


def become(order: Order, streams: Sequence[int]) -> None:
    """Make this process what `python -m gateway` would find itself to be."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(STREAMS, os.sysconf("SC_OPEN_MAX"))
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = ["persona", *order.arguments]
    sys.path[0] = str(order.folder)
    # The old objects are left open, since their descriptors are the new ones' now.
    sys.stdin = stream_of(0, "r", sys.stdin)
    sys.stdout = stream_of(1, "w", sys.stdout)
    sys.stderr = stream_of(2, "w", sys.stderr)
    sys.stderr.reconfigure(line_buffering=True)


def stream_of(number: int, mode: str, like: Any) -> io.TextIOWrapper:
    opened = open(number, mode, encoding=like.encoding, errors=like.errors, closefd=False)  # noqa: SIM115
    assert isinstance(opened, io.TextIOWrapper)
    return opened


def preload() -> None:
    """Import what `persona serve` and the commands do, with no thread left behind."""
    from importlib import import_module

    from gateway import config
    from gateway.cli.loading import undisturbed

    deferred = [
        "alembic.command",
        "alembic.config",
        "sqlalchemy.dialects.postgresql.asyncpg",
        "sqlalchemy.dialects.sqlite.aiosqlite",
        "gateway.storage.migrate",
    ]
    with config.without_math_threads(), undisturbed():
        from gateway.cli.root import COMMANDS, ELSEWHERE
        from gateway.scoring import conversations
        from gateway.server import worker, working

        conversations.load()
        assert worker
        assert working
        for name in deferred:
            import_module(name)
        for command in COMMANDS:
            import_module(f"gateway.cli.{ELSEWHERE.get(command, (command,))[0]}")
    assert threading.active_count() == 1


if __name__ == "__main__":
    preload()
    forking = Forking(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    become(*forking.next())
    from gateway.__main__ import main

    main()
