"""The head of a request tells where it goes, and some things must not stand in it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote

import httptools

TARGETS, SHORT = 64, 256
"""This many targets of at most so many bytes are remembered in their parts: callers ask for the same few."""
NAMES, SHORT_NAME = 256, 64
"""So many names of headers, of at most so many bytes, are remembered: open requests share one of each."""
VERSIONS = frozenset({"1.1", "1.0", "0.9"})
HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+;=:\[\]-]*")
SINGLE = frozenset(
    {
        *(b"host", b"content-type", b"content-encoding", b"content-length", b"transfer-encoding", b"expect"),
        *(b"authorization", b"api-key", b"x-api-key", b"persona-workspace"),
        *(b"idempotency-key", b"x-persona-conversation-id"),
    }
)
"""Headers that may stand only once: of two, a proxy in front of us may believe the other one."""


class FlawError(ValueError):
    """The head is malformed; the message is the sentence for the caller."""


def named(headers: Sequence[tuple[bytes, bytes]], version: str) -> dict[bytes, bytes]:
    """Return the headers by their lower-case names; of one that may stand more than once the last counts.

    Raises FlawError, as RFC 9112 asks for.
    """
    found = dict(headers)
    if len(found) != len(headers):
        names = [name for name, _ in headers if name in SINGLE]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise FlawError(f"The header `{twice.decode()}` stands more than once; send it once.")
    host = found.get(b"host")
    if host is None:
        if version == "1.1":
            raise FlawError("The header `host` is missing, which HTTP/1.1 needs; send it.")
    elif HOST.fullmatch(host) is None:
        raise FlawError("The header `host` is not the name of a host; correct it.")
    coding = found.get(b"transfer-encoding")
    if coding is not None and (version != "1.1" or coding.strip().lower() != b"chunked"):
        raise FlawError("The header `transfer-encoding` may say `chunked` alone; correct it.")
    if version not in VERSIONS:
        raise FlawError(f"HTTP/{version} is not spoken here; send the request as HTTP/1.1.")
    return found


@lru_cache(NAMES)
def lowered(name: bytes) -> bytes:
    """Give the name of a header in lower case; longer ones than `SHORT_NAME` are not to be remembered."""
    return name.lower()


def target(url: bytes) -> tuple[str, bytes, bytes]:
    """Split into the path, the path as it came, and the query. Raises httptools.HttpParserInvalidURLError."""
    return _parts(url) if len(url) <= SHORT else _parts.__wrapped__(url)


@lru_cache(TARGETS)
def _parts(url: bytes) -> tuple[str, bytes, bytes]:
    parsed = httptools.parse_url(url)
    raw = parsed.path or b"/"
    path: str = raw.decode("ascii")
    return unquote(path) if "%" in path else path, raw, parsed.query or b""
