"""Only addresses of the public internet are public, in whatever form they are written."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.egress.addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "93.184.216.34",
        "2606:4700::1111",
        "2a00:1450:4001:830::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.0.9",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::1",
        "2001:0:7f00:1:0:0:f7f7:f7f7",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%lo",
        "fec0::1",
        "ff02::1",
        "localhost",
        "",
        "1",
        "0177.0.0.1",
    ],
)
def test_all_others_are_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_judged_as_itself(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for outer in (0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112):
        shift = 80 if outer == 0x2002 << 112 else 0
        within = str(ipaddress.IPv6Address(outer | number << shift))
        assert is_public(within) == is_public(str(inner)), within


@given(st.ip_addresses())
def test_nothing_private_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    odd = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    inner = isinstance(address, ipaddress.IPv6Address) and (address.ipv4_mapped or address.sixtofour)
    if (odd or address.is_reserved or address.is_unspecified) and not inner:
        assert not is_public(str(address)) or address in ipaddress.ip_network("64:ff9b::/96")
