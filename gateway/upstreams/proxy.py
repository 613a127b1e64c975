"""A proxy stands between here and an upstream: it passes on plain requests, and opens tunnels for TLS."""

import asyncio
import base64
import re
import socket
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

HEAD_BYTES = 16 * 1024
"""Bytes of the answer to CONNECT."""
OPENED = re.compile(rb"HTTP/1\.[01] 2[0-9][0-9]\b")


class Proxy(NamedTuple):
    """The place of a proxy, and what it wants to be told."""

    host: str
    port: int
    credentials: str | None
    """The value of `Proxy-Authorization`."""


def read(url: str | None) -> Proxy | None:
    """Read the URL of a proxy, which the configuration has checked; `None` where there is none."""
    if not url:
        return None
    parts = urlsplit(url)
    credentials = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(parts.hostname or "", parts.port or 80, credentials)


async def tunnel(peer: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy connect on to this place (RFC 9110, 9.3.6). Raises OSError where it does not."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"host: {place}"]
    if proxy.credentials is not None:
        lines.append(f"proxy-authorization: {proxy.credentials}")
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(peer, "\r\n".join([*lines, "", ""]).encode("ascii"))
    head = b""
    while b"\r\n\r\n" not in head:
        # Nobody speaks first in TLS but the client, so that nothing of what follows is taken along.
        piece = await loop.sock_recv(peer, HEAD_BYTES)
        head += piece
        if not piece or len(head) > HEAD_BYTES:
            raise OSError("the proxy does not answer as one")
    if OPENED.match(head) is None:
        raise OSError("the proxy opens no tunnel")
