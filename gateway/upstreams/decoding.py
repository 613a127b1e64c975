"""Bodies that come compressed, unpacked a bounded piece at a time."""

import zlib

PIECE = 64 * 1024
"""How much is unpacked at once."""
FREE = 4 * 1024 * 1024
"""So much may come of any packed body."""
RATIO = 200
"""How many times its size may come of a larger one; text hardly ever shrinks to a fiftieth."""
EITHER, GZIP, RAW = 47, 31, -15
"""What zlib calls the formats: gzip or deflate with a head, gzip, deflate without one."""
MAGIC = b"\x1f\x8b"
"""How a member of a gzip body begins."""
PACKED = frozenset({"gzip", "x-gzip", "deflate"})
PLAIN = frozenset({"", "identity"})


class PackedBodyError(Exception):
    """The body cannot be unpacked: it is broken, cut off, a bomb, or packed in a way nobody asked for."""


class Unpacking:
    """One body on its way: `feed` what has come, then `take` until that gives nothing.

    A gzip body may have several members (RFC 1952, 2.2), and `deflate` comes with zlib's head, as RFC 9110
    has it, as well as without. What stands behind the end is ignored, as browsers do.
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
        """Any other coding is one that cannot be unpacked, which the first byte shows."""
        self._is_known = coding in PACKED
        self._is_deflate = coding == "deflate"
        self._decoder: zlib._Decompress | None = None
        """`None` between two members."""
        self._rest = b""
        """What has come and was not unpacked yet."""
        self._has_more = False
        """Whether the decoder may give more although it has taken all in."""
        self._is_done = False
        """Whether the last member has ended, as far as that is known."""
        self._packed = self._unpacked = 0

    def feed(self, data: bytes) -> None:
        self._packed += len(data)
        self._rest += data

    def take(self) -> bytes:
        """The next piece; empty where more has to come. Raises PackedBodyError."""
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
        """Nothing more comes. Raises PackedBodyError unless the body is whole; an empty one is."""
        if self._packed and (self._decoder is not None or not self._is_done):
            raise PackedBodyError

    def _begin(self) -> "zlib._Decompress | None":
        """The decoder for what begins here; `None` where its first bytes do not tell yet, or nothing does."""
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
    """For upstreams that compress although they were asked not to; `None` where a body is plain."""
    codings = [coding for name in encoding.lower().split(",") if (coding := name.strip()) not in PLAIN]
    return Unpacking(",".join(codings)) if codings else None
