"""One request of the guarded fetcher goes out by aiohttp, which takes long to load: only who fetches pays."""

import asyncio
from collections.abc import Mapping

import aiohttp

from gateway.egress.addresses import is_public
from gateway.egress.target import EgressError, Target, not_public
from gateway.upstreams.decoding import PackedBodyError, unpacking
from gateway.upstreams.lookup import Address, Lookups
from gateway.upstreams.resolver import Resolver

HEAD_BYTES = 16 * 1024
"""Bytes of a line of an answer's head."""

Answer = tuple[int, dict[str, str], bytes]
"""A status, the headers under lower-case names, and the body."""


def session(lookups: Lookups, connections: int, *, is_open: bool) -> aiohttp.ClientSession:
    """Make a session in the running loop; where it `is_open`, any address will do."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=connections,
            force_close=True,
            use_dns_cache=False,
            resolver=_Resolver(lookups, is_open=is_open),
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        # The time of a whole fetch is limited around it.
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Content-Type"),
        max_line_size=HEAD_BYTES,
        max_field_size=HEAD_BYTES,
    )


async def require_public(lookups: Lookups, here: Target) -> None:
    """Raises EgressError where the place is not of the public internet."""
    try:
        await _Resolver(lookups, is_open=False).resolve(here.host, here.url.port or 443)
    except _NotPublicError:
        raise not_public(here.host) from None
    except OSError:
        raise EgressError("unreachable", f"{here.host} cannot be found") from None


async def ask(
    session: aiohttp.ClientSession,
    here: Target,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
    most: int,
    proxy: str | None = None,
) -> Answer:
    """Ask this one place, whose answer may have so many bytes, through a proxy or not. Raises EgressError."""
    try:
        async with session.request(
            method, here.url, headers=headers, data=body, allow_redirects=False, proxy=proxy
        ) as response:
            told = {name.lower(): value for name, value in response.headers.items()}
            return response.status, told, await _body(here, response, most)
    except aiohttp.ClientConnectorDNSError as error:
        if isinstance(error.os_error, _NotPublicError):
            raise not_public(here.host) from None
        raise EgressError("unreachable", f"{here.host} cannot be found") from None
    except (aiohttp.ClientConnectionError, OSError):
        raise EgressError("unreachable", f"{here.host} cannot be reached") from None
    except (aiohttp.ClientError, PackedBodyError, ValueError):
        raise EgressError("bad_answer", f"{here.host} gives an answer that cannot be read") from None


async def _body(here: Target, response: aiohttp.ClientResponse, most: int) -> bytes:
    """Read the body, unpacked a piece at a time. Raises EgressError where it grows beyond the limit."""
    body, packed = bytearray(), 0
    found = unpacking(response.headers.get("content-encoding", ""))
    while data := await response.content.readany():
        packed += len(data)
        if found is None:
            body += data
        else:
            found.feed(data)
            while len(body) <= most and (piece := found.take()):
                body += piece
                await asyncio.sleep(0)
        if max(len(body), packed) > most:
            raise EgressError("too_large", f"{here.host} answers with more than {most:,} bytes")
    if found is not None:
        found.finish()
    return bytes(body)


class _NotPublicError(OSError):
    """A name leads to an address that is not of the public internet."""


class _Resolver(Resolver):
    """Looks names up, and lets only those through that lead to public addresses alone."""

    def __init__(self, lookups: Lookups, *, is_open: bool) -> None:
        super().__init__(lookups)
        self._is_open = is_open

    async def find(self, host: str, port: int) -> list[Address]:
        try:
            found = await super().find(host, port)
        except UnicodeError:
            raise OSError("this is no name of a host") from None
        if not self._is_open and not all(is_public(place[0]) for *_, place in found):
            raise _NotPublicError(host)
        return found
