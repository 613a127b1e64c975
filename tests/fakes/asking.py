"""These ask the scripted upstream, byte by byte or with the SDK's own requests."""

import http.client
import json
import socket
from contextlib import closing
from typing import Any

from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_model import MODEL

ASK: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "one two three"}]}


def connect(upstream: ScriptedUpstream) -> socket.socket:
    return socket.create_connection(("127.0.0.1", upstream.port), timeout=25)


def request(body: dict[str, Any] = ASK, *, extra: str = "") -> bytes:
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n{extra}\r\n"
    return head.encode() + data


def fetch(upstream: ScriptedUpstream, body: dict[str, Any] = ASK) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=25)) as line:
        line.request("POST", "/v1/chat/completions", json.dumps(body))
        with line.getresponse() as response:
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, response.read()
