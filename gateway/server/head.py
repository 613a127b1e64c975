"""The head of a request as it comes in: where it goes, and what is better not read in it."""

import re
from functools import lru_cache
from urllib.parse import unquote

import httptools

TARGETS, SHORT = 64, 256
"""So many targets of at most so many bytes are remembered in their parts: callers ask for the same few."""
UPGRADE = re.compile(rb"\r\nupgrade(?=[ \t]*:)", re.IGNORECASE)


def without_upgrade(data: bytes) -> bytes:
    """The start of a request, in which an offer to speak another protocol has a name that nobody knows.

    Java's HTTP client makes it by default; the parser would take what follows for that protocol's.
    """
    end = data.find(b"\r\n\r\n")
    end = end if end >= 0 else len(data)
    if UPGRADE.search(data, 0, end) is None:
        return data
    return UPGRADE.sub(b"\r\nx-upgrade", data[:end]) + data[end:]


def target(url: bytes) -> tuple[str, bytes, bytes]:
    """The path, the path as it came, and the query. Raises httptools.HttpParserInvalidURLError."""
    return _parts(url) if len(url) <= SHORT else _parts.__wrapped__(url)


@lru_cache(TARGETS)
def _parts(url: bytes) -> tuple[str, bytes, bytes]:
    parsed = httptools.parse_url(url)
    path: str = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""
