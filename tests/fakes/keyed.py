"""A proxy adds a key to each request, for programs that cannot be told one."""

import http.client
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.fakes.process import Gateway

OWN = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})
"""Headers that each of two connections has of its own."""


class Keyed:
    """Serves a gateway under another port, host and origin as they came, while entered."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"gateway": self._gateway})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of peers that break a connection off, as programs do at their end."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    gateway: Gateway
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        place = urlsplit(self.gateway.root)
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
        headers["Authorization"] = f"Bearer {self.gateway.key}"
        try:
            connection.request(self.command, self.path, body or None, headers)
            with connection.getresponse() as response:
                said = response.read()
                self.send_response(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in OWN:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
        finally:
            connection.close()

    do_GET = do_POST = do_DELETE = _pass  # noqa: N815 - the library calls them by these names

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""
