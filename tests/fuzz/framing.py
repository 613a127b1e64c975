"""These requests have doubtful ends, each with another one hidden in its body that nobody may ever answer."""

import json
import re
from random import Random

from tests.fuzz.case import CHAT, Case, maybe, request

NAME = re.compile(rb"upgrade|transfer|content-length", re.IGNORECASE)
HIDDEN = "smuggled-5d21c7"
OFFERS = [
    (b"Connection: Upgrade", b"Upgrade: h2c"),
    (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    (b"connection: keep-alive, uPGRADE", b"UPGRADE: websocket"),
    (b"Connection:upgrade", b"Upgrade:\tTLS/1.0, x/1"),
]
DOUBTS = [
    (b"Transfer-Encoding: chunked",),
    (b"Transfer-Encoding: gzip, chunked",),
    (b"Transfer-Encoding: identity",),
    (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    (b"Transfer-Encoding:\x0bchunked",),
    (b"Transfer-Encoding : chunked",),
    (b"transfer-encoding: xchunked",),
    (b"Content-Length: 0",),
    (b"Content-Length: 4",),
    (b"Content-Length: 4, 4",),
    (b" Content-Length: 4",),
    (b"X: y\nContent-Length: 4",),
    (b"X: y\rTransfer-Encoding: chunked",),
    (b"Host: elsewhere",),
    (b"Persona-Workspace: ws_1", b"Persona-Workspace: ws_2"),
]


def framing(chance: Random, key: str, _tag: str) -> Case:
    """Let the length of the body count the hidden request in, so that by itself there is no doubt."""
    hidden = b"GET /v1/openai/%b HTTP/1.1\r\nHost: gateway\r\n\r\n" % HIDDEN.encode()
    body = chance.choice([b"", b"0\r\n\r\n", b"{}", json.dumps({"model": "x"}).encode()]) + hidden
    credential = key if maybe(chance, 0.7) else "wrong"
    headers = [(b"Host", b"gateway"), (b"Authorization", b"Bearer " + credential.encode())]
    path = chance.choice([CHAT, b"/v1/personas", b"/health/live", b"/v1/openai/embeddings", b"/nowhere"])
    method = chance.choice([b"POST", b"POST", b"GET", b"PUT", b"DELETE"])
    top, _, rest = request(method, path, headers, body).partition(b"\r\n\r\n")
    lines = top.split(b"\r\n")
    for line in chance.choice(OFFERS if maybe(chance, 0.5) else DOUBTS):
        lines.insert(chance.randrange(1, len(lines) + 1), line)
    before = b"GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n" * chance.choice([0, 0, 1, 2])
    data = before + b"\r\n".join(lines) + b"\r\n\r\n" + rest
    # The hidden request would be read as one where the parser begins anew, and a name may be cut in two.
    places = [len(data) - len(hidden), *(at.start() + chance.randrange(8) for at in NAME.finditer(data))]
    places += [chance.randrange(1, len(data)) for _ in range(chance.choice([0, 1, 8]))]
    cuts = sorted(set(chance.sample(places, chance.randrange(len(places) + 1))))
    return Case(data, path=None, is_http=False, cuts=cuts, hidden=HIDDEN)
