"""Requests go to a gateway as bytes, where a client library would stand in the way."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.fakes.process import Gateway

CHAT = "/v1/openai/chat/completions"
SECONDS = 10


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    """Headers under lower-case names."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        return found

    @property
    def payloads(self) -> list[str]:
        """List what stands behind each `data: ` of a stream of whole frames.

        A gateway that is held up comments on that, which every reader passes over.
        """
        *frames, rest = self.body.decode().split("\n\n")
        assert rest == ""
        frames = [frame for frame in frames if not frame.startswith(":")]
        assert all(frame.startswith("data: ") and "\n" not in frame for frame in frames)
        return [frame.removeprefix("data: ") for frame in frames]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """Decode the chunks of a stream that ends well."""
        *payloads, done = self.payloads
        assert done == "[DONE]"
        return [json.loads(payload) for payload in payloads]


@contextmanager
def line(gateway: Gateway) -> Iterator[http.client.HTTPConnection]:
    """Open a connection that stays open from one request to the next."""
    place = urlsplit(gateway.root)
    with closing(http.client.HTTPConnection(str(place.hostname), place.port, timeout=SECONDS)) as opened:
        yield opened


def ask(
    opened: http.client.HTTPConnection,
    path: str = CHAT,
    body: object = None,
    *,
    key: str = "",
    method: str = "",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send one request; a body that is not bytes is sent as JSON, and without a body it is a GET."""
    own = {"content-type": "application/json"} if body is not None else {}
    own |= {"authorization": f"Bearer {key}"} if key else {}
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    opened.request(method or ("GET" if body is None else "POST"), path, data, {**own, **(headers or {})})
    with opened.getresponse() as response:
        named = [(name.lower(), value) for name, value in response.getheaders()]
        found = dict(named)
        assert len(found) == len(named), "a header stands twice"
        return Reply(response.status, found, response.read())


def fetch(
    gateway: Gateway,
    path: str = CHAT,
    body: object = None,
    *,
    key: str | None = None,
    method: str = "",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Ask on a connection of its own, with the gateway's first key; `key=""` sends none."""
    with line(gateway) as opened:
        key = gateway.key if key is None else key
        return ask(opened, path, body, key=key, method=method, headers=headers)


def connect(gateway: Gateway) -> socket.socket:
    place = urlsplit(gateway.root)
    return socket.create_connection((str(place.hostname), place.port or 0), timeout=SECONDS)


def written(gateway: Gateway, body: Mapping[str, Any], path: str = CHAT, key: str | None = None) -> bytes:
    """Encode the bytes of a POST request."""
    data = json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: gateway",
        f"Authorization: Bearer {key or gateway.key}",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data
