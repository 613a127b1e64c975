"""The chat path knows this much of HTTP upstream; a client for it is chosen here alone."""

from collections.abc import Mapping
from typing import Protocol

from gateway.config import Upstream
from gateway.upstreams.http import HttpClient
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.pieces import Pieces
from gateway.upstreams.response import Sink


class Response(Protocol):
    """An upstream's answer, whose body is not yet read."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers under lower-case names."""

    @property
    def is_read(self) -> bool:
        """Tells whether the body was read to its end."""

    async def read(self) -> bytes:
        """Read the next piece as it came, decompressed; empty at the end. Raises UpstreamFailure."""

    async def pour(self, sink: Sink) -> None:
        """Give pieces to `sink` the moment they come, if that is possible, until it leaves something.

        After that, or where no next piece can come this way, `read` goes on. The headers may be gone from
        then on.
        """

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else drop it at once."""


class Client(Protocol):
    """A pool of connections to one upstream."""

    async def post(self, path: str, body: bytes | Pieces, headers: Mapping[str, str]) -> Response:
        """Send a JSON body to a path below the base URL. Raises UpstreamFailure."""

    async def get(self, path: str) -> Response:
        """Ask for what lies at a path below the base URL. Raises UpstreamFailure."""

    @property
    def waiting(self) -> int:
        """Count the calls that wait for a place at the upstream."""

    async def close(self) -> None:
        """Drop all connections."""


def pooled(name: str, upstream: Upstream, lookups: Lookups) -> Client:
    """Make the client that the upstream's configuration names; all upstreams share the `lookups`."""
    if upstream.client == "native":
        return HttpClient(name, upstream, lookups)
    # It takes a while to load and holds memory, for which only those who choose it should pay.
    from gateway.upstreams.aiohttp_client import AiohttpClient

    return AiohttpClient(name, upstream, lookups)
