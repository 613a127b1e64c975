"""The parent's side of the tools' process, which calls the tools that are configured."""

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from gateway import config
from gateway.config import Config
from gateway.restarts import Restarts
from gateway.tools.tool import Job

BACKLOG = 1024


class ToolsMissing(Exception):
    """Something that tools need is not there; the message says how to get it."""


class ToolProcess:
    """It needs neither threads nor an event loop, so that its owner may fork at any time.

    The socket is the owner's and outlives every child: orders wait in it while one is started again.
    Raises ToolsMissing.
    """

    def __init__(self, settings: Config) -> None:
        if settings.tools:
            require_sdk("[tools]")
        self._settings = settings
        self._folder = tempfile.mkdtemp(prefix="persona-tools-")
        self.address = str(Path(self._folder) / "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        try:
            self._listener.bind(self.address)
        except OSError:
            self._clear()
            raise ToolsMissing(
                f"{self.address} is no place for a socket; set TMPDIR to a shorter one."
            ) from None
        self._listener.listen(BACKLOG)
        self._child: subprocess.Popen[bytes] | None = None
        self._started = self._start_at = 0.0
        self._restarts = Restarts()

    @property
    def pid(self) -> int | None:
        """The child's process id; `None` while no child runs."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        self._spawn()

    def poll(self) -> bool:
        """Look after the child, and tell whether one has died; to be called about twice a second."""
        now, has_died = time.monotonic(), False
        if self._child is not None and self._child.poll() is not None:
            self._child, has_died = None, True
            self._start_at = now + self._restarts.pause(now - self._started)
        if self._child is None and now >= self._start_at:
            self._spawn()
        return has_died

    def stop(self, grace: float = 8) -> None:
        """End the child: politely, and after `grace` seconds for certain."""
        if self._child is not None:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(grace)
            self._child.kill()
            self._child.wait()
            self._child = None
        self._clear()

    def _spawn(self) -> None:
        self._started = time.monotonic()
        listener = self._listener.fileno()
        # It gets no variable of ours, since commands may have only those that are named.
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-X", "utf8", "-m", "gateway.tools.child"],
            stdin=subprocess.PIPE,
            env={},
            pass_fds=[listener],
        )
        assert self._child.stdin is not None  # noqa: S101
        # Secrets go through the pipe, since other users can see arguments.
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(msgspec.json.encode(self._job(listener)) + b"\n")
            self._child.stdin.close()

    def _job(self, listener: int) -> Job:
        settings = self._settings
        return Job(
            parent=os.getpid(),
            listener=listener,
            search=settings.grounding.search,
            tools=settings.tools,
            environment={name: config.environment(tool.env) for name, tool in settings.tools.items()},
            egress=settings.egress,
            log=settings.log,
        )

    def _clear(self) -> None:
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def require_sdk(table: str) -> None:
    """Raises ToolsMissing unless the SDK is there, which this table of the configuration needs."""
    if importlib.util.find_spec("mcp") is None:
        problem = "needs the MCP SDK, which is not installed"
        raise ToolsMissing(f"{table} {problem}: run `pip install 'persona-gateway[mcp]'`.")


def uses_tools(settings: Config) -> bool:
    """Tell whether there is anything that the tools' process would do."""
    return bool(settings.tools or settings.grounding.search)
