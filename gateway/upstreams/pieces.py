"""A large JSON body is kept in pieces, since to copy it together would hold up whoever else has to answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

SLICE = 256 * 1024
"""Bytes that are copied or sent at once."""

Piece = bytes | bytearray | memoryview | msgspec.Raw


class Pieces:
    """The body of a request; its large values stay where they are."""

    __slots__ = ("_size", "each")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.each: list[memoryview] = []
        self._size = 0
        small: list[Piece] = []
        taken = 0
        for piece in pieces:
            size = len(memoryview(piece))
            self._size += size
            if size <= SLICE:
                small.append(piece)
                taken += size
            if small and (size > SLICE or taken > SLICE):
                self.each.append(memoryview(b"".join(small)))
                small, taken = [], 0
            if size > SLICE:
                self.each.append(memoryview(piece))
        if small:
            self.each.append(memoryview(b"".join(small)))

    def __len__(self) -> int:
        return self._size

    def start(self, size: int) -> bytes:
        """Return the first bytes."""
        return b"".join([bytes(view[:size]) for view in self.each[:2]])[:size]

    def __bytes__(self) -> bytes:
        """Copy it together after all, slice by slice; the interpreter is let go for the last step."""
        views = self.each
        return b"".join([bytes(view[at : at + SLICE]) for view in views for at in range(0, len(view), SLICE)])


def of_object(fields: Mapping[str, Any]) -> Iterator[Piece]:
    """Yield the pieces of an object's JSON; its values are JSON, or objects and arrays of it."""
    start = b"{"
    for name, value in fields.items():
        yield start + msgspec.json.encode(name) + b":"
        yield from _of(value)
        start = b","
    yield b"}" if fields else b"{}"


def of_array(items: Sequence[Any]) -> Iterator[Piece]:
    """Yield the pieces of an array's JSON."""
    start = b"["
    for item in items:
        yield start
        yield from _of(item)
        start = b","
    yield b"]" if items else b"[]"


def _of(value: Any) -> Iterator[Piece]:
    if isinstance(value, msgspec.Raw):
        yield value
    elif isinstance(value, Mapping):
        yield from of_object(value)
    elif isinstance(value, list):
        yield from of_array(value)
    else:
        yield msgspec.json.encode(value)
