"""A proxy adds a key to each request, for programs that cannot be told one."""

import http.client
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.fakes.process import Gateway
from tests.fakes.serving import Serving

OWN = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})
"""Headers that each of two connections has of its own."""


class Keyed(Serving):
    """Serves a gateway under another port, host and origin as they came, while entered."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def handler(self) -> type[BaseHTTPRequestHandler]:
        return type("Handler", (_Handler,), {"gateway": self._gateway})


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
