"""The parent's side of the tools' process, which calls the tools that are configured."""

import importlib.util
import os
import time

from gateway import config
from gateway.config import Config
from gateway.server.socket_child import SocketChild
from gateway.tools.tool import Job

BACKLOG = 1024


class ToolsMissing(Exception):
    """Something that tools need is not there; the message says how to get it."""


class ToolProcess(SocketChild):
    """Orders wait in the socket while a child is started again. Raises ToolsMissing and SocketMissing."""

    def __init__(self, settings: Config) -> None:
        if settings.tools:
            require_sdk("[tools]")
        super().__init__("gateway.tools.child", "tools", BACKLOG)
        self._settings = settings

    def start(self) -> None:
        # It gets no variable of ours, since commands may have only those that are named.
        self._spawn(self._job(self._listener.fileno()), {})

    def poll(self) -> bool:
        """Look after the child, and tell whether one has died; to be called about twice a second."""
        now, has_died = time.monotonic(), False
        if self._child is not None and self._child.poll() is not None:
            self._child, has_died = None, True
            self._start_at = now + self._restarts.pause(now - self._started)
        if self._child is None and now >= self._start_at:
            self.start()
        return has_died

    def take(self, settings: Config) -> None:
        """Have a new child work by other settings; a call that is under way in the old one fails."""
        if self._job(0) == self._made(settings, 0):
            return
        self._settings = settings
        if self._child is not None:
            self._child.terminate()
            self._child.wait()
            self._child = None
        self.start()

    def stop(self, grace: float = 8) -> None:
        super().stop(grace)

    def _job(self, listener: int) -> Job:
        return self._made(self._settings, listener)

    @staticmethod
    def _made(settings: Config, listener: int) -> Job:
        return Job(
            parent=os.getpid(),
            listener=listener,
            search=settings.grounding.search,
            tools=settings.tools,
            environment={name: config.environment(tool.env) for name, tool in settings.tools.items()},
            egress=settings.egress,
            log=settings.log,
        )


def require_sdk(table: str) -> None:
    """Raises ToolsMissing unless the SDK is there, which this table of the configuration needs."""
    if importlib.util.find_spec("mcp") is None:
        problem = "needs the MCP SDK, which is not installed"
        raise ToolsMissing(f"{table} {problem}: run `pip install 'persona-gateway[mcp]'`.")


def uses_tools(settings: Config) -> bool:
    """Tell whether there is anything that the tools' process would do."""
    return bool(settings.tools or settings.grounding.search)
