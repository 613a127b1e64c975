"""Bodies that come compressed are unpacked a bounded piece at a time."""

import zlib

PIECE = 64 * 1024
"""Bytes that are unpacked at once."""
FREE = 4 * 1024 * 1024
"""Bytes that may come of any packed body."""
RATIO = 200
"""The most times its size that may come of a larger body; text hardly ever shrinks to a fiftieth."""
EITHER, GZIP, RAW = 47, 31, -15
"""zlib's numbers for the formats: gzip or deflate with a head, gzip, deflate without one."""
MAGIC = b"\x1f\x8b"
"""A member of a gzip body begins like this."""
PACKED = frozenset({"gzip", "x-gzip", "deflate"})
PLAIN = frozenset({"", "identity"})


class PackedBodyError(Exception):
    """The body cannot be unpacked: it is broken, cut off, a bomb, or packed in a way nobody asked for."""


class Unpacking:
    """Unpacks one body: `feed` what has come, then `take` until that gives nothing.

    A gzip body may have several members (RFC 1952, 2.2), and `deflate` comes with zlib's head, as RFC
    9110 says, as well as without. Bytes after the end are ignored, as browsers do.
    """

    __slots__ = (
        "_decoder",
        "_has_more",
        "_is_deflate",
        "_is_done",
        "_is_known",
        "_packed",
        "_rest",
        "_unpacked",
    )

    def __init__(self, coding: str) -> None:
        """A coding that is not known makes a body that cannot be unpacked, which its first byte shows."""
        self._is_known = coding in PACKED
        self._is_deflate = coding == "deflate"
        self._decoder: zlib._Decompress | None = None
        """The decoder of the current member; `None` between two members."""
        self._rest = b""
        """Bytes that have come and were not unpacked yet."""
        self._has_more = False
        """Tells whether the decoder may give more although it has taken all in."""
        self._is_done = False
        """Tells whether the last member has ended, as far as that is known."""
        self._packed = self._unpacked = 0

    def feed(self, data: bytes) -> None:
        self._packed += len(data)
        self._rest += data

    def take(self) -> bytes:
        """Unpack the next piece; it is empty where more has to come. Raises PackedBodyError."""
        if self._rest and not self._is_known:
            raise PackedBodyError
        while self._rest or self._has_more:
            decoder = self._decoder = self._decoder or self._begin()
            if decoder is None:
                break
            try:
                piece = decoder.decompress(self._rest, PIECE)
            except zlib.error:
                raise PackedBodyError from None
            self._rest, self._has_more = decoder.unconsumed_tail, len(piece) == PIECE
            if decoder.eof:
                self._decoder, self._rest = None, decoder.unused_data
                self._has_more, self._is_done = False, True
            self._unpacked += len(piece)
            if self._unpacked > max(FREE, RATIO * self._packed):
                raise PackedBodyError
            if piece:
                return piece
        return b""

    def finish(self) -> None:
        """Note that nothing more comes. Raises PackedBodyError unless the body is whole or empty."""
        if self._packed and (self._decoder is not None or not self._is_done):
            raise PackedBodyError

    def _begin(self) -> "zlib._Decompress | None":
        """Choose the decoder for these first bytes; `None` where they do not tell yet, or none fits."""
        rest = self._rest
        if len(rest) < len(MAGIC):
            return None
        if not self._is_done:
            has_head = rest[0] & 15 == 8 and int.from_bytes(rest[:2], "big") % 31 == 0
            is_raw = self._is_deflate and not has_head and not rest.startswith(MAGIC)
            return zlib.decompressobj(wbits=RAW if is_raw else EITHER)
        if rest.startswith(MAGIC) and not self._is_deflate:
            return zlib.decompressobj(wbits=GZIP)
        self._rest = b""
        return None


def unpacking(encoding: str) -> Unpacking | None:
    """Unpack for upstreams that compress although they were asked not to; `None` where a body is plain."""
    codings = [coding for name in encoding.lower().split(",") if (coding := name.strip()) not in PLAIN]
    return Unpacking(",".join(codings)) if codings else None
