"""HEAD on every path that takes GET: the same head, and nothing behind it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.wire import CHAT, Reply, ask, connect, fetch, line
from tests.fakes.process import Gateway
from tests.fakes.sockets import read_until
from tests.fakes.until import until
from tests.fakes.upstream import ScriptedUpstream
from tests.faults.callers import ASK

OWN = ("x-request-id", "date")
"""Headers that differ from answer to answer."""
STREAM = "/v1/turns/stream"


@pytest.fixture
def places(gateway: Gateway, upstream: ScriptedUpstream) -> dict[str, str]:
    """Values for the parameters of a path."""
    assert fetch(gateway, body=ASK).status == 200
    turn = until(lambda: fetch(gateway, "/v1/turns?limit=1").json["data"])[0]
    return {
        "ref": "the-night-librarian",
        "v": "1",
        "a": "1",
        "b": "1",
        "model": "persona/the-night-librarian",
    } | {
        "turn_id": turn["id"],
        "key_id": fetch(gateway, "/v1/keys").json["data"][0]["id"],
        "label": "latest",
    }


def gets(document: dict[str, Any]) -> Iterator[str]:
    return (path for path, methods in document["paths"].items() if "get" in methods)


def test_head_answers_as_get_without_a_body(gateway: Gateway, places: dict[str, str]) -> None:
    paths = [*gets(fetch(gateway, "/openapi.json").json), "/openapi.json", "/docs"]
    assert {"/health/live", "/health/ready", "/v1/personas", "/v1/openai/models"} <= set(paths)
    seen = set()
    with line(gateway) as opened:
        for path in dict.fromkeys(paths):
            if path == STREAM:
                continue
            full = re.sub(r"\{(\w+)\}", lambda found: places.get(found[1], "1"), path)
            got = ask(opened, full, key=gateway.key)
            headed = ask(opened, full, key=gateway.key, method="HEAD")
            assert (headed.status, named(headed)) == (got.status, named(got)), full
            assert headed.body == b""
            seen.add(got.status)
    assert 200 in seen
    assert max(seen) < 500


def named(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name not in OWN}


def test_head_of_a_stream_ends_at_once(gateway: Gateway) -> None:
    with line(gateway) as opened:
        for _ in range(2):
            headed = ask(opened, STREAM, key=gateway.key, method="HEAD")
            assert headed.status == 200
            assert headed.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("path", [CHAT, "/v1/openai/embeddings", "/v1/personas/the-night-librarian/render"])
def test_head_where_there_is_no_get_is_refused(gateway: Gateway, path: str) -> None:
    refused = fetch(gateway, path, method="HEAD")
    assert refused.status == 405
    assert "POST" in refused.headers["allow"]
    assert refused.body == b""


@pytest.mark.parametrize("path", ["/nowhere", "/v1/nowhere", "/v1/openai/nowhere", "/v1/personas/nobody"])
def test_head_of_what_is_not_there_is_not_found(gateway: Gateway, path: str) -> None:
    assert fetch(gateway, path, method="HEAD").status == fetch(gateway, path).status == 404


def test_head_needs_the_key_that_get_needs(gateway: Gateway) -> None:
    for path in ("/v1/personas", "/v1/openai/models", STREAM):
        assert fetch(gateway, path, method="HEAD", key="").status == 401


def test_where_get_is_allowed_so_is_head(gateway: Gateway) -> None:
    for path in ("/health/live", "/v1/personas", "/v1/openai/models", STREAM):
        allowed = fetch(gateway, path, method="DELETE").headers["allow"]
        assert {"GET", "HEAD"} <= {method.strip() for method in allowed.split(",")}, path


def test_requests_behind_a_head_are_answered(gateway: Gateway) -> None:
    top = f"HEAD {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key}\r\n\r\n"
    with connect(gateway) as peer:
        peer.sendall((top * 3 + "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").encode())
        received = read_until(peer, b'"live"}')
    assert received.count(b"HTTP/1.1 200 OK") == 4
