"""Prefixed, time-ordered identifiers: `psn_`, `ver_`, `msg_`, `req_`, …"""

import os
import secrets

from gateway import clock

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Base62 in ASCII order, so that the text sorts as the number does."""

PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)
"""Two digits at a time, which halves the work."""

TIME_DIGITS = 8
RANDOM_DIGITS = 12


def base62(number: int, width: int) -> str:
    """The number in base62, padded with zeros on the left to `width` digits."""
    pairs = []
    for _ in range((width + 1) // 2):
        number, rest = divmod(number, 3844)
        pairs.append(PAIRS[rest])
    pairs.reverse()
    return "".join(pairs)[-width:]


def new(prefix: str) -> str:
    """A fresh id such as `msg_0QvXb3k2…`: eight digits of milliseconds, then twelve random ones."""
    random = int.from_bytes(os.urandom(9), "big")
    return f"{prefix}_{base62(clock.now_ms(), TIME_DIGITS)}{base62(random, RANDOM_DIGITS)}"


def secret(length: int) -> str:
    """A random base62 text for keys, from the system's secure source."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
