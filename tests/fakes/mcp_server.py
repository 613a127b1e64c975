"""A real MCP server with tools that behave as tests need them: over HTTP in a thread, or as a program."""

import asyncio
import os
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

LONG = "word " * 20_000


class Shelf:
    """The tools, and what has become of those that wait."""

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.cut = threading.Event()
        self.seen: list[str] = []

    async def lookup(self, title: str) -> str:
        """Look a book up."""
        self.seen.append(title)
        return f"{title}: on the second shelf."

    async def wait(self) -> str:
        """Wait until the call is cut."""
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cut.set()
        return "never"

    async def fail(self) -> str:
        """Fail."""
        raise ToolError("the shelf is empty")

    async def long(self) -> str:
        """Say much."""
        return LONG

    async def environment(self) -> str:
        """Name the variables."""
        return ", ".join(sorted(f"{name}={value}" for name, value in os.environ.items()))

    async def leave(self) -> str:
        """End the process."""
        os._exit(1)


def server(shelf: Shelf) -> Any:
    made = MCPServer("shelf", version="1.0")
    for tool in (shelf.lookup, shelf.wait, shelf.fail, shelf.long, shelf.environment, shelf.leave):
        made.add_tool(tool, structured_output=False)
    return made


class ToolServer:
    """Serves the tools over HTTP at `url`, from a thread of its own while entered."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self.requests: list[tuple[str, dict[str, str]]] = []
        """The method and headers of each request."""
        app = server(self.shelf).streamable_http_app(stateless_http=True)
        settings = uvicorn.Config(self._noting(app), port=0, log_config=None, timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def _noting(self, app: Any) -> Any:
        async def serve(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                headers = {name.decode(): value.decode() for name, value in scope["headers"]}
                self.requests.append((scope["method"], headers))
            await app(scope, receive, send)

        return serve

    @property
    def url(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/mcp"

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise AssertionError("the server of tools did not start")
            self._thread.join(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()


if __name__ == "__main__":
    server(Shelf()).run("stdio")
