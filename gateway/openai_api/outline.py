"""Large JSON objects are read and edited without decoding them whole, which would hold the interpreter."""

import re
from typing import Self

import msgspec

LARGE = 1024 * 1024
"""Bytes from which on an answer is read like this, and in a thread."""
KEPT = 256 * 1024
"""Bytes that are kept of a long string, which is more than is scored of an answer."""
ESCAPE = 12
"""Bytes that the longest escape takes, a pair of surrogates."""
COLON = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")
INSIDE = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
"""Matches the inside of a string."""
STEP = 256 * 1024
"""Bytes that are looked at or copied at once."""
BLANK = b" \t\r\n"


class BrokenJSONError(Exception):
    """The bytes are no JSON object."""


class Outline:
    """Holds an object whose long strings are cut short, and where its members stand in the whole.

    No step of making it holds the interpreter for longer than a search through the bytes takes.
    """

    __slots__ = ("_members", "_whole", "long", "text")

    def __init__(
        self, whole: bytes, text: bytes, members: dict[str, tuple[int, int]], long: list[tuple[int, int]]
    ) -> None:
        self._whole = whole
        self.text = text
        """JSON of the same form, with the long strings cut short."""
        self._members = members
        """The places at which each value begins and ends."""
        self.long = long
        """The places at which each long string begins and ends, with its quotes."""

    @classmethod
    def of(cls, whole: bytes) -> Self:
        """Raises BrokenJSONError where it is surely no object; whether it is one, decoding `text` tells."""
        end = whole.rfind(b"}")
        if whole[:STEP].lstrip(BLANK)[:1] != b"{" or whole[end + 1 :].strip(BLANK):
            raise BrokenJSONError
        out: list[bytes] = []
        long: list[tuple[int, int]] = []
        keys: list[tuple[bytes, int, int]] = []
        at = kept_from = depth = 0
        while (start := whole.find(b'"', at)) >= 0:
            depth += _deeper(whole[at:start])
            at = _end_of_string(whole, start)
            if at - start > 2 * KEPT:
                out += (whole[kept_from : _safe_cut(whole, start)], b'"')
                kept_from = at
                long.append((start, at))
            elif depth == 1 and (colon := COLON.match(whole, at)):
                keys.append((whole[start:at], start, colon.end()))
        out.append(whole[kept_from:])
        starts = [start for _, start, _ in keys[1:]]
        members = {}
        for (name, _, value), limit in zip(keys, [*starts, end], strict=bool(keys)):
            members[_name(name)] = (value, _end_of_value(whole, value, limit, is_last=limit == end))
        return cls(whole, b"".join(out), members, long)

    def marked(self, mark: str) -> bytes:
        """Return JSON of the same form with `"{mark}0"`, `"{mark}1"` … in the place of the long strings."""
        out: list[bytes] = []
        at = 0
        for number, (start, end) in enumerate(self.long):
            out += (self._whole[at:start], f'"{mark}{number}"'.encode())
            at = end
        return b"".join([*out, self._whole[at:]])

    def with_keys(self, values: dict[str, bytes]) -> bytearray:
        """Set these keys to these JSON values; every other value stays byte for byte as it was."""
        members: dict[str, tuple[bytes, int, int]] = {
            name: (self._whole, start, end) for name, (start, end) in self._members.items()
        }
        members |= {name: (value, 0, len(value)) for name, value in values.items()}
        out = bytearray()
        for name, (source, start, end) in members.items():
            out += b"," if out else b"{"
            out += msgspec.json.encode(name) + b":"
            view = memoryview(source)
            for at in range(start, end, STEP):
                out += view[at : min(at + STEP, end)]
        out += b"}" if out else b"{}"
        return out


def _deeper(structure: bytes) -> int:
    """Count how much deeper the nesting is at the end of what stands between two strings."""
    opened = structure.count(b"{") + structure.count(b"[")
    return opened - structure.count(b"}") - structure.count(b"]")


def _end_of_string(whole: bytes, start: int) -> int:
    """Find the place after the quote that ends the string. Raises BrokenJSONError."""
    at = start + 1
    while found := INSIDE.match(whole, at, at + STEP):
        if found.end() == at:
            break
        at = found.end()
    # The end of a step may have cut an escape in two, so this looks once more.
    if whole[at : at + 1] != b'"':
        raise BrokenJSONError
    return at + 1


def _backslashes(whole: bytes, start: int, end: int) -> int:
    """Count the backslashes right before `end`."""
    size = 64
    while True:
        piece = whole[max(start, end - size) : end]
        count = len(piece) - len(piece.rstrip(b"\\"))
        if count < len(piece) or size > end - start:
            return count
        size *= 4


def _safe_cut(whole: bytes, start: int) -> int:
    """Find where to cut the string so that no escape is cut in two."""
    at = start + KEPT
    escape = whole.rfind(b"\\", at - ESCAPE, at)
    return at if escape < 0 else escape + 1 - _backslashes(whole, start, escape + 1)


def _end_of_value(whole: bytes, start: int, limit: int, *, is_last: bool) -> int:
    """Find the end of the value, before the comma and white space that stand between it and what follows."""
    end = limit
    while end > start and whole[end - 1 : end] in (b" ", b"\t", b"\r", b"\n"):
        end -= 1
    if not is_last:
        end -= whole[end - 1 : end] == b","
        while end > start and whole[end - 1 : end] in (b" ", b"\t", b"\r", b"\n"):
            end -= 1
    return end


def _name(key: bytes) -> str:
    """Decode the name of a member. Raises BrokenJSONError."""
    try:
        name: str = msgspec.json.decode(key, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BrokenJSONError from None
    return name
