"""What the chat path knows of HTTP upstream, and the one place where a client of it is chosen."""

from collections.abc import Mapping
from typing import Protocol

from gateway.config import Upstream
from gateway.upstreams.http import HttpClient
from gateway.upstreams.lookup import Lookups
from gateway.upstreams.response import Sink


class Response(Protocol):
    """An upstream's answer, its body not yet read."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]:
        """Lower-case names."""

    @property
    def is_read(self) -> bool:
        """Whether the body was read to its end."""

    async def read(self) -> bytes:
        """The next piece as it came, decompressed; empty at the end. Raises UpstreamFailure."""

    async def pour(self, sink: Sink) -> None:
        """Give pieces to `sink` the moment they come, if that is possible, until it leaves something.

        Then, or where there is no next piece, `read` goes on. The headers may be gone from then on.
        """

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else drop it at once."""


class Client(Protocol):
    """A pool of connections to one upstream."""

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Send a JSON body to a path below the base URL. Raises UpstreamFailure."""

    async def close(self) -> None:
        """Drop all connections."""


def pooled(name: str, upstream: Upstream, lookups: Lookups) -> Client:
    """The client that the upstream's configuration names; `lookups` are those of all of them."""
    if upstream.client == "native":
        return HttpClient(name, upstream, lookups)
    # It takes a while to load and holds memory, which only those who choose it should pay for.
    from gateway.upstreams.aiohttp_client import AiohttpClient

    return AiohttpClient(name, upstream, lookups)
