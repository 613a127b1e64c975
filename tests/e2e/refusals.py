"""A refusal in either form has a status, a sentence and a request id, and these check for them."""

import http.client
import re
import socket
from typing import Any

from tests.conftest import LIBRARIAN
from tests.e2e.conftest import hello
from tests.e2e.wire import Reply, connect
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_all

ASK: dict[str, Any] = {"model": LIBRARIAN, "messages": hello()}
REQUEST_ID = re.compile(r"req_[0-9A-Za-z]{20}")


def assert_is_openais(reply: Reply, code: int) -> None:
    assert reply.status == code
    assert reply.headers["content-type"] == "application/json"
    assert REQUEST_ID.fullmatch(reply.headers["x-request-id"])
    assert reply.json.keys() == {"error"}
    assert reply.error.keys() == {"message", "type", "param", "code"}
    assert_is_a_sentence(reply.error["message"])


def assert_is_native(reply: Reply, code: int, name: str) -> None:
    assert reply.status == code
    assert reply.headers["content-type"] == "application/json"
    assert reply.json.keys() == {"error"}
    assert {"code", "message", "type", "doc_url", "request_id"} <= reply.error.keys()
    assert reply.error["code"] == name
    assert reply.error["request_id"] == reply.headers["x-request-id"]
    assert_is_a_sentence(reply.error["message"])


def assert_is_a_sentence(message: str) -> None:
    assert message[0] == "`" or message[0].isupper()
    assert message[-1] == "."
    assert "Traceback" not in message


def raw_reply(gateway: Gateway, data: bytes, *, closes: bool = True) -> Reply:
    """Send these bytes and return the answer, behind which the gateway must close the connection."""
    with connect(gateway) as peer:
        peer.sendall(data)
        return read_reply(peer, closes=closes)


def read_reply(peer: socket.socket, *, closes: bool) -> Reply:
    with http.client.HTTPResponse(peer) as response:
        response.begin()
        named = [(name.lower(), value) for name, value in response.getheaders()]
        assert len(named) == len(dict(named))
        reply = Reply(response.status, dict(named), response.read())
    assert not closes or read_all(peer) == b""
    return reply
