"""Some addresses belong to the public internet, and others are not reached."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address, IPv6Network

UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is assigned to hosts of the public internet (RFC 4291, IANA)."""
TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052); an IPv4 address stands in its last four bytes."""
NEVER_4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15")))
NEVER_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
"""Networks for protocols, tests and documents, whatever the Python at hand thinks of them."""


def is_public(text: str) -> bool:
    """Tell whether this is an address of the public internet; false for what is no address at all.

    An address of IPv6 that holds one of IPv4 is judged by that one.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    inner = _inner(address)
    if inner is not None:
        return _is_public_4(inner)
    is_named = address in UNICAST and address.is_global and not address.is_multicast
    return is_named and not any(address in network for network in NEVER_6)


def _is_public_4(address: IPv4Address) -> bool:
    # `is_global` alone is true for multicast.
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in NEVER_4)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Find the address of IPv4 behind a mapped, translated or tunnelled one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour
