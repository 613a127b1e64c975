"""Prefixed, time-ordered identifiers: `psn_`, `ver_`, `msg_`, `req_`, …"""

import os
import secrets
from functools import lru_cache

from gateway import clock

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Base62 in ASCII order, so that the text sorts as the number does."""

DIGITS = (ALPHABET * 5)[:256].encode()
"""One digit for each byte. Eight of them come a little more often, which costs an id a twentieth of a bit."""

TIME_DIGITS = 8
RANDOM_DIGITS = 12
DRAWN = 256
"""Ids for which digits are drawn at once: asking the system costs as much as the rest of many ids."""
LOW = 62 * 62
"""Milliseconds that the last two digits of the time count, so that the others change every four seconds."""


@lru_cache(4)
def base62(number: int, width: int) -> str:
    """Write the number in base62, padded with zeros on the left to `width` digits.

    The results are cached, since many ids begin alike.
    """
    digits = []
    for _ in range(width):
        number, rest = divmod(number, 62)
        digits.append(ALPHABET[rest])
    return "".join(reversed(digits))


class _Dice:
    """Holds random digits that no id has yet."""

    def __init__(self) -> None:
        self._drawn: list[str] = []
        # Two processes must not share what was drawn before they parted.
        os.register_at_fork(after_in_child=self._drawn.clear)

    def roll(self) -> str:
        """Return the random digits of one id, which no other thread gets."""
        try:
            return self._drawn.pop()
        except IndexError:
            digits = os.urandom(RANDOM_DIGITS * DRAWN).translate(DIGITS).decode()
            ends = range(RANDOM_DIGITS, len(digits), RANDOM_DIGITS)
            self._drawn.extend([digits[end : end + RANDOM_DIGITS] for end in ends])
            return digits[:RANDOM_DIGITS]


_dice = _Dice()


def new(prefix: str) -> str:
    """Make a fresh id such as `msg_0QvXb3k2…`: eight digits of milliseconds, then twelve random ones."""
    high, low = divmod(clock.now_ms(), LOW)
    return f"{prefix}_{base62(high, TIME_DIGITS - 2)}{ALPHABET[low // 62]}{ALPHABET[low % 62]}{_dice.roll()}"


def least(prefix: str, ms: int) -> str:
    """Return the text that sorts before every id made from this time on, in milliseconds since the epoch."""
    return f"{prefix}_{base62(ms, TIME_DIGITS)}"


def secret(length: int) -> str:
    """Make a random base62 text for keys from the system's secure source."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
