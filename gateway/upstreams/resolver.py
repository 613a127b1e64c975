"""aiohttp is given the addresses that our own lookups have found."""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.upstreams.lookup import Address, Lookups


class Resolver(AbstractResolver):
    """Resolves names for a session of aiohttp; who needs more of the addresses than that they are found
    overrides `find`."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups

    async def find(self, host: str, port: int) -> list[Address]:
        """Find the addresses of a host. Raises OSError, UnicodeError."""
        return await self._lookups.find(host, port)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                # An address of one link alone means nothing without the link's zone.
                host=f"{place[0]}%{place[3]}" if len(place) > 3 and place[3] else place[0],
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, place in await self.find(host, port)
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Close nothing, since the lookups belong to others."""
