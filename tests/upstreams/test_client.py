"""Both clients send the same, and make the same of answers."""

import gzip
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest

from gateway.upstreams import decoding
from gateway.upstreams.client import Client
from gateway.upstreams.failure import UpstreamFailure
from gateway.upstreams.request import USER_AGENT
from tests.fakes import upstream_faults as faults
from tests.fakes.upstream import ScriptedUpstream
from tests.fakes.upstream_scripts import (
    Delivery,
    Gate,
    Stall,
    json_answer,
    raw,
)
from tests.upstreams.answers import CHUNKED, OK, TWO, members, packed_answer, raw_deflate
from tests.upstreams.conftest import PATH, New, ask, failure_of, read_all, seen


async def test_a_request_says_what_it_has_to_and_nothing_else(
    client: Client, upstream: ScriptedUpstream
) -> None:
    await ask(client, b'{"a":1}')
    request = await seen(upstream)
    assert (request.method, request.path, request.body) == ("POST", "/v1/chat/completions", b'{"a":1}')
    assert request.headers == {
        "host": f"127.0.0.1:{upstream.port}",
        "accept": "application/json, text/event-stream",
        "accept-encoding": "identity",
        "authorization": "Bearer k",
        "content-type": "application/json",
        "content-length": "7",
        "user-agent": USER_AGENT,
    }


async def test_headers_of_a_call_go_before_the_upstreams_and_those_before_ours(
    kind: str, new: New, upstream: ScriptedUpstream
) -> None:
    client = new(upstream.base_url, client=kind, headers={"X-One": "up", "x-two": "ü", "User-Agent": "me"})
    await ask(client, headers={"x-ONE": "own", "X-Three": "3"})
    await ask(client)
    first, second = (await seen(upstream, 2), upstream.seen[0])
    assert [second.headers[name] for name in ("x-one", "x-three", "user-agent")] == ["own", "3", "me"]
    assert first.headers["x-one"] == "up"
    assert "x-three" not in first.headers
    assert first.headers["x-two"].encode("latin-1").decode() == "ü"


@pytest.mark.parametrize(
    ("ending", "target"),
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/a%20b/ü?api-version=1&x=a%26b", "/v1/a%20b/%C3%BC/chat/completions?api-version=1&x=a%26b"),
        ("?q=ü#part", "/v1/chat/completions?q=%C3%BC"),
    ],
)
async def test_the_path_goes_below_the_base_url(
    kind: str, new: New, upstream: ScriptedUpstream, ending: str, target: str
) -> None:
    await ask(new(upstream.base_url + ending, client=kind))
    assert (await seen(upstream)).path == target


async def test_credentials_in_the_url_are_sent(kind: str, new: New, upstream: ScriptedUpstream) -> None:
    await ask(new(upstream.base_url.replace("//", "//user:p%40ss@"), client=kind))
    assert (await seen(upstream)).headers["authorization"] == "Basic dXNlcjpwQHNz"


async def test_a_line_break_cannot_be_smuggled_into_a_head(
    client: Client, upstream: ScriptedUpstream
) -> None:
    with pytest.raises(UpstreamFailure):
        await client.post(PATH, b"{}", {"x-one": "a\r\nx-two: b"})
    assert upstream.seen == []


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_large_body_arrives_whole(client: Client, upstream: ScriptedUpstream) -> None:
    body = bytes(range(256)) * 40_000
    await ask(client, body)
    assert (await seen(upstream)).body == body


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("split", [None, 1, 7])
async def test_a_body_is_read_in_any_framing(
    client: Client, upstream: ScriptedUpstream, framing: str, split: int | None
) -> None:
    delivery = Delivery(framing, split)  # type: ignore[arg-type]
    upstream.reply(json_answer(b"0123456789" * 20, delivery=delivery, code=201))
    response = await client.post(PATH, b"{}", {})
    assert (response.status, response.headers["content-type"]) == (201, "application/json")
    assert await read_all(response) == b"0123456789" * 20
    assert await response.read() == b""
    response.close()


async def test_pieces_come_as_they_are_sent(client: Client, upstream: ScriptedUpstream) -> None:
    gates = [Gate(), Gate()]
    upstream.reply(raw(CHUNKED + b"2\r\nab\r\n", gates[0], b"1\r\nc\r\n", gates[1], b"0\r\n\r\n"))
    response = await client.post(PATH, b"{}", {})
    assert await response.read() == b"ab"
    gates[0].open()
    assert await response.read() == b"c"
    gates[1].open()
    assert await response.read() == b""
    response.close()


WHOLE: dict[str, tuple[bytes, bytes]] = {
    "after interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\ncontent-length: 9\r\n\r\n"
        + TWO,
        b"ab",
    ),
    "chunk extensions and trailers": (CHUNKED + b"2;a=b\r\nab\r\n0\r\nx-end: 1\r\n\r\n", b"ab"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "304": (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", b""),
    "no reason": (b"HTTP/1.1 200\r\ncontent-length: 1\r\n\r\na", b"a"),
    "line feeds only": (b"HTTP/1.1 200 OK\ncontent-length: 1\n\na", b"a"),
    "a folded header": (OK + b"x-a: b\r\n c\r\ncontent-length: 1\r\n\r\na", b"a"),
    "space behind a chunk's size": (CHUNKED + b"1 \r\na\r\n0\r\n\r\n", b"a"),
    "HTTP/1.0 with a length": (b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na", b"a"),
    "nothing that is packed": (
        OK + b"content-encoding: gzip\r\ncontent-length: 0\r\n\r\n",
        b"",
    ),
    "identity": (OK + b"content-encoding: identity\r\ncontent-length: 1\r\n\r\na", b"a"),
}


@pytest.mark.parametrize("name", WHOLE)
async def test_an_answer_is_understood(client: Client, upstream: ScriptedUpstream, name: str) -> None:
    data, body = WHOLE[name]
    upstream.reply(raw(data))
    assert await ask(client) == body


async def test_header_names_are_lower_case_and_the_last_value_counts(
    client: Client, upstream: ScriptedUpstream
) -> None:
    upstream.reply(raw(OK + "X-A:  b \r\nx-a: ü\r\nRetry-After:3\r\ncontent-length: 0\r\n\r\n".encode()))
    response = await client.post(PATH, b"{}", {})
    assert response.headers == {"x-a": "ü", "retry-after": "3", "content-length": "0"}
    response.close()


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("gzip", members),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("identity, gzip", gzip.compress),
    ],
)
@pytest.mark.parametrize("split", [1, 3, None])
async def test_a_body_that_is_compressed_unasked_is_unpacked(
    client: Client, upstream: ScriptedUpstream, name: str, packed: Callable[[bytes], bytes], split: int | None
) -> None:
    delivery = Delivery("chunked", split)
    upstream.reply(json_answer(packed(b"hello " * 50), delivery=delivery, headers={"Content-Encoding": name}))
    assert await ask(client) == b"hello " * 50


TWICE: dict[str, bytes] = {
    "equal lengths": OK + b"content-length: 2\r\nx-a: b\r\nContent-Length: 2\r\n\r\nab",
    "equal lengths in a list": OK + b"content-length: 2, 2\r\n\r\nab",
    "length, chunks": OK + b"content-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "chunks, length": OK + b"transfer-encoding: chunked\r\ncontent-length: 9\r\n\r\n2\r\nab\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("cut", [None, 20, 50])
async def test_an_answer_that_says_twice_where_it_ends_is_read_or_is_a_failure(
    client: Client, kind: str, upstream: ScriptedUpstream, name: str, cut: int | None
) -> None:
    data = TWICE[name]
    pieces = [data] if cut is None else [data[:cut], Stall(0.01), data[cut:]]
    upstream.reply(raw(*pieces), raw(TWO))
    if kind == "native":
        assert await ask(client) == b"ab"
        assert await ask(client) == b"ab"
        assert upstream.connections_opened == 2, "what comes behind it is not trusted"
    else:
        # Its parser takes none of them.
        assert await failure_of(client) == "bad_answer"


async def test_much_that_is_packed_small_comes_in_small_pieces(
    client: Client, upstream: ScriptedUpstream
) -> None:
    text = b"".join(b"%d," % number for number in range(500_000))
    upstream.reply(packed_answer(gzip.compress(text)))
    response = await client.post(PATH, b"{}", {})
    pieces = []
    while piece := await response.read():
        assert len(piece) <= decoding.PIECE
        pieces.append(piece)
    response.close()
    assert b"".join(pieces) == text


async def test_redirects_are_answers(client: Client, upstream: ScriptedUpstream) -> None:
    upstream.reply(faults.redirect(upstream.base_url + PATH))
    response = await client.post(PATH, b"{}", {})
    assert response.status == 307
    response.close()
    assert len(upstream.seen) == 1


async def test_cookies_are_not_kept(client: Client, upstream: ScriptedUpstream) -> None:
    upstream.reply(raw(OK + b"set-cookie: a=b\r\ncontent-length: 0\r\n\r\n"))
    await ask(client)
    await ask(client)
    assert "cookie" not in (await seen(upstream, 2)).headers


async def test_proxies_of_the_environment_are_not_used(
    client: Client, upstream: ScriptedUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    await ask(client)
    assert (await seen(upstream)).path == "/v1/chat/completions"


@pytest.mark.slow
def test_aiohttp_is_loaded_only_where_it_is_chosen() -> None:
    code = "import sys, gateway.app; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
