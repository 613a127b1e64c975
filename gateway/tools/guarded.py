"""The MCP client's requests go out through the gateway's own fetcher."""

import httpx2

from gateway.egress.fetcher import Fetcher, Limits
from gateway.egress.target import EgressError

ANSWER_BYTES = 4 << 20
OURS = frozenset(
    ["host", "content-length", "transfer-encoding", "connection", "accept-encoding", "user-agent"]
)
"""Headers that the fetcher sets itself."""
UNPACKED = frozenset(["content-encoding", "content-length", "transfer-encoding", "connection"])
"""Headers of an answer that say how its body went over the wire."""


class Guarded(httpx2.AsyncBaseTransport):
    """Asks one server, whose URL stands in the configuration; redirects to other hosts are not followed."""

    def __init__(self, fetcher: Fetcher, seconds: float) -> None:
        self._fetcher = fetcher
        self._limits = Limits(seconds=seconds, bytes=ANSWER_BYTES)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method not in ("POST", "DELETE"):
            # The stream on which a server would speak unasked is not opened, since nobody listens.
            return httpx2.Response(405, request=request)
        try:
            found = await self._fetcher.fetch(
                str(request.url),
                method="POST" if request.method == "POST" else "DELETE",
                headers={name: value for name, value in request.headers.items() if name not in OURS},
                body=await request.aread(),
                limits=self._limits,
                is_configured=True,
            )
        except EgressError as error:
            kind = httpx2.ReadTimeout if error.why == "too_slow" else httpx2.ConnectError
            raise kind(str(error), request=request) from None
        told = {name: value for name, value in found.headers.items() if name not in UNPACKED}
        return httpx2.Response(found.status, headers=told, content=found.body, request=request)
