"""A persona's id is written as a UUID and read back from one, so that nothing has to be kept of it."""

import re
from uuid import UUID

from gateway import ids

PREFIX = "psn_"
DIGITS = ids.TIME_DIGITS + ids.RANDOM_DIGITS
NATIVE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{DIGITS}}}")
LOW_BITS = 62
MIDDLE_BITS = 12
VERSION = 8
"""RFC 9562 leaves what a UUID of this version holds to whoever makes it."""
VARIANT = 0b10


def uuid_of(persona_id: str) -> str:
    """Write the id of a persona as a UUID; twenty digits of base62 fit into its 122 free bits."""
    number = 0
    for digit in persona_id.removeprefix(PREFIX):
        number = number * 62 + ids.ALPHABET.index(digit)
    low = number & ((1 << LOW_BITS) - 1)
    middle = number >> LOW_BITS & ((1 << MIDDLE_BITS) - 1)
    high = number >> (LOW_BITS + MIDDLE_BITS)
    return str(UUID(int=high << 80 | VERSION << 76 | middle << 64 | VARIANT << LOW_BITS | low))


def persona_of(text: str) -> str | None:
    """Read the id of a persona from its UUID, or as the native API writes it; `None` where it is neither."""
    if NATIVE.fullmatch(text):
        return text
    try:
        found = UUID(text)
    except ValueError:
        return None
    whole = found.int
    if whole >> 76 & 0xF != VERSION or whole >> LOW_BITS & 0b11 != VARIANT:
        return None
    low, middle, high = whole & ((1 << LOW_BITS) - 1), whole >> 64 & ((1 << MIDDLE_BITS) - 1), whole >> 80
    number = (high << MIDDLE_BITS | middle) << LOW_BITS | low
    return PREFIX + ids.base62(number, DIGITS) if number < 62**DIGITS else None
