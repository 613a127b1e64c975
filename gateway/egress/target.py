"""A target is what a URL leads to, once its form has been found acceptable."""

import ipaddress
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

import msgspec

from gateway.config.upstreams import is_here
from gateway.egress.addresses import is_public

if TYPE_CHECKING:
    from yarl import URL

PORTS = {"http": 80, "https": 443}
"""Schemes that may be used, each with the port that needs no entry."""
LONGEST = 8192
"""Characters of a URL."""
NAME = 253
"""Characters of a host's name (RFC 1035)."""
LABELS = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\.?", re.IGNORECASE)
"""The last part of a host that some readers take for an address in another notation, such as `127.1`."""

Why = Literal["refused", "unreachable", "too_slow", "too_large", "bad_answer"]


class EgressError(Exception):
    """A request that may not go out, or has failed; the message names the host, and no more of the URL."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why = why


class Target(msgspec.Struct, frozen=True):
    """A request goes there; the host is in ASCII and in lower case."""

    url: "URL"
    host: str
    port: int
    is_open: bool
    """True where any address will do, since the operator has said so."""
    is_near: bool = False
    """True for what the configuration names on this machine, which no proxy is asked for."""

    def is_same_host(self, other: "Target") -> bool:
        """Tell whether a redirect from here to the other one stays where it was, or goes on to TLS."""
        if self.host != other.host:
            return False
        places = (self.url.scheme, self.port), (other.url.scheme, other.port)
        return places[0] == places[1] or places == (("http", 80), ("https", 443))


def target(url: "str | URL", allowed: Collection[str], *, is_configured: bool = False) -> Target:
    """Check the URL; `allowed` has `host:port` entries. Raises EgressError.

    A name is not looked up here: what it leads to is checked when that is known, right before connecting.
    """
    parsed = _parsed(url)
    host, port = (parsed.raw_host or "").removesuffix(".").lower(), parsed.explicit_port
    port = PORTS[parsed.scheme] if port is None else port
    address = _address(host)
    host = address or host
    is_open = is_configured or _entry(host, port) in allowed
    if not is_open:
        if port not in PORTS.values():
            message = f"port {port} of {host} is closed; [egress] allow opens `{_entry(host, port)}`"
            raise EgressError("refused", message)
        if address is not None and not is_public(address):
            raise not_public(host)
    return Target(parsed, host, port, is_open, is_near=is_configured and is_here(host))


def named(entry: str) -> str:
    """Write an entry of `[egress] allow` as targets are compared with it."""
    host, _, port = entry.lower().rpartition(":")
    host = host.strip("[]").removesuffix(".")
    return _entry(_address(host) or host, int(port))


def not_public(host: str) -> EgressError:
    return EgressError("refused", f"{host} is no address of the public internet")


def _parsed(url: "str | URL") -> "URL":
    # Most processes never send what a user has caused.
    from yarl import URL

    try:
        if isinstance(url, str) and len(url) > LONGEST:
            raise ValueError
        parsed = URL(url)
        # These are worked out late, and raise then.
        _ = parsed.raw_host, parsed.explicit_port
    except (ValueError, TypeError):
        raise EgressError("refused", "this is no URL that can be asked") from None
    if parsed.scheme not in PORTS:
        raise EgressError("refused", "a URL begins with `https://` or `http://`")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise EgressError("refused", "a URL may not hold a user or a password")
    return parsed


def _address(host: str) -> str | None:
    """Return the host if it is an address, `None` for a name. Raises EgressError for other notations."""
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        pass
    if ":" in host or NUMBER.fullmatch(host.rpartition(".")[2]):
        raise EgressError("refused", "an address is written as four numbers, or in brackets")
    if len(host) > NAME or not LABELS.fullmatch(host):
        raise EgressError("refused", "the URL names no host")
    return None


def _entry(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
