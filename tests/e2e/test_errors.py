"""Every refusal has a status, a form, a sentence and a request id, wherever it comes from."""

import gzip
import json
import re
import socket
from collections.abc import Mapping
from typing import Any

import openai
import pytest

from tests.conftest import LIBRARIAN, Start
from tests.e2e.refusals import ASK, REQUEST_ID, assert_is_native, assert_is_openais, raw_reply
from tests.e2e.wire import CHAT, Reply, ask, connect, fetch, line, written
from tests.fakes.process import Gateway, upstream_table
from tests.fakes.sockets import read_all
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import status

LIMIT = 4096


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/openai"),
        ("GET", "/v1/openai/"),
        ("POST", "/v1/openai/completions"),
        ("GET", "/v1/openai/files"),
        ("DELETE", "/v1/openai/nothing/at/all"),
        ("POST", "/v1/openai/chat"),
        ("GET", "/v1/openai/%00%ff"),
    ],
)
def test_an_openai_path_that_is_not_served_says_what_is(gateway: Gateway, method: str, path: str) -> None:
    refused = fetch(gateway, path, b"{}" if method == "POST" else None, method=method)
    assert_is_openais(refused, 404)
    assert "/chat/completions" in refused.error["message"]


@pytest.mark.parametrize(
    ("method", "path", "remedy"),
    [
        ("POST", "/v1/openai/audio/speech", "model's own server"),
        ("POST", "/v1/openai/audio/transcriptions", "model's own server"),
        ("GET", "/v1/openai/fine_tuning/jobs", "a new version of it"),
        ("POST", "/v1/openai/fine_tuning/jobs/ftjob-1/cancel", "a new version of it"),
    ],
)
def test_what_of_openais_is_known_and_absent_is_not_asked_for_again(
    gateway: Gateway, method: str, path: str, remedy: str
) -> None:
    refused = fetch(gateway, path, b"{}" if method == "POST" else None, method=method)
    assert_is_openais(refused, 501)
    assert refused.error["code"] == "not_implemented"
    assert refused.headers["x-should-retry"] == "false"
    assert remedy in refused.error["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", CHAT, "POST"),
        ("PUT", CHAT, "POST"),
        ("DELETE", CHAT, "POST"),
        ("OPTIONS", CHAT, "POST"),
        ("GET", "/v1/openai/embeddings", "POST"),
        ("POST", "/v1/openai/models", "GET"),
        ("DELETE", "/v1/openai/models/persona/x", "GET"),
    ],
)
def test_a_wrong_method_names_the_right_one(gateway: Gateway, method: str, path: str, allowed: str) -> None:
    refused = fetch(gateway, path, method=method)
    assert_is_openais(refused, 405)
    assert allowed in refused.headers["allow"]
    assert allowed in refused.error["message"]


@pytest.mark.parametrize("path", ["/nothing", "/v1", "/v1/openaix", "/v1/run", "/health", "//x"])
def test_elsewhere_the_form_is_the_native_one(gateway: Gateway, path: str) -> None:
    assert_is_native(fetch(gateway, path), 404, "route.not_found")


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/chat/completions", "the base URL ends in /v1/openai: `/v1/openai/chat/completions`"),
        ("/chat/completions", "the base URL ends in /v1/openai: `/v1/openai/chat/completions`"),
        ("/openai/v1/chat/completions", "the base URL ends in /v1/openai: `/v1/openai/chat/completions`"),
        ("/v1/models", "the base URL ends in /v1/openai: `/v1/openai/models`"),
        ("/v1/responses", "the base URL ends in /v1/openai: `/v1/openai/responses`"),
        ("/v1/openai/v1/embeddings", "leave the second `/v1` out: `/v1/openai/embeddings`"),
    ],
)
def test_a_client_with_a_wrong_base_url_is_told_the_right_one(
    gateway: Gateway, path: str, meant: str
) -> None:
    refused = fetch(gateway, path, body={})
    assert refused.status == 404
    assert refused.error["message"].startswith(f"`{path}` is not served; {meant}")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_elsewhere_a_wrong_method_is_native_too(gateway: Gateway, method: str) -> None:
    refused = fetch(gateway, "/health/live", method=method)
    assert_is_native(refused, 405, "route.method_not_allowed")
    assert "GET" in refused.headers["allow"]


def test_health_is_told_without_a_key(gateway: Gateway) -> None:
    live, ready = (fetch(gateway, f"/health/{name}", key="") for name in ("live", "ready"))
    assert (live.status, live.json) == (200, {"status": "live"})
    assert ready.status == 200
    assert (ready.json["store"], ready.json["upstreams"]) == ("ok", {"main": "ok"})


def test_without_an_upstream_for_embeddings_they_are_not_found(
    start: Start, upstream: ScriptedUpstream
) -> None:
    lone = start(upstream_table("main", upstream.base_url, 'default_model = "any"'))
    refused = fetch(lone, "/v1/openai/embeddings", {"model": "any", "input": "dusk"})
    assert_is_openais(refused, 404)
    assert "[embeddings]" in refused.error["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b"[]",
        b"null",
        b'"text"',
        b'{"model": "x", }',
        b"{'model': 'x'}",
        b'{"model": "persona/x", "messages": [}',
        b'{"model": "persona/the-night-librarian", "messages": [], "x": "\xff"}',
        b'{"model": "\xc3\x28", "messages": []}',
        b'{"model": "persona/the-night-librarian", "messages": [{"role": "user", "content": "\\ud83d"}]}',
        b'{"messages": []}',
        b'{"model": null, "messages": []}',
        b'{"model": 4, "messages": []}',
        b'{"model": "persona/the-night-librarian"}',
        b'{"model": "persona/the-night-librarian", "messages": {}}',
        b'{"model": "persona/the-night-librarian", "messages": "hi"}',
        b'{"model": "persona/the-night-librarian", "messages": [], "stream": "yes"}',
        b'{"model": "persona/the-night-librarian", "messages": [{"role": "system", "content": 5}]}',
        b"\x00\x01\x02",
        b"\xef\xbb\xbf{",
    ],
)
def test_a_body_that_makes_no_sense_is_a_bad_request(
    gateway: Gateway, upstream: ScriptedUpstream, body: bytes
) -> None:
    assert_is_openais(fetch(gateway, body=body), 400)
    assert not upstream.seen


NEST = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize("name", [b"x", b"messages", b"model", b"stream_options", b"tools", b"stream"])
def test_nesting_without_end_is_a_bad_request(
    gateway: Gateway, upstream: ScriptedUpstream, name: bytes
) -> None:
    body = b'{"model": "%s", "messages": [], "%s": %s}' % (LIBRARIAN.encode(), name, NEST)
    assert_is_openais(fetch(gateway, body=body), 400)
    assert not upstream.seen


@pytest.mark.parametrize("content", [b'[{"a": %s}]' % NEST, b"%s" % NEST])
@pytest.mark.parametrize("role", [b"system", b"user"])
def test_nesting_within_a_message_is_a_bad_request(
    gateway: Gateway, upstream: ScriptedUpstream, role: bytes, content: bytes
) -> None:
    message = b'{"role": "%s", "content": %s}' % (role, content)
    body = b'{"model": "%s", "messages": [%s]}' % (LIBRARIAN.encode(), message)
    assert_is_openais(fetch(gateway, body=body), 400)
    assert not upstream.seen


def test_a_gzip_that_is_none_is_a_bad_request(gateway: Gateway) -> None:
    zipped = gzip.compress(json.dumps(ASK).encode())
    for body in (b"plain", zipped[:-9], b""):
        assert_is_openais(fetch(gateway, body=body, headers={"content-encoding": "gzip"}), 400)


def test_an_encoding_that_is_not_taken_is_415(gateway: Gateway) -> None:
    assert_is_openais(fetch(gateway, body=b"{}", headers={"content-encoding": "br"}), 415)


@pytest.fixture(scope="module")
def narrow(shared_upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A gateway that takes only small bodies."""
    table = upstream_table("main", shared_upstream.base_url, 'default_model = "any"')
    config = f'{table}[server]\nmax_body = {LIMIT}\n[embeddings]\nupstream = "main"\n'
    gateway = Gateway(tmp_path_factory.mktemp("narrow"), config).start()
    yield gateway
    assert gateway.stop() == 0


def padded(size: int) -> bytes:
    body = json.dumps({**ASK, "pad": ""})
    return body.replace('"pad": "', '"pad": "' + "x" * (size - len(body))).encode()


def test_a_body_of_just_the_limit_is_taken(narrow: Gateway, upstream: ScriptedUpstream) -> None:
    assert len(padded(LIMIT)) == LIMIT
    assert fetch(narrow, body=padded(LIMIT)).status == 200
    assert (
        fetch(narrow, body=gzip.compress(padded(LIMIT)), headers={"content-encoding": "gzip"}).status == 200
    )


@pytest.mark.parametrize("path", [CHAT, "/v1/openai/embeddings"])
@pytest.mark.parametrize("kind", ["length", "chunked", "gzip"])
def test_a_larger_body_is_too_large(
    narrow: Gateway, upstream: ScriptedUpstream, kind: str, path: str
) -> None:
    body: Any = padded(LIMIT + 1)
    headers: Mapping[str, str] = {}
    if kind == "gzip":
        body, headers = gzip.compress(padded(100_000)), {"content-encoding": "gzip"}
        assert len(body) < LIMIT
    with line(narrow) as opened:
        headers = {**headers, "authorization": f"Bearer {narrow.key}"}
        sent = iter([body[:1000], body[1000:]]) if kind == "chunked" else body
        opened.request("POST", path, sent, headers, encode_chunked=kind == "chunked")
        with opened.getresponse() as response:
            assert_is_openais(
                Reply(response.status, dict(lower(response.getheaders())), response.read()), 413
            )
    assert not upstream.seen


def lower(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers]


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(narrow: Gateway) -> None:
    head = written(narrow, ASK).partition(b"\r\n\r\n")[0]
    announced = re.sub(rb"Content-Length: \d+", b"Content-Length: 100000000", head) + b"\r\n\r\n{"
    assert_is_openais(raw_reply(narrow, announced, closes=False), 413)


def test_a_client_that_sends_all_before_it_reads_learns_why(gateway: Gateway) -> None:
    body = json.dumps({**ASK, "pad": "x" * (40 << 20)}).encode()
    with line(gateway) as opened:
        for _ in range(2):
            refused = ask(opened, CHAT, body, key=gateway.key)
            assert_is_openais(refused, 413)
    with gateway.client() as client, pytest.raises(openai.APIStatusError) as failure:
        client.chat.completions.create(**ASK, extra_body={"pad": "x" * (40 << 20)})
    assert failure.value.status_code == 413


def test_every_response_has_a_request_id_of_its_own(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    replies = [
        fetch(gateway, body=ASK),
        fetch(gateway, body=ASK),
        fetch(gateway, body=ASK | {"stream": True}),
        fetch(gateway, body=ASK, key=""),
        fetch(gateway, body=ASK | {"model": "persona/nobody"}),
        fetch(gateway, body=b"{"),
        fetch(gateway, "/v1/openai/models"),
        fetch(gateway, "/v1/openai/embeddings", {"model": "any", "input": "dusk"}),
        fetch(gateway, "/v1/openai/nothing"),
        fetch(gateway, CHAT),
        fetch(gateway, "/nothing"),
        fetch(gateway, "/health/live"),
        fetch(gateway, "/health/ready"),
        fetch(gateway, "/health/live", method="HEAD"),
        fetch(gateway, "/v1/openai/models", method="OPTIONS"),
        raw_reply(gateway, b"GARBAGE\r\n\r\n"),
    ]
    ids = [reply.headers["x-request-id"] for reply in replies]
    assert all(REQUEST_ID.fullmatch(one) for one in ids)
    assert len(set(ids)) == len(ids)


def test_the_callers_own_request_id_is_not_taken_over(gateway: Gateway) -> None:
    reply = fetch(gateway, "/health/live", headers={"x-request-id": "req_mine"})
    assert REQUEST_ID.fullmatch(reply.headers["x-request-id"])
    assert reply.headers["x-request-id"] != "req_mine"


def test_the_upstreams_headers_stay_upstream(gateway: Gateway, upstream: ScriptedUpstream) -> None:
    upstream.always(status(422, headers={"x-request-id": "theirs", "set-cookie": "a=b"}))
    refused = fetch(gateway, body=ASK)
    assert REQUEST_ID.fullmatch(refused.headers["x-request-id"])
    assert "set-cookie" not in refused.headers


def test_a_half_request_is_not_answered_as_if_it_were_whole(
    gateway: Gateway, upstream: ScriptedUpstream
) -> None:
    with connect(gateway) as peer:
        peer.sendall(written(gateway, ASK)[:-5])
        peer.shutdown(socket.SHUT_WR)
        assert read_all(peer) == b""
    assert not upstream.seen
