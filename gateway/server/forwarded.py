"""Proxies in front of the gateway say for whom they speak; only those that are listed are believed."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
HOPS = 32
"""Proxies in a row that are looked at."""


def networks(listed: Sequence[str]) -> tuple[Network, ...]:
    """Read addresses and networks, such as `10.0.0.0/8`. Raises ValueError."""
    return tuple(ip_network(one, strict=False) for one in listed)


def origin(peer: str, said: Sequence[bytes], trusted: Sequence[Network]) -> str:
    """Return the address of the caller, whom the connection of `peer` speaks for.

    `said` are the values of `X-Forwarded-For` in their order. Each proxy adds the address that it was asked
    from at the end: the last one that is not a trusted proxy's is as far as anything can be believed.
    """
    here = _address(peer)
    if here is None or not _is_trusted(here, trusted):
        return peer
    found = peer
    hops = b",".join(said).decode("ascii", "replace").split(",") if said else []
    for hop in list(reversed(hops))[:HOPS]:
        # A zone may be any text, and means nothing on another machine.
        address = None if "%" in hop else _address(hop.strip())
        if address is None:
            break
        found = str(address)
        if not _is_trusted(address, trusted):
            break
    return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, which some proxies write with a port behind it; `None` where it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
