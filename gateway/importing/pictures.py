"""A card travels in the text chunks of a PNG picture, as the PNG specification (third edition) has them."""

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator, Mapping

from gateway.importing.found import BYTES, ImportingError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORDS = (b"ccv3", b"chara")
"""The newer form stands before the older one."""
CHUNKS = 10_000
TEXT_BYTES = 8 << 20
"""Bytes of a text once it is unpacked."""


def card(picture: bytes) -> bytes:
    """Return the JSON of the card in the picture. Raises ImportingError."""
    texts: dict[bytes, tuple[bytes, bytes]] = {}
    for kind, data in _chunks(picture):
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            keyword, _, rest = data.partition(b"\0")
            if keyword.lower() in KEYWORDS:
                texts.setdefault(keyword.lower(), (kind, rest))
    for keyword in KEYWORDS:
        if keyword in texts:
            return _decoded(_unpacked(*texts[keyword]))
    raise ImportingError("The picture holds no card: it has no text `ccv3` or `chara`")


def with_card(picture: bytes, texts: Mapping[bytes, bytes]) -> bytes:
    """Return the picture with the card's JSON under these keywords, and no other. Raises ImportingError."""
    pieces = [SIGNATURE]
    for kind, data in _chunks(picture):
        is_card = kind in (b"tEXt", b"zTXt", b"iTXt") and data.partition(b"\0")[0].lower() in KEYWORDS
        if kind == b"IEND":
            pieces += [_chunk(b"tEXt", key + b"\0" + base64.b64encode(json)) for key, json in texts.items()]
        if not is_card:
            pieces.append(_chunk(kind, data))
    return b"".join(pieces)


def blank(width: int = 64, height: int = 96) -> bytes:
    """Make a picture of one colour, for a card that comes with none."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x4a\x5d\x6e" * width) * height
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks up to the picture's end. Raises ImportingError."""
    if not picture.startswith(SIGNATURE):
        raise ImportingError("This is no PNG picture")
    at = len(SIGNATURE)
    for _ in range(CHUNKS):
        if at + 12 > len(picture):
            break
        length, kind = struct.unpack_from(">I4s", picture, at)
        end = at + 12 + length
        if end > len(picture):
            break
        data = picture[at + 8 : end - 4]
        if zlib.crc32(kind + data) != struct.unpack_from(">I", picture, end - 4)[0]:
            raise ImportingError(f"The picture is damaged in its chunk at byte {at}")
        yield kind, data
        if kind == b"IEND":
            return
        at = end
    raise ImportingError("The picture is cut off, or has too many chunks")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _unpacked(kind: bytes, rest: bytes) -> bytes:
    """Return the text of a chunk behind its keyword. Raises ImportingError."""
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:])
    is_packed, rest = rest[:1] == b"\x01", rest[2:]
    _, _, rest = rest.partition(b"\0")
    _, _, text = rest.partition(b"\0")
    return _inflated(text) if is_packed else text


def _inflated(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, TEXT_BYTES)
    except zlib.error:
        raise ImportingError("The picture's card cannot be unpacked") from None
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise ImportingError(f"The picture's card is cut off, or larger than {TEXT_BYTES >> 20} MiB")
    return text


def _decoded(text: bytes) -> bytes:
    """Return the JSON, which is in base64 everywhere but in some texts of the newest form."""
    if text.lstrip()[:1] == b"{":
        return text
    try:
        json = base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ImportingError("The picture's card is no base64") from None
    if len(json) > BYTES:
        raise ImportingError(f"The picture's card is larger than {BYTES >> 20} MiB")
    return json
