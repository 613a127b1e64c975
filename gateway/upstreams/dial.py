"""Connecting to a host means finding its addresses, taking the first of them that answers, and TLS."""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import zip_longest
from typing import Any

from gateway.upstreams.lookup import Address, Lookups

STAGGER = 0.25
"""Seconds that one address has before the next one is tried as well (RFC 8305, 5)."""


@cache
def trusted() -> ssl.SSLContext:
    """Load the system's certificate authorities, which takes a while."""
    return ssl.create_default_context()


async def connected(host: str, port: int, lookups: Lookups) -> socket.socket:
    """Connect a socket to the first address of the host that can be reached. Raises OSError, ValueError."""
    kind = socket.SOCK_STREAM
    try:
        found: Sequence[Any] = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await lookups.find(host, port)
    return await (_open(found[0]) if len(found) == 1 else _race(list(_interleaved(found))))


def _interleaved(found: Sequence[Address]) -> Iterator[Address]:
    """Take the families in turns, beginning with the system's favourite."""
    family = found[0][0]
    favourites = [address for address in found if address[0] == family]
    others = [address for address in found if address[0] != family]
    return (address for pair in zip_longest(favourites, others) for address in pair if address)


async def _race(addresses: Sequence[Address]) -> socket.socket:
    """Connect to all in a race: each address has a head start on the next, or makes way when it fails."""
    waiting = list(reversed(addresses))
    tasks: set[asyncio.Task[socket.socket]] = set()
    failure: BaseException | None = None
    try:
        while waiting or tasks:
            if waiting:
                tasks.add(asyncio.create_task(_open(waiting.pop())))
            limit = STAGGER if waiting else None
            done, _ = await asyncio.wait(tasks, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                tasks.remove(task)
                failure = task.exception()
                if failure is None:
                    return task.result()
    finally:
        for task in tasks:
            task.cancel()
            task.add_done_callback(_discard)
    raise failure or OSError("there is no address")


async def _open(address: Address) -> socket.socket:
    family, kind, protocol, _, place = address
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, place)
    except BaseException:
        made.close()
        raise
    return made


def _discard(task: asyncio.Task[socket.socket]) -> None:
    """Close a socket that was connected too late to be needed."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
