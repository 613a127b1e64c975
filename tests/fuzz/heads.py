"""Raw bytes on the socket: requests whose heads are spoilt, garbage, and several requests at once."""

import json
from random import Random

from tests.fuzz.case import CHAT, Case, Header, common, maybe, request
from tests.fuzz.chats import simple
from tests.fuzz.json_tree import spoil_bytes

LINES = [
    *(b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: -1"),
    *(b"Content-Length: 99999999999999999999", b"Content-Length: 1, 1", b"Content-Length: +5"),
    *(b"Content-Length: 0x5", b"Content-Length:", b"Transfer-Encoding: chunked"),
    *(b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: x", b"Transfer-Encoding: chunked, chunked"),
    *(b"Transfer-Encoding : chunked", b"Transfer-Encoding:\x0bchunked", b"Connection: close"),
    *(b"Connection: Upgrade", b"Upgrade: websocket", b"Upgrade: h2c", b"Expect: 100-continue"),
    *(b"Expect: 200-ok", b"Host: a\r\nHost: b", b"Host:", b": nameless", b"no colon", b" folded: line"),
    *(b"\tx", b"X: \x00", b"X: \xff\xfe", b"\xff: x", b"X\x00: y", b"X: a\rb", b"X: a\nb"),
    *(b"X: " + b"y" * 9000, b"Authorization: Bearer", b"Authorization: Bearer \xff"),
    *(b"Authorization: Basic eA==", b"Cookie: a=b", b"X-Forwarded-For: 1.2.3.4", b"Proxy: http://x"),
    *(b"Content-Encoding: gzip", b"Trailer: X", b"TE: trailers"),
    *(b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", b"X-Persona-Conversation-Id: conv_1"),
    *(b"Range: bytes=0-1", b"\r\n".join(b"X-%d: y" % number for number in range(250))),
    b"X: " + b"z" * 70_000,
]
FIRST_LINES = [
    *(b"GET / HTTP/1.1", b"GET /health/live HTTP/1.0", b"GET /health/live HTTP/1.2"),
    *(b"GET /health/live HTTP/2.0", b"GET /health/live", b"GET", b"", b"GET  /health/live  HTTP/1.1"),
    *(b"get /health/live HTTP/1.1", b"\r\n", b"GET http://gateway/health/live HTTP/1.1", b"GET * HTTP/1.1"),
    *(b"OPTIONS * HTTP/1.1", b"GET ? HTTP/1.1", b"CONNECT gateway:80 HTTP/1.1", b"PRI * HTTP/2.0"),
    *(b"GET /\xff HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET // HTTP/1.1", b"GET //v1/openai/models HTTP/1.1"),
    *(b"GET /%ff%00 HTTP/1.1", b"GET /%zz HTTP/1.1", b"GET /" + b"a" * 70_000 + b" HTTP/1.1"),
    *(b"POST " + CHAT + b" HTTP/1.0", b"TRACE / HTTP/1.1", b"HEAD /v1/openai/models HTTP/1.1"),
    *(b"BREW /pot HTCPCP/1.0", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    *(b"GET http://[::1/ HTTP/1.1", b"GET http:// HTTP/1.1", b"GET :// HTTP/1.1", b"GET /a#b HTTP/1.1"),
]
CHUNKS = [
    b"5\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"-1\r\n",
    b"5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n",
    b"g\r\n",
]


def head(chance: Random, key: str, _tag: str) -> Case:
    """Make bytes that need not be a request, or several good requests in one piece."""
    if maybe(chance, 0.15):
        return _pipelined(chance, key)
    if maybe(chance, 0.05):
        return Case(chance.randbytes(chance.choice([1, 10, 300])), path=None, is_http=False)
    body = json.dumps({"model": "persona/fuzzed", "messages": [], "stream": maybe(chance, 0.5)}).encode()
    good = request(b"POST", CHAT, common(key), body) if maybe(chance, 0.7) else _get(b"/health/live", key)
    top, blank, rest = good.partition(b"\r\n\r\n")
    first, *lines = top.split(b"\r\n")
    if maybe(chance, 0.4):
        first = chance.choice(FIRST_LINES)
    for _ in range(chance.randrange(3)):
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(LINES))
    if maybe(chance, 0.15):
        del lines[chance.randrange(len(lines))]
    end = b"\n" if maybe(chance, 0.05) else b"\r\n"
    top = end.join([first, *lines])
    for _ in range(chance.choice([0, 0, 1, 1, 3])):
        top = spoil_bytes(chance, top)
    if maybe(chance, 0.1):
        rest = chance.choice(CHUNKS)
    return Case(top + blank + rest, path=None, method=_method(top), is_http=False)


def _pipelined(chance: Random, key: str) -> Case:
    count = chance.randrange(1, 5)
    makers = [
        lambda: simple(key, stream=False),
        lambda: simple(key, stream=True),
        lambda: simple("wrong", stream=True),
        lambda: _get(b"/health/live", key),
        lambda: _get(b"/v1/openai/nothing", key),
        lambda: _get(b"/v1/openai/models/persona/fuzzed", key),
    ]
    data = b"".join(chance.choice(makers)() for _ in range(count))
    return Case(data, path=None, answers=count)


def _get(path: bytes, key: str, *more: Header) -> bytes:
    return request(b"GET", path, [(b"Host", b"gateway"), (b"X-API-Key", key.encode()), *more])


def _method(top: bytes) -> str:
    return "HEAD" if top.lstrip(b"\r\n").startswith(b"HEAD ") else "GET"
