"""A request can be sent straight to the mock, or through nginx, the gateway or a peer."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec
from msgspec import structs

from benchmarks import shapes
from benchmarks.process import Process
from benchmarks.shapes import Workload

SDK_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "OpenAI/Python 2.8.1",
    "X-Stainless-Lang": "python",
    "X-Stainless-Package-Version": "2.8.1",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Runtime": "CPython",
    "X-Stainless-Runtime-Version": "3.12.4",
    "X-Stainless-Async": "async:asyncio",
    "x-stainless-retry-count": "0",
    "x-stainless-read-timeout": "600",
}
"""openai-python sends these with a request."""


class Recorded(NamedTuple):
    """Turns that a gateway has recorded by now."""

    turns: int = 0
    unscored: int = 0
    """So many of them have no score."""
    late: int = 0
    """The score of so many was found after the answer had gone out."""


class Target(msgspec.Struct, frozen=True):
    """A server that answers chat requests."""

    name: str
    process: Process
    port: int
    key: str = "sk-bench"
    model: str = "mock-model"
    whole_path: str = "/v1/chat/completions"
    stream_path: str = "/v1/chat/completions"
    takes_responses: bool = False
    """Tells that it is asked by the Responses API."""
    headers: Mapping[str, str] = {}
    counts: Callable[[], Recorded] | None = None
    """Counts the answers that it has recorded, where it does that."""

    def path(self, workload: Workload) -> str:
        return self.stream_path if workload.shape.is_stream else self.whole_path

    def request(self, workload: Workload, number: int, model: str | None = None) -> bytes:
        """Encode a whole HTTP request."""
        write = shapes.response_body if self.takes_responses else shapes.body
        body = write(workload, number, model or self.model)
        lines = [f"POST {self.path(workload)} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.all_headers().items()]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body

    def by_responses(self, name: str) -> "Target":
        """Return the same server, asked by the Responses API."""
        path = self.whole_path.replace("/chat/completions", "/responses")
        return structs.replace(self, name=name, whole_path=path, stream_path=path, takes_responses=True)

    def all_headers(self) -> dict[str, str]:
        return {**SDK_HEADERS, "Authorization": f"Bearer {self.key}", **self.headers}
